# SPDX-License-Identifier: Apache-2.0
"""Part B: letters of 4 KiB for 500 domains go to 50 mail hosts with DANE, DNS caches cold. drain: a queue that is full
already; relay: taken and delivered at once."""
import subprocess
import time

from cgroup import Group
from measuring import Measurement, source, wait_for_quiet
from places import TOOLS
from servers.server import Mode
from world import DOMAINS, Sink

SIZE, PATIENCE = 4096, 120
LOAD = ["--domains", DOMAINS, "--size", SIZE, "--connections", 20, "--per-connection", 50]


def measure(server, names, relay):
    sink = Sink()
    count = server.drained
    server.start(Mode.RELAY if relay else Mode.KEEP)
    if not relay:
        taken = source(server, "--messages", count, *LOAD)["accepted"]
        server.arm()
    names.empty_cache_if_any()
    sink.ask("reset")
    wait_for_quiet(server.group)
    measurement = Measurement(server.group, names.resolver, names.authority, sink.group)
    began = time.monotonic()
    if relay:
        load = Group("source").spawn([TOOLS / "source", "--messages", count, *LOAD], stdout=subprocess.PIPE)
    else:
        server.release()
    seen = sink.wait_for(count if relay else taken, PATIENCE)
    (own, resolver, authority, sinking), other = measurement.end()
    if relay:
        load.terminate()
        load.communicate()
    time.sleep(1)  # a server may forget a letter a moment after its 250
    left = server.queued()
    server.stop()
    sink.process.terminate()
    sink.process.wait()
    delivered = seen["distinct"]
    each = 1e3 / max(1, delivered)
    return {"relay": relay, "letters": count, "delivered": delivered, "twice": seen["messages"] - delivered, "left": left,
            "rate": round(delivered / max(1e-9, seen["last"] - began), 1), "full": seen["full"], "resumed": seen["resumed"],
            "sessions": seen["sessions"], "hosts": seen["hosts"], "user_ms": round(own[0] * each, 3),
            "system_ms": round(own[1] * each, 3), "resolver_ms": round(sum(resolver) * each, 3),
            "authority_ms": round(sum(authority) * each, 3), "sink_ms": round(sum(sinking) * each, 3), "other_cores": other}
