# SPDX-License-Identifier: Apache-2.0
"""Chains that python3-dkim and postseal seal in turn, in every order, over generated letters: each validates what the
other made, and finds out what was changed. The seed is printed; SEED=N plays it again."""

import base64
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

import dkim

from text_names import TextNames

POSTSEAL = os.environ["POSTSEAL"]
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
LETTERS = 60
MOST_HOPS = 4


def run(*arguments, message=None):
    ran = subprocess.run([POSTSEAL, *arguments], input=message, capture_output=True, timeout=60)
    return ran.returncode, ran.stdout, ran.stderr.decode()


def random_word(chance):
    return "".join(chance.choice("abcdefgxyz0189-+=;:!?") for _ in range(chance.randint(1, 12)))


def random_words(chance, blank=" "):
    return "".join(random_word(chance) + blank * chance.randint(1, 3) for _ in range(chance.randint(0, 9)))


def random_letter(chance):
    """Folds, blanks of all kinds, empty lines at the end or none, octets above 127."""
    fields = ["From: Jane <jane@example.org>", "To: joe@example.net", "Date: Thu, 14 Jan 2015 15:00:01 -0800",
              "Subject: " + random_words(chance) + "\r\n\t" + random_word(chance), "MIME-Version: 1.0",
              "Message-ID: <%d@example.org>" % chance.randrange(10 ** 9), "X-Odd:" + random_words(chance, "\t"),
              "Received: by x.example;\r\n Thu, 14 Jan 2015 15:00:01 -0800"]
    chance.shuffle(fields)
    lines = [random_words(chance) + chance.choice(["", " ", "\t "]) for _ in range(chance.randint(0, 12))]
    body = "".join(line + "\r\n" for line in lines) + chance.choice(["", "\r\n", "\r\n\r\n", "gr\u00fc\u00dfe"])
    return ("\r\n".join(fields) + "\r\n\r\n" + body).encode()


class Hop:
    """Somebody who seals, with a key of his own."""

    def __init__(self, number, names, folder):
        self.domain, self.selector = "hop%d.example" % number, "arc"
        self.pem = folder / (self.domain + ".pem")
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.pem, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", self.pem, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        names.records[f"{self.selector}._domainkey.{self.domain}"] = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()

    def receive(self, letter, cv):
        """What a server of this domain found out, as its own field."""
        return b"Authentication-Results: %s; arc=%s;\r\n spf=pass smtp.mailfrom=jane@example.org\r\n" % (
            self.domain.encode(), cv) + letter


class Arc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.chance = random.Random(SEED)
        cls.folder = tempfile.TemporaryDirectory()
        cls.names = TextNames()
        # Nothing there is signed.
        cls.dns = ["--resolver", cls.names.address, "--trust-anchor", "none"]
        cls.hops = [Hop(i, cls.names, pathlib.Path(cls.folder.name)) for i in range(MOST_HOPS)]

    @classmethod
    def tearDownClass(cls):
        cls.names.down()
        cls.folder.cleanup()

    # The other implementation.

    def look_up(self, name, **_):
        text = self.names.records.get(name.decode().rstrip("."))
        return text.encode() if text else None

    def their_verdict(self, letter):
        try:
            cv, _, reason = dkim.arc_verify(letter, dnsfunc=self.look_up)
        except (IndexError, ValueError) as error:
            # How it says that a set is not whole, or that base64 is none.
            return "fail", str(error)
        return (cv or b"none").decode(), reason

    def seal_theirs(self, hop, letter):
        fields = dkim.arc_sign(letter, hop.selector.encode(), hop.domain.encode(), hop.pem.read_bytes(),
                               hop.domain.encode())
        return b"".join(fields) + letter

    # Ours.

    def our_verdict(self, letter):
        code, out, err = run("arc", "verify", "--json", *self.dns, "-", message=letter)
        verdict = json.loads(out)
        self.assertEqual(code, 0 if verdict["result"] == "pass" else 1, err)
        return verdict

    def seal_ours(self, hop, letter):
        code, out, err = run("arc", "seal", "--domain", hop.domain, "--selector", hop.selector, "--key", str(hop.pem),
                             "--srv-id", hop.domain, *self.dns, "-", message=letter)
        self.assertEqual(code, 0, err)
        self.assertTrue(out.endswith(letter))
        return out

    def chain(self, sealers):
        letter, cv = random_letter(self.chance), b"none"
        for hop, seal in zip(self.hops, sealers):
            letter, cv = seal(hop, hop.receive(letter, cv)), b"pass"
        return letter

    def chains(self):
        """Each order of sealers, again and again."""
        for number in range(LETTERS):
            hops = 1 + number % MOST_HOPS
            pattern = number // MOST_HOPS
            yield number, self.chain([self.seal_ours if pattern >> i & 1 else self.seal_theirs for i in range(hops)])

    def test_chains_of_both_are_validated_by_both(self):
        for number, letter in self.chains():
            with self.subTest(number=number, seed=SEED):
                verdict = self.our_verdict(letter)
                self.assertEqual(verdict["result"], "pass", verdict["reason"])
                self.assertEqual(self.their_verdict(letter)[0], "pass", letter)
                self.assertEqual(verdict["oldest_pass"], 0)

    def test_what_was_changed_is_found_out_by_both(self):
        changes = [(rb"spf=pass", b"spf=fail"), (rb"From: Jane", b"From: Joan"), (rb"cv=none", b"cv=pass"),
                   (rb"\r\n\r\n", b"\r\n\r\nmore"), (rb"(?i)arc-seal:", b"X-Seal:"), (rb"bh=.", b"bh=!")]
        for number in range(LETTERS // 2):
            letter = self.chain([self.chance.choice([self.seal_ours, self.seal_theirs])
                                 for _ in range(1 + number % MOST_HOPS)])
            pattern, text = changes[number % len(changes)]
            changed = re.sub(pattern, text, letter, count=1)
            with self.subTest(number=number, change=pattern, seed=SEED):
                self.assertNotEqual(changed, letter)
                ours, theirs = self.our_verdict(changed), self.their_verdict(changed)[0]
                self.assertEqual((ours["result"], theirs), ("fail", "fail"))

    def test_a_marked_chain_is_left_alone_by_both(self):
        broken = self.chain([self.seal_ours, self.seal_theirs]).replace(b"cv=none", b"cv=pass", 1)
        hop = self.hops[2]
        marked = self.seal_ours(hop, hop.receive(broken, b"fail"))
        self.assertIn(b"cv=fail", marked[:marked.index(b"ARC-Message-Signature")])
        self.assertEqual(self.our_verdict(marked)["result"], "fail")
        self.assertNotEqual(self.their_verdict(marked)[0], "pass")
        hop = self.hops[3]
        received = hop.receive(marked, b"fail")
        self.assertEqual(self.seal_ours(hop, received), received)


if __name__ == "__main__":
    print("SEED=%d" % SEED, file=sys.stderr)
    unittest.main()
