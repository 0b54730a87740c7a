# SPDX-License-Identifier: Apache-2.0
"""An SMTP client that knows, for each letter, whether the server can have it and whether it said so."""
import re
import socket
import ssl
import time

IP_BIND_ADDRESS_NO_PORT = 24


class Gone(Exception):
    """The connection ended."""


class Client:
    def __init__(self, port, address="127.0.0.1", source=None, timeout=30):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        try:
            if source:
                # The port is chosen at connect(), by who is at the other end: else there are too few.
                self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                self.socket.bind((source, 0))
            self.socket.connect((address, port))
        except OSError as error:
            self.socket.close()
            raise Gone(str(error)) from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except OSError as error:
                raise Gone(str(error)) from error
            if not more:
                raise Gone("end of stream")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def reply(self):
        """Code and all lines."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return int(lines[-1][:3]), "\n".join(lines)

    def say(self, command, expect=None):
        self.send(command.encode() + b"\r\n")
        code, text = self.reply()
        if expect is not None and code != expect:
            raise Gone(f"{command}: {text}")
        return code, text

    def greet(self, tls=False):
        code, text = self.reply()
        if code != 220:
            raise Gone(text)
        text = self.say("EHLO client.test", 250)[1]
        if tls:
            self.say("STARTTLS", 220)
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
            text = self.say("EHLO client.test", 250)[1]
        return text

    def envelope(self, recipients, sender="sender@client.test"):
        """In one go. The first reply that is not 250, or 250."""
        self.send("".join([f"MAIL FROM:<{sender}> BODY=8BITMIME\r\n"] +
                          [f"RCPT TO:<{one}>\r\n" for one in recipients]).encode())
        return [self.reply() for _ in range(1 + len(recipients))]

    def send_letter(self, recipients, text, chunks=None, before_last=lambda: None):
        """The last reply. With BDAT where `chunks` has the sizes. `before_last`: called before anything is sent that
        makes the letter whole."""
        for code, reply in self.envelope(recipients):
            if code != 250:
                return code, reply
        if chunks is None:
            code, reply = self.say("DATA")
            if code != 354:
                return code, reply
            # RFC 5321 §4.5.2: a dot more where a line begins with one.
            stuffed = re.sub(rb"(?m)^\.", b"..", text)
            self.send(stuffed)
            before_last()
            self.send(b".\r\n")
            return self.reply()
        at = 0
        for size in chunks:
            if at + size >= len(text):
                break
            self.send(b"BDAT %d\r\n" % size + text[at:at + size])
            at += size
            code, reply = self.reply()
            if code != 250:
                return code, reply
        before_last()
        self.send(b"BDAT %d LAST\r\n" % (len(text) - at) + text[at:])
        return self.reply()


def until(holds, seconds, what):
    """For what has no line to wait for: asks again and again; `holds` itself is what takes time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
