# SPDX-License-Identifier: Apache-2.0
"""The miniature internet: a signed root, "bench.", a zone for each of 50 mail hosts (MX, A, TLSA 3 1 1) and for each of
500 recipient domains, all P-256 and each a signed delegation of its own; and who answers for it.

All zones are on one authoritative server (Knot, 127.0.0.2). The peers ask an Unbound (127.0.0.1) that validates with the
same trust anchor as postseal, which asks the root itself. Mail host N has the address 127.10.0.(N+1).
"""
import datetime
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import signed_letters
from cgroup import Group
from places import HERE, TOOLS, WORLD

DOMAINS, HOSTS = 500, 50
NAMES = "127.0.0.2"
EDITION = f"2 {DOMAINS} {HOSTS}"  # what a kept world must be; a new layout takes a new number
VALID_DAYS = 60


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


# --- made once, outside ---

def make():
    stamp = WORLD / "complete"
    fresh = stamp.exists() and time.time() - stamp.stat().st_mtime < (VALID_DAYS - 10) * 86400
    if fresh and stamp.read_text() == EDITION:
        return
    shutil.rmtree(WORLD, ignore_errors=True)
    for folder in ("certificates", "zones"):
        (WORLD / folder).mkdir(parents=True)
    make_certificate("server", "mx.under-test.bench")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = list(pool.map(lambda n: make_certificate(f"mx{n}", f"mx.p{n}.bench"), range(HOSTS)))
        hosts = {f"p{n}.bench.": [f"mx.p{n}.bench. A 127.10.0.{n + 1}",
                                  f"_25._tcp.mx.p{n}.bench. TLSA 3 1 1 {digests[n]}"] for n in range(HOSTS)}
        domains = {f"d{n}.bench.": [f"d{n}.bench. MX 10 mx.p{n % HOSTS}.bench."] for n in range(DOMAINS)}
        leaves = {**hosts, **domains, f"{signed_letters.DOMAIN}.": signed_letters.records()}
        keys = list(pool.map(lambda zone: sign(zone, leaves[zone]), leaves))
    delegations = [f"{zone} NS ns.bench.\n{ds}" for zone, ds in zip(leaves, keys)]
    top = sign("bench.", [f"ns.bench. A {NAMES}", *delegations])
    anchor = sign(".", ["bench. NS ns.bench.", f"ns.bench. A {NAMES}", top])
    (WORLD / "root.key").write_text(anchor)
    (WORLD / "root.hints").write_text(f". 3600000 NS ns.bench.\nns.bench. 3600000 A {NAMES}\n")
    write_configurations([".", "bench.", *leaves])
    stamp.write_text(EDITION)


def make_certificate(name, host):
    """P-256, self-signed. The digest that DANE 3 1 1 publishes."""
    folder = WORLD / "certificates"
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", VALID_DAYS,
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", certificate])
    (folder / f"{name}.pem").write_text(certificate.read_text() + key.read_text())
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    return hashlib.sha256(public.stdout).hexdigest()


def file_of(zone):
    return zone.strip(".") or "root"


def sign(zone, records):
    """Writes the signed zone. Its DS record, for the zone above."""
    folder = WORLD / "zones"
    plain, signed = folder / f"{file_of(zone)}.plain", folder / f"{file_of(zone)}.zone"
    key = run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone], cwd=folder).strip()
    head = ["$TTL 3600", f"{zone} SOA ns.bench. host.bench. 1 3600 900 604800 300", f"{zone} NS ns.bench."]
    plain.write_text("\n".join([*head, *records, (folder / f"{key}.key").read_text()]) + "\n")
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = (f"{now + datetime.timedelta(days=days):%Y%m%d%H%M%S}" for days in (-1, VALID_DAYS))
    run(["ldns-signzone", "-i", begin, "-e", end, "-f", signed, "-o", zone, plain, folder / key])
    ds = run(["ldns-key2ds", "-n", "-2", folder / f"{key}.key"])
    for path in [plain, *folder.glob(f"{key}.*")]:
        path.unlink()
    return ds.strip()


def write_configurations(zones):
    lines = ["server:", '  rundir: "/run/knot"', f"  listen: {NAMES}@53", "  udp-workers: 1", "  tcp-workers: 1",
             "  background-workers: 1", "control:", '  listen: "/run/knot/knot.sock"', "log:", "  - target: stderr",
             "    any: warning", "database:", '  storage: "/run/knot/db"', "  journal-db-max-size: 16M",
             "  kasp-db-max-size: 16M", "  timer-db-max-size: 16M", "template:", "  - id: default",
             f'    storage: "{HERE}/world/zones"', "    semantic-checks: off", "    zonefile-load: whole",
             "    zonefile-sync: -1", "    journal-content: none", "zone:"]
    lines += [f'  - domain: "{zone}"\n    file: "{file_of(zone)}.zone"' for zone in zones]
    (WORLD / "knot.conf").write_text("\n".join(lines) + "\n")
    (WORLD / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1
  port: 53
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "/run/unbound"
  pidfile: ""
  use-syslog: no
  root-hints: "{HERE}/world/root.hints"
  trust-anchor-file: "{HERE}/world/root.key"
  do-not-query-localhost: no
  do-ip6: no
  access-control: 127.0.0.0/8 allow
  outgoing-range: 4096
  num-queries-per-thread: 2048
  module-config: "validator iterator"
remote-control:
  control-enable: no
""")


# --- run, inside ---

def wait_until(met, seconds, what):
    until = time.monotonic() + seconds
    while not met():
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: nothing after {seconds} s")
        time.sleep(0.02)


def answers(server, name):
    """It says NOERROR to a question for the MX of name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x0f\x00\x01"
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        try:
            asker.connect((server, 53))
            asker.send(question)
            reply = asker.recv(4096)
        except OSError:
            return False
    return reply[:2] == question[:2] and reply[3] & 0x0F == 0


class Names:
    """The authoritative server and, for those without one of their own, a validating resolver with a cold cache."""

    def __init__(self, with_resolver):
        self.authority, self.resolver = Group("authority"), Group("resolver")
        for folder in ("knot/db", "unbound"):
            Path("/run", folder).mkdir(parents=True, exist_ok=True)
        self.process = None
        self.authority.spawn(["knotd", "-c", HERE / "world/knot.conf"], stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(NAMES, f"d{DOMAINS - 1}.bench"), 20, "knotd")
        if with_resolver:
            self.empty_cache()

    def empty_cache(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.process = self.resolver.spawn(["unbound", "-d", "-c", HERE / "world/unbound.conf"], stderr=subprocess.DEVNULL)
        wait_until(lambda: answers("127.0.0.1", "localhost"), 20, "unbound")

    def empty_cache_if_any(self):
        if self.process:
            self.empty_cache()


class Sink:
    """The 50 mail hosts."""

    def __init__(self, shift=0):
        self.group = Group("sink")
        self.process = self.group.spawn([TOOLS / "sink", "--first", "127.10.0.1", "--count", HOSTS, "--shift", shift,
                                         "--certificates", HERE / "world/certificates"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask("stats")

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait_for(self, messages, seconds):
        until = time.monotonic() + seconds
        while (seen := self.ask("stats"))["distinct"] < messages and time.monotonic() < until:
            time.sleep(0.02)
        return seen
