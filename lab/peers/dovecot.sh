#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real Dovecot in the foreground: LMTP on the socket $LAB_DIRECTORY/lmtp and on $LAB_LMTP_PORT, IMAP inside TLS on
# $LAB_PORT. Its users are in $LAB_DIRECTORY/users (passwd-file), their Maildirs below $LAB_DIRECTORY/mail/DOMAIN/USER.
# Needs build/peers (scripts/setup_peers.sh). Runs as an ordinary user in any case. Dovecot looks for its parts below
# /usr, so a mount namespace of its own shows them there; nothing of it is seen, or changed, outside.
set -eu
: "${LAB_ADDRESS:?}" "${LAB_PORT:?}" "${LAB_LMTP_PORT:?}" "${LAB_CHAIN:?}" "${LAB_KEY:?}" "${LAB_DIRECTORY:?}"

root=${LAB_PEERS:-$(dirname "$0")/../../build/peers}/dovecot
if [ ! -x "$root/usr/sbin/dovecot" ]; then echo "there is no Dovecot: run scripts/setup_peers.sh" >&2; exit 69; fi
root=$(cd "$root" && pwd)

if [ "$(id -u)" = 0 ]; then user=nobody; else user=$(id -un); fi
group=$(id -gn "$user")
umask 077
mkdir -p "$LAB_DIRECTORY/run" "$LAB_DIRECTORY/state" "$LAB_DIRECTORY/mail"
cat > "$LAB_DIRECTORY/dovecot.conf" <<CONF
protocols = imap lmtp
base_dir = $LAB_DIRECTORY/run
state_dir = $LAB_DIRECTORY/state
log_path = $LAB_DIRECTORY/dovecot.log
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
first_valid_uid = 1
mail_location = maildir:$LAB_DIRECTORY/mail/%d/%n
mail_plugins = quota
recipient_delimiter = +
ssl = required
ssl_cert = <$LAB_CHAIN
ssl_key = <$LAB_KEY
ssl_client_ca_file = $LAB_CHAIN
auth_mechanisms = plain
stats_writer_socket_path =
passdb {
  driver = passwd-file
  args = $LAB_DIRECTORY/users
}
userdb {
  driver = passwd-file
  args = $LAB_DIRECTORY/users
  override_fields = uid=$user gid=$group home=$LAB_DIRECTORY/mail/%d/%n
}
plugin {
  quota = maildir:User quota
}
protocol lmtp {
  postmaster_address = postmaster@$LAB_ADDRESS
}
service lmtp {
  unix_listener $LAB_DIRECTORY/lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = $LAB_ADDRESS
    port = $LAB_LMTP_PORT
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = $LAB_ADDRESS
    port = $LAB_PORT
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
CONF
if [ "$user" = nobody ]; then chown -R "$user:$group" "$LAB_DIRECTORY"; fi

show="mount -t overlay overlay -o lowerdir=$root/usr:/usr /usr"
run="/usr/sbin/dovecot -F -c $LAB_DIRECTORY/dovecot.conf"
if [ "$(id -u)" = 0 ]; then
  become="setpriv --reuid=$user --regid=$group --clear-groups --bounding-set=-all"
else
  become="unshare --user --map-user=$(id -u) --map-group=$(id -g)"
fi
exec "$(dirname "$0")/../../scripts/own_mounts.py" sh -c "$show && exec $become $run"
