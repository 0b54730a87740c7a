#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""read_mailbox.py PORT CA USER LETTER: prints, for each message of the INBOX, its trace and whether the rest is LETTER."""
import imaplib
import ssl
import sys

port, authority, user, letter = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
with imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context, timeout=20) as imap:
    imap.login(user, "secret")
    imap.select(readonly=True)
    wanted = open(letter, "rb").read()
    for number in imap.search(None, "ALL")[1][0].split():
        text = imap.fetch(number, "(BODY.PEEK[])")[1][0][1]
        head = text[: len(text) - len(wanted)].decode().split("\r\n")
        trace = [line for line in head if line.startswith(("Return-Path:", "Delivered-To:"))]
        print(*trace, "whole" if text.endswith(wanted) else "changed", sep=" | ")
