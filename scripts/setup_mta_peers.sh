#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks what bench/mta compares with and asks, beside what setup_peers.sh unpacks: OpenSMTPD, an Unbound for the
# servers that do not resolve by themselves, and two mail filters. Downloaded and unpacked below build/peers, each with the libraries that this
# machine lacks; never installed, since that would start them here.
set -eu
cd "$(dirname "$0")/.."
scripts/setup_peers.sh
for package in opensmtpd unbound opendkim opendmarc; do
  into=$PWD/build/peers/$package
  [ ! -e "$into/complete" ] || continue
  rm -rf "$into"
  mkdir -p "$into/download"
  wanted=$({ echo "$package"; apt-get install -s -y --no-install-recommends "$package" | sed -n 's/^Inst \([^ ]*\).*/\1/p'; } | sort -u)
  # shellcheck disable=SC2086
  (cd "$into/download" && apt-get download -qq -o APT::Sandbox::User=root $wanted)
  for file in "$into"/download/*.deb; do dpkg -x "$file" "$into"; done
  # What a package has in /lib is looked for in /usr/lib here.
  if [ -d "$into/lib" ]; then cp -a "$into/lib/." "$into/usr/lib/"; fi
  find "$into" -perm /6000 -exec chmod ug-s {} +
  rm -r "$into/download"
  chmod 755 "$into"
  touch "$into/complete"
done
