#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A `postseal serve` ($POSTSEAL) as one of the lab's mail servers, for the domain whose "mx" it is: it resolves, validates
# and verifies in the lab's world as it would outside, and has one user, "user".
set -eu
: "${POSTSEAL:?}" "${LAB_ADDRESS:?}" "${LAB_PORT:?}" "${LAB_NAME:?}" "${LAB_CHAIN:?}" "${LAB_KEY:?}" "${LAB_DIRECTORY:?}"

world=$(dirname "$LAB_DIRECTORY")
cat > "$LAB_DIRECTORY/postseal.toml" <<CONFIG
ca_file = "$world/ca.pem"
[resolver]
mode = "iterate"
root = "127.53.0.1:53"
trust_anchor = "$world/names/root.key"
[delivery]
hostname = "$LAB_NAME"
[mta_sts]
private_addresses = true
timeout = "2s"
[server]
certificate = "$LAB_CHAIN"
key = "$LAB_KEY"
user = "root"
relay_networks = ["127.0.0.0/8"]
[store]
directory = "$LAB_DIRECTORY/store"
[admin]
socket = "$LAB_DIRECTORY/admin.sock"
[[listener]]
role = "relay"
address = "$LAB_ADDRESS"
port = $LAB_PORT
[[domain]]
name = "${LAB_NAME#mx.}"
users = ["user"]
CONFIG
exec "$POSTSEAL" serve --config "$LAB_DIRECTORY/postseal.toml"
