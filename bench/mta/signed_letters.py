# SPDX-License-Identifier: Apache-2.0
"""Letters of source.bench with a DKIM signature (RSA-2048, as most mail has), and the records that speak for them."""
import base64
import subprocess

from places import PROGRAM, WORLD

DOMAIN, SELECTOR = "source.bench", "s1"
SENDER, RECIPIENT = f"sender@{DOMAIN}", "u0@d0.bench"
KEY = WORLD / "dkim.key"


def records():
    """Of the zone source.bench. Makes the key."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", KEY],
                   check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", KEY, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    key = base64.b64encode(public.stdout).decode()
    halves = f'"v=DKIM1; k=rsa; p={key[:200]}" "{key[200:]}"'
    return [f"{DOMAIN}. A 127.0.0.1", f'{DOMAIN}. TXT "v=spf1 a ip4:192.0.2.0/24 -all"',
            f"{SELECTOR}._domainkey.{DOMAIN}. TXT {halves}",
            f'_dmarc.{DOMAIN}. TXT "v=DMARC1; p=reject; rua=mailto:postmaster@{DOMAIN}"']


def make(size):
    """One signed letter with a body of so many octets. Lines end with CRLF."""
    lines = [f"From: Sender <{SENDER}>", f"To: <{RECIPIENT}>", "Subject: bench", "Date: Mon, 01 Jan 2024 00:00:00 +0000",
             f"Message-ID: <1@{DOMAIN}>", "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii", ""]
    text = "The quick brown fox jumps over the lazy dog, again and again and again.\r\n"
    letter = ("\r\n".join([*lines, text * (size // len(text) + 1)])).encode()
    signed = subprocess.run([PROGRAM, "dkim", "sign", "--domain", DOMAIN, "--selector", SELECTOR, "--key", KEY,
                             "--algorithm", "rsa-sha256", "--canonicalization", "relaxed/simple", "-"],
                            input=letter, check=True, capture_output=True)
    return signed.stdout


def split(letter):
    """Header fields as a filter gets them, and the body."""
    head, body = letter.split(b"\r\n\r\n", 1)
    fields = []
    for line in head.decode().split("\r\n"):
        if line[:1] in " \t":
            fields[-1] = (fields[-1][0], f"{fields[-1][1]}\n{line}")
        else:
            name, value = line.split(":", 1)
            fields.append((name, value))
    return fields, body
