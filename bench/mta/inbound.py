# SPDX-License-Identifier: Apache-2.0
"""Part A: letters are taken, made durable and kept; nothing is delivered. Everything that was acknowledged must be in the
queue."""
import itertools
import time

from measuring import Measurement, source, wait_for_quiet
from servers.server import Mode

CASES = [{"size": size, "tls": tls, "connections": connections, "per_connection": per}
         for size, tls, connections, per in itertools.product((4096, 102400), (False, True), (20, 100), (1, 10))]
SETTLING = 0.2


def measure(server, case, seconds):
    words = ["--connections", case["connections"], "--size", case["size"], *(["--starttls"] if case["tls"] else [])]
    server.start(Mode.KEEP)
    # So that the processes exist that the server wants.
    source(server, "--messages", 3 * case["connections"], *words)
    before = server.queued()
    wait_for_quiet(server.group)
    measurement = Measurement(server.group)
    sent = source(server, "--milliseconds", int(1000 * seconds), "--per-connection", case["per_connection"], *words)
    ((user, system),), other = measurement.end()
    time.sleep(SETTLING)
    queued = server.queued() - before
    server.stop()
    each = 1e6 / max(1, sent["accepted"])
    return {**case, **sent, "queued": queued, "user_us": round(user * each), "system_us": round(system * each),
            "other_cores": other}
