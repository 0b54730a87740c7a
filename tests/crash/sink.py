# SPDX-License-Identifier: Apache-2.0
"""A mail server that remembers what it was sent. One thread for each connection."""
import random
import socketserver
import threading
import time

from letters import Letters


class Copy:
    def __init__(self, at, whole):
        self.at, self.whole = at, whole


class Sink:
    """Copies of each letter, as they come. Now and then it says "later", as servers do."""

    def __init__(self, letters: Letters, seed=0, refusals=0.0):
        self.letters = letters
        self.refusals = refusals
        self.dice = random.Random(seed)
        self.copies = {}
        self.strange = 0
        self.lock = threading.Condition()
        self.closed = threading.Event()  # set: every recipient is told to come later
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                try:
                    sink.converse(self.rfile, self.wfile)
                except (OSError, ValueError):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def later(self):
        with self.lock:
            return self.closed.is_set() or self.dice.random() < self.refusals

    def converse(self, rfile, wfile):
        def say(line):
            wfile.write(line + b"\r\n")

        say(b"220 sink.test ESMTP")
        taken = 0
        while line := rfile.readline(4096):
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"):
                say(b"250-sink.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
            elif verb.startswith(b"RCPT"):
                refused = self.later()
                taken += not refused
                say(b"451 4.2.1 later" if refused else b"250 2.1.5 ok")
            elif verb == b"DATA" and taken == 0:
                say(b"503 5.5.1 to nobody?")
            elif verb == b"DATA":
                say(b"354 go on")
                text = self.read_text(rfile)
                if text is None:
                    return
                self.keep(text)
                taken = 0
                say(b"250 2.0.0 kept")
            elif verb.startswith(b"MAIL") or verb == b"RSET":
                taken = 0
                say(b"250 2.0.0 ok")
            elif verb == b"QUIT":
                say(b"221 2.0.0 bye")
                return
            else:
                say(b"250 2.0.0 ok")

    @staticmethod
    def read_text(rfile):
        lines = []
        while True:
            line = rfile.readline()
            if not line.endswith(b"\r\n"):
                return None  # the other side died
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    def keep(self, text):
        number = self.letters.which(text)
        with self.lock:
            if number is None:
                self.strange += 1
            else:
                whole = self.letters.is_whole(text, number)
                self.copies.setdefault(number, []).append(Copy(time.monotonic(), whole))
            self.lock.notify_all()
