#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a notification from stdin with Python's own mail parser and prints what it understood, line by line."""
import email
import email.policy
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTPUTF8)
print("defects:", [type(d).__name__ for part in message.walk() for d in part.defects])
print("type:", message.get_content_type(), message.get_param("report-type"))
print("to:", message["To"])
print("auto-submitted:", message["Auto-Submitted"])
parts = list(message.iter_parts())
print("parts:", " ".join(part.get_content_type() for part in parts))
text = parts[0].get_content()
print("text:", "characters", all(c.isprintable() or c in "\r\n" for c in text), "longest", max(map(len, text.splitlines())) <= 900)
report = parts[1]
if report.get_content_type() == "message/delivery-status":
    groups = report.get_payload()
else:  # Python does not look into the international form
    raw = report.get_payload(0).as_bytes(policy=email.policy.SMTPUTF8).decode()
    blocks = raw.replace("\r\n", "\n").strip().split("\n\n")
    groups = [email.message_from_string(block + "\n", policy=email.policy.SMTPUTF8) for block in blocks]
for group in groups:
    for name, value in group.items():
        print("field:", name, "=", " ".join(str(value).split()))
if len(parts) > 2:
    raw = parts[2].get_payload(decode=True)
    if raw is None:
        raw = parts[2].get_payload(0).as_bytes()
    header = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    print("returned:", " ".join(header.keys()), "| body", repr(header.get_payload()))
