# SPDX-License-Identifier: Apache-2.0
"""A name server on loopback that knows TXT records and nothing else."""

import socket
import struct
import threading

TXT, NOERROR, NXDOMAIN = 16, 0, 3


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


class TextNames:
    def __init__(self):
        self.records = {}  # name: text
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def down(self):
        # A packet of no octets is the end.
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            packet, client = self.socket.recvfrom(65535)
            if not packet:
                return
            self.socket.sendto(self.answer(packet), client)

    def answer(self, packet):
        name, end = read_name(packet, 12)
        kind, _ = struct.unpack("!HH", packet[end:end + 4])
        question = packet[12:end + 4]
        known = [each for each in self.records if each == name or each.endswith("." + name)]
        answers = []
        if kind == TXT and name in self.records:
            text = self.records[name].encode()
            data = b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255] for i in range(0, len(text), 255))
            answers = [b"\xc0\x0c" + struct.pack("!HHIH", TXT, 1, 60, len(data)) + data]
        header = packet[:2] + struct.pack("!HHHHH", 0x8580 | (NOERROR if known else NXDOMAIN), 1, len(answers), 0, 0)
        return header + question + b"".join(answers)
