# SPDX-License-Identifier: Apache-2.0
"""Part D: what this machine can do at the most, in the same run: the arithmetic of a TLS handshake on one core, and
synchronisations of the disk under the work folder."""
import os
import subprocess
import time

SECONDS = 1.0
PREALLOCATED = 64 << 20


def measure(folder):
    yield from handshake_arithmetic()
    for size, group in ((4096, 1), (4096, 32), (102400, 1), (102400, 16)):
        yield {"what": f"{size // 1024} KiB records, one fdatasync for {group}", "rate": round(record_rate(folder, size, group))}


def handshake_arithmetic():
    asked = ["openssl", "speed", "-mr", "-seconds", "1", "ecdsap256", "ecdhx25519"]
    rates = {}
    for line in subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split(":")
        # Operations a second, or seconds for each, by version.
        values = [value if value > 1 else 1 / value for value in map(float, fields[3:])] if fields[0] in ("+F4", "+F5") else []
        if fields[0] == "+F4" and fields[2] == "256":
            rates["P-256 sign"], rates["P-256 verify"] = values[:2]
        if fields[0] == "+F5" and fields[2] == "253":
            rates["X25519"] = values[0]
    for what, rate in rates.items():
        yield {"what": what, "rate": round(rate)}
    for side, operation in (("server", "P-256 sign"), ("client", "P-256 verify")):
        seconds = 2 / rates["X25519"] + 1 / rates[operation]
        yield {"what": f"full handshakes, {side}'s arithmetic alone, one core", "rate": round(1 / seconds)}


def record_rate(folder, size, group):
    path = folder / "limits.log"
    block = os.urandom(size * group)
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.posix_fallocate(file, 0, PREALLOCATED)
        for offset in range(0, PREALLOCATED, 1 << 20):
            os.pwrite(file, bytes(1 << 20), offset)
        os.fsync(file)
        records, offset, began = 0, 0, time.monotonic()
        while (passed := time.monotonic() - began) < SECONDS:
            os.pwrite(file, block, offset)
            os.fdatasync(file)
            offset = (offset + len(block)) % (PREALLOCATED - len(block))
            records += group
        return records / passed
    finally:
        os.close(file)
        path.unlink()
