# SPDX-License-Identifier: Apache-2.0
"""Not a server but what none can be below: SMTP and OpenSSL's handshake in one thread, and nothing is kept or written."""
import json
import subprocess
from pathlib import Path

from places import HERE, TOOLS
from servers.server import ADDRESS, PORT, Server


class Floor(Server):
    name = "floor"
    spool = Path("/var/spool/floor")
    resolves_itself = True

    def launch(self, mode):
        self.process = self.group.spawn(
            [TOOLS / "sink", "--first", ADDRESS[0], "--port", PORT, "--certificates", HERE / "world/certificates"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def queued(self):
        """Taken, that is: there is no queue."""
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["messages"]
