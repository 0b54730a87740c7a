# SPDX-License-Identifier: Apache-2.0
"""The mail server's side of the milter protocol, version 6: one connection, letter after letter. What Postfix and Sendmail
say to a filter, with as few answers as the filter asks for."""
import socket
import struct

VERSION, ALL_ACTIONS, ALL_STEPS = 6, 0x1FF, 0x1FFFFF
CHUNK = 65535
# Steps that a filter may do without, and those that it does not answer.
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT, NO_BODY, NO_HEADERS, NO_END_OF_HEADERS, NO_DATA = (
    0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x200)
SILENT_HEADER, SILENT_CONNECT, SILENT_HELO, SILENT_MAIL, SILENT_RCPT, SILENT_DATA, SILENT_END_OF_HEADERS, SILENT_BODY = (
    0x80, 0x1000, 0x2000, 0x4000, 0x8000, 0x10000, 0x40000, 0x80000)
CONTINUE, ACCEPT, SKIP, PROGRESS, ADD_HEADER, INSERT_HEADER = b"c", b"a", b"s", b"p", b"h", b"i"


def strings(*words):
    return b"".join(word.encode() + b"\0" for word in words)


class Milter:
    """One client, which stays connected over several letters."""

    def __init__(self, address, client, helo):
        self.socket = socket.create_connection(address, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        self.send(b"O", struct.pack("!III", VERSION, ALL_ACTIONS, ALL_STEPS))
        kind, options = self.receive()
        if kind != b"O":
            raise RuntimeError(f"the milter at {address} does not negotiate: {kind}")
        self.steps = struct.unpack("!I", options[8:12])[0]
        self.macros("C", "j", helo, "{daemon_name}", "bench")
        self.step(b"C", strings("client.bench") + b"4" + struct.pack("!H", 25) + strings(client), NO_CONNECT, SILENT_CONNECT)
        self.step(b"H", strings(helo), NO_HELO, SILENT_HELO)

    def close(self):
        self.send(b"Q")
        self.socket.close()

    def letter(self, number, sender, recipient, headers, body):
        """The header fields that it puts in: (name, value)."""
        self.macros("M", "i", f"queue{number}")
        self.step(b"M", strings(f"<{sender}>"), NO_MAIL, SILENT_MAIL)
        self.step(b"R", strings(f"<{recipient}>"), NO_RCPT, SILENT_RCPT)
        self.step(b"T", b"", NO_DATA, SILENT_DATA)
        for name, value in headers:
            self.step(b"L", strings(name, value), NO_HEADERS, SILENT_HEADER)
        self.step(b"N", b"", NO_END_OF_HEADERS, SILENT_END_OF_HEADERS)
        for begin in range(0, len(body), CHUNK):
            if self.step(b"B", body[begin:begin + CHUNK], NO_BODY, SILENT_BODY) == SKIP:
                break
        self.send(b"E")
        put_in = []
        while True:
            kind, data = self.receive()
            if kind in (CONTINUE, ACCEPT):
                return put_in
            if kind == PROGRESS:
                continue
            if kind in (ADD_HEADER, INSERT_HEADER):
                name, value, _ = (data[4:] if kind == INSERT_HEADER else data).split(b"\0")
                put_in.append((name.decode(), value.decode()))
            else:
                raise RuntimeError(f"the milter refused the letter: {kind} {data}")

    def macros(self, step, *words):
        self.send(b"D", step.encode() + strings(*words))

    def step(self, kind, data, unwanted, silent):
        if self.steps & unwanted:
            return CONTINUE
        self.send(kind, data)
        if self.steps & silent:
            return CONTINUE
        while True:
            answer, _ = self.receive()
            if answer == PROGRESS:
                continue
            if answer not in (CONTINUE, SKIP):
                raise RuntimeError(f"the milter answered {kind} with {answer}")
            return answer

    def send(self, kind, data=b""):
        self.pending += struct.pack("!I", len(data) + 1) + kind + data

    def receive(self):
        if self.pending:
            self.socket.sendall(self.pending)
            self.pending = b""
        size = struct.unpack("!I", self.exactly(4))[0]
        packet = self.exactly(size)
        return packet[:1], packet[1:]

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise RuntimeError("the milter closed the connection")
            data += more
        return data
