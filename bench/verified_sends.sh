#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Verified sends per second beside the limit that this machine's handshake primitives set, in one run.
# One side of a TLS 1.3 handshake with P-256 certificates is, at the least: client two X25519 operations and one P-256
# verification; server two X25519 operations and one P-256 signature. Each side has a core here.
set -euo pipefail
bench=$(dirname "$0")/../build/bench/verified_sends_bench

openssl_rates() { openssl speed -mr -seconds 1 ecdsap256 ecdhx25519 2>/dev/null; }
sends=$("$bench" --benchmark_format=csv 2>/dev/null | grep '^"')
rates=$(openssl_rates)

SENDS=$sends RATES=$rates python3 - <<'PY'
import os
def seconds_per_operation(text):
    """openssl speed -mr prints operations per second, or seconds per operation for derivations, by version."""
    value = float(text)
    return 1 / value if value > 1 else value
sign = verify = derive = None
for line in os.environ["RATES"].splitlines():
    fields = line.split(":")
    if fields[0] == "+F4" and fields[2] == "256":
        sign, verify = seconds_per_operation(fields[3]), seconds_per_operation(fields[4])
    if fields[0] == "+F5" and fields[2] == "253":
        derive = seconds_per_operation(fields[3])
slower_side = max(2 * derive + verify, 2 * derive + sign)
limit = 1 / slower_side
print(f"P-256 sign {1/sign:,.0f}/s, verify {1/verify:,.0f}/s, X25519 {1/derive:,.0f}/s")
print(f"full handshakes at the most, one core each side: {limit:,.0f}/s\n")
print(f"{'verified sends':24} {'per second':>10} {'client CPU us':>14} {'of the limit':>13}")
for line in os.environ["SENDS"].splitlines():
    name, iterations, real, cpu, unit, _, items = line.split(",")[:7]
    rate = float(items)
    cpu_us = float(cpu) / 1000 * (1e9 / float(real)) / rate
    share = f"{rate / limit:.0%}" if "full" in name else ""
    print(f"{name.strip(chr(34)).split('/')[0]:24} {rate:10,.0f} {cpu_us:14,.0f} {share:>13}")
PY
