# SPDX-License-Identifier: Apache-2.0
"""Part E: what 1,000 connections cost in memory that do nothing after EHLO, in the clear and in TLS."""
import json
import subprocess
import time

from cgroup import Group
from measuring import source
from places import TOOLS
from servers.server import Mode

CONNECTIONS = 1000
SETTLING = 1.0


def measure(server):
    for tls in (False, True):
        if tls and not server.starttls:
            continue
        words = ["--starttls"] if tls else []
        server.start(Mode.IDLE)
        source(server, "--messages", 20, "--connections", 4, "--size", 1000, *words)
        time.sleep(SETTLING)
        before = server.group.pss_kib()
        clients = Group("source").spawn([TOOLS / "source", "--idle", CONNECTIONS, "--stall-milliseconds",
                                         server.stall_milliseconds, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        opened = json.loads(clients.stdout.readline())
        time.sleep(SETTLING)
        after = server.group.pss_kib()
        processes = len(server.group.pids())
        clients.communicate()
        server.stop()
        yield {"tls": tls, "idle": opened["idle"], "errors": opened["errors"], "first_error": opened["first_error"],
               "kib_each": round((after - before) / max(1, opened["idle"]), 2), "total_kib": after, "processes": processes}
