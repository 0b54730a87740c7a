#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks a real Postfix, a real Exim and a real Dovecot below build/peers, for lab/worlds/peers.toml and
# tests/dovecot. As packages the first two exclude each other, and installing one would start a mail server on this
# machine: so they are downloaded and unpacked, never installed. Their libraries are installed as usual, which needs
# root; without root they must be there already.
set -eu
cd "$(dirname "$0")/.."
into=$PWD/build/peers
packages="postfix exim4-daemon-light exim4-base dovecot-core dovecot-imapd dovecot-lmtpd"

if [ "$(cat "$into/complete" 2>/dev/null)" = "$packages" ]; then exit 0; fi
mkdir -p "$into/download"
chmod 755 "$into"

if [ "$(id -u)" = 0 ]; then
  libraries=$(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
    $packages | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p' | sort -u)
  libraries="$libraries libnss-wrapper"  # shows Exim the user that its package would have made
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $libraries >/dev/null
fi

# shellcheck disable=SC2086
(cd "$into/download" && apt-get download -qq -o APT::Sandbox::User=root $packages)
for package in "$into"/download/postfix_*.deb; do dpkg -x "$package" "$into/postfix"; done
for package in "$into"/download/exim4-*.deb; do dpkg -x "$package" "$into/exim"; done
for package in "$into"/download/dovecot-*.deb; do dpkg -x "$package" "$into/dovecot"; done
# Run as root by the lab, they need not be setuid for anybody else.
find "$into" -perm /6000 -exec chmod ug-s {} +
rm -r "$into/download"
echo "$packages" > "$into/complete"
