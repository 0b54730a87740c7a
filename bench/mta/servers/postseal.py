# SPDX-License-Identifier: Apache-2.0
"""Ours. Letters are kept by `queue.connections = 0` and released by a reload."""
import http.client
import json
import signal
import socket
from pathlib import Path

from namespaces import HOSTNAME
from places import HERE, PROGRAM
from servers.server import ADDRESS, PORT, Mode, Server, write
from world import NAMES

CONFIGURATION = "/etc/postseal.toml"
ADMIN = "/run/postseal-admin.sock"


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


class Postseal(Server):
    name = "postseal"
    spool = Path("/var/spool/postseal")
    resolves_itself = True
    authentication = True  # in Mode.CHECK

    def launch(self, mode):
        self.spool.chmod(0o700)
        self.strangers = mode is Mode.CHECK
        self.configure(connections=500 if mode is Mode.RELAY else 0)
        self.process = self.spawn([PROGRAM, "serve", "--config", CONFIGURATION])

    def configure(self, connections):
        # Limits that are about one client are raised, since all load comes from one address.
        write(CONFIGURATION, f"""[delivery]
hostname = "{HOSTNAME}"
[resolver]
root = "{NAMES}:53"
trust_anchor = "{HERE}/world/root.key"
[server]
certificate = "{HERE}/world/certificates/server.crt"
key = "{HERE}/world/certificates/server.key"
user = "root"
{'' if self.strangers else 'relay_networks = ["127.0.0.0/8"]'}
graceful_stop = "1s"
[limits]
connections_per_address = 10000000
connections_per_network = 10000000
connection_rate = 10000000
recipient_rate = 10000000
[queue]
connections = {connections}
[store]
directory = "{self.spool}"
[admin]
socket = "{ADMIN}"
{self.for_strangers() if self.strangers else ''}
[[listener]]
role = "relay"
address = "{ADDRESS[0]}"
port = {PORT}
""")

    def for_strangers(self):
        return f"""[authentication]
enabled = {str(self.authentication).lower()}
[[domain]]
name = "d0.bench"
any_user = true
transport = "lmtp:/run/nobody-listens"
"""

    def release(self):
        self.configure(connections=500)
        self.process.send_signal(signal.SIGHUP)

    def queued(self):
        connection = UnixConnection(ADMIN, timeout=30)
        connection.request("GET", "/queue/stats")
        return json.load(connection.getresponse())["letters"]
