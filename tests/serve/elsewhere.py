# SPDX-License-Identifier: Apache-2.0
"""The rest of the world for one test: names and a mail server that can be changed while a server sends to them. Names
end in .example: of .test, the resolver knows by itself that there is nothing."""

import os
import socket
import socketserver
import ssl
import struct
import tempfile
import threading


class Names:
    """A name server: `addresses` are A records, as they are now; every other question has no answer, unsigned."""

    TTL = 3600

    def __init__(self):
        self.addresses = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def down(self):
        # Wakes the thread up: closing alone does not.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))

    def _serve(self):
        while True:
            question, peer = self._socket.recvfrom(4096)
            if not question:
                self._socket.close()
                return
            self._socket.sendto(self._answer(question), peer)

    def _answer(self, query):
        """RFC 1035 §4.1: one question, and records whose name is the question's."""
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]])
            at += 1 + query[at]
        question = query[12:at + 5]
        name = b".".join(labels).decode().lower()
        kind, = struct.unpack("!H", question[-4:-2])
        found = [self.addresses[name]] if kind == 1 and name in self.addresses else []
        records = b"".join(struct.pack("!HHHIH4s", 0xC00C, 1, 1, self.TTL, 4, socket.inet_aton(each))
                           for each in found)
        # A response, authoritative, recursion available, no error.
        return query[:2] + struct.pack("!HHHHH", 0x8580, 1, len(found), 0, 0) + question + records


class Peer(socketserver.ThreadingTCPServer):
    """A mail server that takes everything into `letters` and closes after each; `starttls` while it is set."""

    daemon_threads = True

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), self.Session)
        self.port, self.letters, self.starttls = self.server_address[1], [], True
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def down(self):
        self.shutdown()
        self.server_close()

    def shutdown_request(self, request):
        # Around it there may be TLS by now: whoever serves it closes it.
        pass

    def handle_error(self, request, client_address):
        """Whoever sends goes when it likes; what came of that is for the tests to judge."""

    class Session(socketserver.StreamRequestHandler):
        def finish(self):
            super().finish()
            self.connection.close()

        def say(self, *lines):
            self.wfile.write(b"".join(line.encode() + b"\r\n" for line in lines))

        def handle(self):
            self.say("220 peer.example ESMTP")
            secured = False
            while line := self.rfile.readline():
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"EHLO":
                    self.say("250-peer.example", *(["250-STARTTLS"] if self.server.starttls and not secured else []),
                             "250 8BITMIME")
                elif verb == b"STARTTLS":
                    self.say("220 go on")
                    self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                    secured = True
                elif verb == b"DATA":
                    self.say("354 go on")
                    text = b""
                    while (line := self.rfile.readline()) != b".\r\n":
                        text += line
                    self.server.letters.append(text)
                    self.say("250 taken")
                    return
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")


class Later:
    """Days that pass at once for a server: give start() its `environment`, then say how many seconds."""

    def __init__(self):
        self._file = tempfile.NamedTemporaryFile()
        os.chmod(self._file.name, 0o644)
        self.seconds = 0
        self.environment = {"LD_PRELOAD": os.environ["POSTSEAL_LATER_CLOCK"], "LATER_FILE": self._file.name}

    @property
    def seconds(self):
        return self._seconds

    @seconds.setter
    def seconds(self, value):
        self._seconds = value
        self._file.seek(0)
        self._file.write(struct.pack("=q", value))
        self._file.flush()

    def down(self):
        self._file.close()
