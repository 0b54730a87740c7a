# SPDX-License-Identifier: Apache-2.0
"""Before the outbound figures count: does the server really verify DANE in this world? Every mail host shows its
neighbour's certificate, so that no TLSA record matches, and nothing may arrive."""
from measuring import source
from servers.server import Mode
from world import DOMAINS, Sink

LETTERS, SECONDS = 50, 5


def measure(server):
    sink = Sink(shift=1)
    server.start(Mode.RELAY)
    source(server, "--messages", LETTERS, "--domains", DOMAINS, "--connections", 5, "--per-connection", 10)
    seen = sink.wait_for(1, SECONDS)
    queued = server.queued()
    server.stop()
    return {"letters": LETTERS, "delivered": seen["distinct"], "sessions": seen["sessions"], "queued": queued}
