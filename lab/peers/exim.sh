#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real Exim in the foreground as one of the lab's mail servers: takes every recipient, delivers to the Maildir
# $LAB_DIRECTORY/received. Needs root (for port 25 and Exim's own user) and either build/peers (scripts/setup_peers.sh)
# or an installed Exim; neither /etc/exim4 nor /var/spool/exim4 is touched.
# $LAB_EXIM_SETTINGS, $LAB_EXIM_ROUTERS (they come first) and $LAB_EXIM_TRANSPORTS: more lines for those parts.
set -eu
: "${LAB_ADDRESS:?}" "${LAB_PORT:?}" "${LAB_NAME:?}" "${LAB_CHAIN:?}" "${LAB_KEY:?}" "${LAB_DIRECTORY:?}"

if [ "$(id -u)" != 0 ]; then echo "Exim needs root: run the lab as root" >&2; exit 77; fi

# Debian's Exim insists on the user Debian-exim. Where the package is not installed, nss_wrapper shows that user to this
# Exim alone; nothing on the machine changes, and it works in a chroot or container too.
user=Debian-exim
mkdir -p "$LAB_DIRECTORY"
if ! id "$user" >/dev/null 2>&1; then
  wrapper=$(find /usr/lib -name libnss_wrapper.so 2>/dev/null | head -n 1)
  if [ -z "$wrapper" ]; then echo "there is no libnss_wrapper.so: run scripts/setup_peers.sh" >&2; exit 69; fi
  { cat /etc/passwd; echo "$user:x:8:8::/nonexistent:/usr/sbin/nologin"; } > "$LAB_DIRECTORY/passwd"
  { cat /etc/group; echo "$user:x:8:"; } > "$LAB_DIRECTORY/group"
  export LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD="$LAB_DIRECTORY/passwd" NSS_WRAPPER_GROUP="$LAB_DIRECTORY/group"
fi

exim=${LAB_PEERS:-$(dirname "$0")/../../build/peers}/exim/usr/sbin/exim4
if [ -x "$exim" ]; then
  exim=$(cd "$(dirname "$exim")" && pwd)/exim4
elif [ -x /usr/sbin/exim4 ]; then
  exim=/usr/sbin/exim4
else
  echo "there is no Exim: run scripts/setup_peers.sh" >&2; exit 69
fi

umask 022
mkdir -p "$LAB_DIRECTORY/spool" "$LAB_DIRECTORY/received"
cp "$LAB_CHAIN" "$LAB_DIRECTORY/exim-chain.pem"
cp "$LAB_KEY" "$LAB_DIRECTORY/exim-key.pem"
chmod 600 "$LAB_DIRECTORY/exim-chain.pem" "$LAB_DIRECTORY/exim-key.pem"
chown Debian-exim "$LAB_DIRECTORY/spool" "$LAB_DIRECTORY/received" \
  "$LAB_DIRECTORY/exim-chain.pem" "$LAB_DIRECTORY/exim-key.pem"

cat > "$LAB_DIRECTORY/exim.conf" <<CONFIG
primary_hostname = $LAB_NAME
local_interfaces = $LAB_ADDRESS
daemon_smtp_ports = $LAB_PORT
spool_directory = $LAB_DIRECTORY/spool
log_file_path = $LAB_DIRECTORY/spool/%slog
pid_file_path = $LAB_DIRECTORY/spool/exim.pid
deliver_drop_privilege = true
rfc1413_hosts =
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
host_lookup =
tls_advertise_hosts = *
tls_certificate = $LAB_DIRECTORY/exim-chain.pem
tls_privatekey = $LAB_DIRECTORY/exim-key.pem
acl_smtp_rcpt = take
acl_smtp_data = take
${LAB_EXIM_SETTINGS:-}
begin acl
take:
  accept
begin routers
${LAB_EXIM_ROUTERS:-}
everybody:
  driver = accept
  transport = maildir
begin transports
${LAB_EXIM_TRANSPORTS:-}
maildir:
  driver = appendfile
  directory = $LAB_DIRECTORY/received
  maildir_format
  create_directory
  envelope_to_add
  user = Debian-exim
begin retry
*  *  F,1h,1m
CONFIG
chmod 644 "$LAB_DIRECTORY/exim.conf"
exec "$exim" -C "$LAB_DIRECTORY/exim.conf" -bdf -q1m
