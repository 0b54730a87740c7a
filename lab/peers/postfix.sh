#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real Postfix in the foreground as one of the lab's mail servers: takes every recipient, delivers to the Maildir
# $LAB_DIRECTORY/received. Needs root (Postfix insists) and either build/peers (scripts/setup_peers.sh) or an installed
# Postfix; neither /etc/postfix nor /var/spool/postfix is touched. $LAB_POSTFIX_SETTINGS: more lines for main.cf, which
# count more than those here.
set -eu
: "${LAB_ADDRESS:?}" "${LAB_PORT:?}" "${LAB_NAME:?}" "${LAB_CHAIN:?}" "${LAB_KEY:?}" "${LAB_DIRECTORY:?}"

if [ "$(id -u)" != 0 ]; then echo "Postfix needs root: run the lab as root" >&2; exit 77; fi

root=${LAB_PEERS:-$(dirname "$0")/../../build/peers}/postfix
if [ -x "$root/usr/lib/postfix/sbin/master" ]; then
  root=$(cd "$root" && pwd)
elif [ -x /usr/lib/postfix/sbin/master ]; then
  root=
else
  echo "there is no Postfix: run scripts/setup_peers.sh" >&2; exit 69
fi
LD_LIBRARY_PATH=$root/usr/lib/postfix
MAIL_CONFIG=$LAB_DIRECTORY/etc
export LD_LIBRARY_PATH MAIL_CONFIG

# Users that every Debian has: Postfix wants its own to be neither root nor shared with the unprivileged one.
owner=mail group=operator
queue=$LAB_DIRECTORY/queue
umask 022
mkdir -p "$MAIL_CONFIG" "$queue" "$LAB_DIRECTORY/data" "$LAB_DIRECTORY/received"
for part in active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace; do
  mkdir -p "$queue/$part"
  case $part in
    pid) ;;
    maildrop) chown $owner:$group "$queue/$part"; chmod 730 "$queue/$part";;
    public) chown $owner:$group "$queue/$part"; chmod 710 "$queue/$part";;
    *) chown $owner "$queue/$part"; chmod 700 "$queue/$part";;
  esac
done
chown $owner "$LAB_DIRECTORY/data" "$LAB_DIRECTORY/received"
cat "$LAB_KEY" "$LAB_CHAIN" > "$MAIL_CONFIG/chain.pem"
chmod 600 "$MAIL_CONFIG/chain.pem"

cat > "$MAIL_CONFIG/main.cf" <<CONFIG
compatibility_level = 3.6
myhostname = $LAB_NAME
inet_interfaces = all
inet_protocols = ipv4
queue_directory = $queue
data_directory = $LAB_DIRECTORY/data
daemon_directory = $root/usr/lib/postfix/sbin
command_directory = $root/usr/sbin
shlib_directory = $root/usr/lib/postfix
meta_directory = $MAIL_CONFIG
sendmail_path = $root/usr/sbin/sendmail
mail_owner = $owner
setgid_group = $group
import_environment = MAIL_CONFIG LD_LIBRARY_PATH TZ LANG=C
maillog_file = $LAB_DIRECTORY/maillog
maillog_file_prefixes = $LAB_DIRECTORY
mydestination =
mynetworks =
alias_maps =
alias_database =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:received/
virtual_mailbox_base = $LAB_DIRECTORY
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u $owner)
virtual_gid_maps = static:$(id -g $owner)
smtpd_recipient_restrictions = permit
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = $MAIL_CONFIG/chain.pem
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
${LAB_POSTFIX_SETTINGS:-}
CONFIG
: > "$MAIL_CONFIG/dynamicmaps.cf"
cat > "$MAIL_CONFIG/master.cf" <<CONFIG
$LAB_ADDRESS:$LAB_PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CONFIG
exec "$root/usr/lib/postfix/sbin/master" -d -c "$MAIL_CONFIG"
