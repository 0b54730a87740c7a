#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""postseal serve beside the Postfix, Exim and OpenSMTPD of Debian, in one run: ./dev bench mta. README.md says how and why.

  run.py [mta | mta-inbound | mta-outbound | mta-idle | mta-limits | mta-authenticate]

In the environment: RUNS=N rounds (1), MTA_SERVERS="postseal postfix" only these, MTA_CASES="STARTTLS 20/1, plain"
only inbound cases with all words of one of these in their titles, MTA_SECONDS=S for each inbound case (2), MTA_QUIET_SECONDS=S to
wait at most for a quiet machine before each case (2).
"""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import authenticate
import idle
import inbound
import limits
import namespaces
import outbound
import proof
import report
import world
from cgroup import TOP, Group
from places import PROGRAM, RESULTS, ROOT, TOOLS, WORK
from servers.exim import Exim
from servers.floor import Floor
from servers.milters import Milters
from servers.opensmtpd import OpenSmtpd
from servers.postfix import Postfix, PostfixTuned
from servers.postseal import Postseal

SERVERS = {server.name: server for server in (Postseal, Postfix, PostfixTuned, Exim, OpenSmtpd, Floor, Milters)}
# Tuning for many destinations changes nothing where nothing is delivered.
PARTS = {
    "limits": ["postseal"],
    "inbound": ["postseal", "postfix", "exim", "opensmtpd", "floor"],
    "proof": ["postseal", "postfix", "exim"],
    "outbound": ["postseal", "postfix", "postfix-tuned", "exim", "opensmtpd"],
    "relay": ["postseal", "postfix"],
    "idle": ["postseal", "postfix", "exim", "opensmtpd"],
    "authenticate": ["postseal", Milters.name],
}


def main(wanted):
    if os.geteuid() != 0:
        sys.exit("bench/mta: only root can make namespaces and start the servers; run it as root")
    if not PROGRAM.exists():
        sys.exit(f"bench/mta: {PROGRAM} is not there; ./dev bench mta builds it")
    part = wanted.removeprefix("mta").lstrip("-")
    parts = {"": list(PARTS), "outbound": ["proof", "outbound", "relay"]}.get(part, [part])
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"bench/mta: there is no {unknown.pop()}; there are: {' '.join(PARTS)}")
    chosen = os.environ.get("MTA_SERVERS", " ".join(SERVERS)).split()
    WORK.mkdir(parents=True, exist_ok=True)
    WORK.chmod(0o755)
    subprocess.run([ROOT / "scripts/setup_mta_peers.sh"], check=True)
    build_tools()
    world.make()
    RESULTS.unlink(missing_ok=True)
    for turn in range(int(os.environ.get("RUNS", "1"))):
        for part, case, server in order(parts, chosen, turn):
            what = f"{part}, {report.title(case)}" if case else part
            print(f"== {what}, {server}, round {turn + 1}", file=sys.stderr)
            inside = namespaces.unshare([sys.executable, "-B", __file__, "--inside", part, server, json.dumps(case)])
            environment = {**os.environ, "MTA_ROUND": str(turn + 1)}
            if subprocess.run(inside, env=environment, preexec_fn=end_with_parent).returncode != 0:
                print(f"== {what}, {server}: failed, see above", file=sys.stderr)
    shutil.rmtree(WORK / "var", ignore_errors=True)
    for folder in TOP.iterdir():
        if folder.is_dir():
            folder.rmdir()
    report.show(RESULTS)


def order(parts, chosen, turn):
    """What is measured one after the other. All servers have a case within seconds of each other, since a machine that is
    shared is at times a quarter slower than minutes before; and no server is always the first."""
    for part in parts:
        servers = [name for name in PARTS[part] if name in chosen]
        for number, case in enumerate(wanted_cases() if part == "inbound" else [{}], start=turn):
            first = number % max(1, len(servers))
            for server in servers[first:] + servers[:first]:
                if SERVERS[server].starttls or not case.get("tls"):
                    yield part, case, server


def wanted_cases():
    asked = [set(words.split()) for words in os.environ.get("MTA_CASES", "").split(",")]
    wanted = [case for case in inbound.CASES if any(words <= set(report.title(case).split()) for words in asked)]
    if not wanted:
        sys.exit("bench/mta: MTA_CASES fits no case; there are: " + ", ".join(map(report.title, inbound.CASES)))
    return wanted


def end_with_parent():
    """However we end, no server stays behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def build_tools():
    TOOLS.mkdir(exist_ok=True)
    folder = Path(__file__).parent
    newest = max(path.stat().st_mtime for path in [*folder.glob("*.cc"), *folder.glob("*.h")])
    for tool in ("source", "sink", "syslog_file"):
        made = TOOLS / tool
        if not made.exists() or made.stat().st_mtime < newest:
            subprocess.run(["clang++-19", "-std=c++23", "-O2", "-o", made, folder / f"{tool}.cc", "-lfmt", "-lssl", "-lcrypto"],
                           check=True)


def inside(part, name, case):
    """In namespaces of its own, which end with us."""
    kind = SERVERS[name]
    peers = [] if kind.resolves_itself else ["unbound"]
    namespaces.enter([*kind.packages, *peers], name)
    Group("syslog").spawn([TOOLS / "syslog_file", "/dev/log", f"/run/{name}.syslog"])
    server = kind()
    try:
        for figures in measure(part, server, case):
            line = {"part": part, "server": name, "round": int(os.environ["MTA_ROUND"]), **figures}
            print(json.dumps(line), file=sys.stderr)
            with RESULTS.open("a") as results:
                results.write(json.dumps(line) + "\n")
    except Exception:
        for log in (server.log, Path(f"/run/{name}.syslog")):
            if log.exists():
                print(log.read_text()[-2000:], file=sys.stderr)
        raise


def measure(part, server, case):
    if part == "limits":
        yield from limits.measure(WORK)
        return
    names = world.Names(with_resolver=not server.resolves_itself)
    if part == "inbound":
        yield inbound.measure(server, case, float(os.environ.get("MTA_SECONDS", "2")))
    elif part == "authenticate":
        yield from authenticate.measure(server, float(os.environ.get("MTA_SECONDS", "2")))
    elif part == "idle":
        yield from idle.measure(server)
    elif part == "proof":
        yield proof.measure(server)
    else:
        yield outbound.measure(server, names, relay=part == "relay")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else "mta")
