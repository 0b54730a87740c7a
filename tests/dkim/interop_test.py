# SPDX-License-Identifier: Apache-2.0
"""Generated letters, signed by postseal, python3-dkim and OpenDKIM in all canonicalizations and with both algorithms, and
verified by each of the others; then changed by one octet, which everybody must find out. The seed is printed; SEED=N
plays it again, LETTERS=N makes it longer."""

import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "arc"))

import dkim  # noqa: E402

from letters import letter  # noqa: E402
from opendkim import OpenDkim  # noqa: E402
from text_names import TextNames  # noqa: E402

POSTSEAL = os.environ["POSTSEAL"]
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
LETTERS = int(os.environ.get("LETTERS", 240))
DOMAIN = "example.org"
FORMS = [(algorithm, header, body) for algorithm in ("rsa-sha256", "ed25519-sha256") for header in ("simple", "relaxed")
         for body in ("simple", "relaxed")]


def run(*arguments, message=None):
    ran = subprocess.run([POSTSEAL, *map(str, arguments)], input=message, capture_output=True, timeout=60)
    return ran.returncode, ran.stdout, ran.stderr.decode()


class Key:
    def __init__(self, algorithm, folder, names):
        self.algorithm, self.selector = algorithm, algorithm.partition("-")[0]
        self.path = folder / (self.selector + ".pem")
        code, output, complaint = run("dkim", "keygen", "--domain", DOMAIN, "--selector", self.selector, "--algorithm",
                                      algorithm, "--key", self.path, "--json")
        assert code == 0, complaint
        made = json.loads(output)
        self.record = made["record"]
        names.records[made["name"]] = self.record
        self.pem = self.path.read_bytes()
        self.for_python = self.pem
        if algorithm == "ed25519-sha256":
            # python3-dkim wants the bare octets, which are the last of the DER.
            der = subprocess.run(["openssl", "pkey", "-outform", "DER"], input=self.pem, check=True, capture_output=True)
            self.for_python = base64.b64encode(der.stdout[-32:])


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("SEED=%d" % SEED, file=sys.stderr)
        cls.held = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.held.name)
        cls.names = TextNames()
        cls.keys = {algorithm: Key(algorithm, folder, cls.names) for algorithm in ("rsa-sha256", "ed25519-sha256")}
        key_file = folder / "keys"
        key_file.write_text("".join("%s %s\n" % each for each in cls.names.records.items()))
        cls.opendkim = OpenDkim(key_file)

    @classmethod
    def tearDownClass(cls):
        cls.names.down()
        cls.held.cleanup()

    def sign_here(self, message, form):
        algorithm, header, body = form
        key = self.keys[algorithm]
        code, signed, complaint = run("dkim", "sign", "--domain", DOMAIN, "--selector", key.selector, "--key", key.path,
                                      "--algorithm", algorithm, "--canonicalization", header + "/" + body, "--time",
                                      "1452812401", "-", message=message)
        self.assertEqual(code, 0, complaint)
        self.assertTrue(signed.endswith(message))
        return signed

    def verify_here(self, message):
        code, output, complaint = run("dkim", "verify", "--json", "--resolver", self.names.address, "--trust-anchor",
                                      "none", "-", message=message)
        self.assertIn(code, (0, 1), complaint)
        return [(each["result"], each["reason"]) for each in json.loads(output)["signatures"]]

    def sign_by_python(self, message, form):
        algorithm, header, body = form
        key = self.keys[algorithm]
        return dkim.sign(message, key.selector.encode(), DOMAIN.encode(), key.for_python,
                         canonicalize=(header.encode(), body.encode()), signature_algorithm=algorithm.encode())

    def verify_by_python(self, message):
        return dkim.verify(message, dnsfunc=lambda name, timeout=5:
                           self.names.records.get(name.decode().rstrip("."), "").encode())

    def sign_by_opendkim(self, message, form):
        algorithm, header, body = form
        key = self.keys[algorithm]
        # OpenDKIM 2.11's own verifier does not accept its Ed25519 signatures over a simple header: it folds the field
        # in another way than it signed it.
        if algorithm == "ed25519-sha256":
            header = "relaxed"
        return self.opendkim.sign(message, DOMAIN, key.selector, key.pem, algorithm, header, body)

    def test_letters(self):
        chance = random.Random(SEED)
        for number in range(LETTERS):
            form = FORMS[number % len(FORMS)]
            message = letter(chance)
            with self.subTest(number=number, form=form):
                self.check(chance, message, form)

    def check(self, chance, message, form):
        ours = self.sign_here(message, form)
        self.assertTrue(self.verify_by_python(ours), ours)
        self.assertIsNone(self.opendkim.verify(ours), ours)
        theirs = self.sign_by_python(message, form) + self.sign_by_opendkim(message, form) + message
        for result, reason in self.verify_here(theirs):
            self.assertEqual(result, "pass", reason)
        # One octet of the body that is no blank, replaced by another.
        places = [at for at in range(message.find(b"\r\n\r\n") + 4, len(message)) if message[at] in b"abcdefgxyz"]
        if places:
            at = chance.choice(places) - len(message)
            changed = bytearray(theirs)
            changed[at:at + 1 or None] = b"Q"
            self.assertEqual({result for result, _ in self.verify_here(bytes(changed))}, {"fail"})
            changed = bytearray(ours)
            changed[at:at + 1 or None] = b"Q"
            self.assertFalse(self.verify_by_python(bytes(changed)))
            self.assertIsNotNone(self.opendkim.verify(bytes(changed)))


if __name__ == "__main__":
    unittest.main()
