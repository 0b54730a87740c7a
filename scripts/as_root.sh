#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# as_root.sh COMMAND...: runs a test that needs root; through sudo when we are somebody else.
set -euo pipefail
[ "$(id -u)" -ne 0 ] || exec "$@"
command -v sudo >/dev/null || { echo "as_root.sh: this test needs root, and there is no sudo: $*" >&2; exit 1; }
exec sudo "$@"
