# SPDX-License-Identifier: Apache-2.0
"""Letters that say which they are, and can be made again octet for octet from their number."""
import random
import re

POOL_OCTETS = 1 << 20
NAME = re.compile(rb"Message-ID: <([0-9]+)@client\.test>")
# What a server that delivers, or passes on, may put on top.
ADDED = re.compile(rb"(?:(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*)*")


def make_pool(seed):
    """Lines as the worst of letters have them: with dots in front, empty, long, 8-bit."""
    dice = random.Random(seed)
    pool = bytearray()
    while len(pool) < POOL_OCTETS:
        kind = dice.random()
        if kind < 0.1:
            line = b""
        elif kind < 0.25:
            line = b"." * dice.randint(1, 3) + dice.choice([b"", b"x"])
        elif kind < 0.3:
            line = bytes(dice.choices(range(0x80, 0x100), k=dice.randint(1, 998)))
        else:
            line = dice.randbytes(dice.randint(1, 499)).hex().encode()
        pool += line + b"\r\n"
    return bytes(pool)


class Letters:
    def __init__(self, seed):
        self.seed = seed
        self.pool = make_pool(seed)

    def text(self, number):
        """With CRLF. Body from one octet to 200 KiB, small ones more often."""
        dice = random.Random(f"{self.seed} {number}")
        size = int(2 ** dice.uniform(0, 17.64))
        at = dice.randrange(POOL_OCTETS - size)
        body = self.pool[at:at + size]
        # No half line end, in front or behind.
        if body.startswith(b"\n"):
            body = b"x" + body[1:]
        if body.endswith(b"\r"):
            body = body[:-1] + b"x"
        return (b"From: <sender@client.test>\r\nTo: <somebody@local.test>\r\n"
                b"Message-ID: <%d@client.test>\r\nSubject: letter %d\r\n\r\n" % (number, number)) + body + b"\r\n"

    @staticmethod
    def which(received):
        found = NAME.search(received[:65536])
        return int(found[1]) if found else None

    def is_whole(self, received, number):
        """Whether it is that letter octet for octet, below the fields of those who carried it. Line ends are LF in a
        Maildir and CRLF on the wire, all of one kind."""
        text = self.text(number)
        if b"\r\n" not in received[:200]:
            text = text.replace(b"\r\n", b"\n")
        if not received.endswith(text):
            return False
        on_top = received[:len(received) - len(text)].replace(b"\r\n", b"\n")
        return ADDED.fullmatch(on_top) is not None
