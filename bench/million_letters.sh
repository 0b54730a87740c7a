#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A queue of a million letters in the server as a whole: memory while it fills, and how long it takes from its start
# until it is ready again, after an orderly end and after kill -9. LETTERS=100000 for a smaller one, DOMAINS=20000,
# OCTETS=1000 of each body. `./dev bench million`; needs a few GiB of disk and, for a million, some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/build/bench/million
rm -rf "$work"
mkdir -p -m 700 "$work"
clang++-19 -std=c++23 -O2 -o "$work/source" bench/mta/source.cc -lfmt -lssl -lcrypto

WORK=$work PROGRAM=${POSTSEAL_PROGRAM:-$PWD/build/bench/postseal} exec python3 - <<'PY'
import json, os, shutil, signal, socket, subprocess, time
from pathlib import Path

work, program = Path(os.environ["WORK"]), os.environ["PROGRAM"]
letters = int(os.environ.get("LETTERS", 1_000_000))
domains, octets = int(os.environ.get("DOMAINS", 20_000)), int(os.environ.get("OCTETS", 1000))
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

(work / "postseal.toml").write_text(f"""[delivery]
hostname = "mail.bench"
[resolver]
mode = "forward:127.0.0.1:9"
trust_anchor = "none"
[server]
user = "root"
relay_networks = ["127.0.0.0/8"]
graceful_stop = "1s"
[limits]
connections_per_address = 10000000
connections_per_network = 10000000
connection_rate = 10000000
recipient_rate = 10000000
[queue]
connections = 0
[store]
directory = "{work}/store"
[admin]
socket = ""
[log]
format = "json"
level = "error"
[[listener]]
role = "relay"
address = "127.0.0.1"
port = {port}
""")


class Server:
    """Ready when it tells the service manager so: then it takes connections."""

    def __init__(self):
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = work / "notify"
        path.unlink(missing_ok=True)
        told.bind(str(path))
        told.settimeout(300)
        began = time.monotonic()
        self.process = subprocess.Popen([program, "serve", "--config", str(work / "postseal.toml")],
                                        env={**os.environ, "NOTIFY_SOCKET": str(path)})
        while b"READY=1" not in told.recv(4096):
            pass
        self.seconds_to_ready = time.monotonic() - began
        told.close()

    def mib(self):
        """Resident, and of that what is its own: the rest are mapped files, which the kernel takes back at will."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        return [int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")]

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, how):
        self.process.send_signal(how)
        began = time.monotonic()
        self.process.wait()
        return time.monotonic() - began


def row(what, server, seconds):
    resident, own, most = server.mib()
    print(f"| {what} | {seconds:,.1f} | {server.cpu_seconds():,.1f} | {resident:,.0f} | {own:,.0f} | {most:,.0f} |", flush=True)


print(f"{letters:,} letters of {octets:,} octets to {domains:,} domains\n")
print("| | seconds | CPU s since the start | MiB resident | its own | at most |\n|---|---|---|---|---|---|")
server = Server()
row("empty, ready", server, server.seconds_to_ready)
filled = subprocess.run([work / "source", "--port", str(port), "--messages", str(letters), "--connections", "100",
                         "--per-connection", "1000", "--size", str(octets), "--domains", str(domains)],
                        capture_output=True, text=True, check=True, timeout=3600)
taken = json.loads(filled.stdout)
if taken["accepted"] != letters or taken["errors"]:
    raise SystemExit(f"not every letter was taken: {taken}")
row(f"all taken, {taken['rate']:,.0f} per second", server, taken["seconds"])
for what, how in (("an orderly end", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
    ending = server.end(how)
    server = Server()
    row(f"ready again after {what} ({ending:.1f} s)", server, server.seconds_to_ready)
server.end(signal.SIGTERM)
size = sum(file.stat().st_blocks for file in (work / "store").rglob("*") if file.is_file()) * 512
print(f"\nOn disk: {size / 2**20:,.0f} MiB, {size / letters:,.0f} octets for each letter.")
shutil.rmtree(work)
PY
