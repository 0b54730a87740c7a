# SPDX-License-Identifier: Apache-2.0
"""Users submit their mail: RFC 6409, RFC 8314, RFC 4954, RFC 5802, RFC 7677."""

import base64
import hashlib
import hmac
import os
import smtplib
import ssl
import subprocess
import tempfile

from stage import PASSWORD, PATIENCE, ServerTest, id_of, letter, main, send


def b64(octets):
    return base64.b64encode(octets).decode()


class Scram:
    """RFC 5802 §5 by hand, as a client."""

    def __init__(self, user, password, header="n,,", binding=b""):
        self.password, self.header, self.binding = password, header, binding
        self.bare = f"n={user},r={b64(os.urandom(18))}"

    def first(self):
        return (self.header + self.bare).encode()

    def final(self, challenge):
        fields = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        unproved = f"c={b64(self.header.encode() + self.binding)},r={fields['r']}"
        message = f"{self.bare},{challenge},{unproved}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self.expected = b"v=" + base64.b64encode(hmac.digest(server_key, message, "sha256"))
        return f"{unproved},p={b64(proof)}".encode()

    def log_in(self, session, mechanism):
        """The reply to it all. Raises where the server does not prove that it knows the password, too."""
        reply = session.command(f"AUTH {mechanism} {b64(self.first())}")
        if not reply.startswith("334 "):
            return reply
        reply = session.command(b64(self.final(base64.b64decode(reply[4:]).decode())))
        if not reply.startswith("334 "):
            return reply
        if base64.b64decode(reply[4:]) != self.expected:
            raise AssertionError("this server does not know the password")
        return session.command("")


class Submission(ServerTest):
    def secured(self, version=None):
        session = self.server.raw(self.server.submission)
        self.addCleanup(lambda: session.socket.close())
        session.reply()
        session.command("EHLO client.test")
        self.assertTrue(session.command("STARTTLS").startswith("220 "))
        context = self.server.tls()
        if version:
            context.minimum_version = context.maximum_version = version
        session.start_tls(context)
        session.command("EHLO client.test")
        return session

    def delivered(self, user, id):
        self.server.wait_delivered(f"{user}@home.test", id)
        return next(each for each in self.server.maildir(user) if f"id {id}".encode() in each.octets)

    def test_both_ports_take_a_letter_with_each_mechanism(self):
        for starttls, port in ((False, self.server.submissions), (True, self.server.submission)):
            for mechanism in ("PLAIN", "LOGIN"):
                with self.subTest(port=port, mechanism=mechanism):
                    with self.server.client(port, starttls) as client:
                        client.user, client.password = "alice@home.test", PASSWORD
                        authenticate = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[mechanism]
                        self.assertEqual(client.auth(mechanism, authenticate)[0], 235)
                        id = send(client, "alice@home.test", "bob@home.test", letter())
                    received = self.delivered("bob", id)
                    # RFC 3848 and RFC 8314 §4.3: TLS and the login show.
                    self.assertIn("with ESMTPSA id " + id, received.message["Received"])
                    self.assertIn("using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256", received.message["Received"])

    def test_scram_proves_both_sides(self):
        reply = Scram("alice@home.test", PASSWORD).log_in(self.secured(), "SCRAM-SHA-256")
        self.assertTrue(reply.startswith("235 2.7.0"), reply)

    def test_scram_with_channel_binding(self):
        # RFC 5929 §4, before TLS 1.3: the hash of the certificate.
        session = self.secured(ssl.TLSVersion.TLSv1_2)
        self.assertIn("SCRAM-SHA-256-PLUS", session.command("EHLO client.test"))
        digest = hashlib.sha256(session.socket.getpeercert(True)).digest()
        for binding, code in ((digest[::-1], "535 5.7.8"), (digest, "235 2.7.0")):
            scram = Scram("alice@home.test", PASSWORD, "p=tls-server-end-point,,", binding)
            reply = scram.log_in(session, "SCRAM-SHA-256-PLUS")
            self.assertTrue(reply.startswith(code), reply)

    def test_scram_bound_to_a_session_of_tls_13_as_another_library_does_it(self):
        # RFC 9266 §2: the exporter, which Python does not have. GNU SASL has its own SCRAM, and GnuTLS below it.
        for password, code, said in ((PASSWORD, 0, "235 2.7.0"), ("guess", 1, "535 5.7.8")):
            with self.subTest(password=password):
                done = subprocess.run(
                    ["gsasl", "--smtp", "--verbose", f"--connect=127.0.0.1:{self.server.submission}",
                     f"--x509-ca-file={self.server.certificate}", "--mechanism=SCRAM-SHA-256-PLUS",
                     "--authentication-id=alice@home.test", f"--password={password}"],
                    stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                self.assertIn("(TLS1.3)", done.stderr)
                self.assertIn(b64(b"p=tls-exporter,,n=alice@home.test,")[:40], done.stdout)
                self.assertIn("\n" + said, done.stdout)

    def test_what_belongs_to_another_tls_session_binds_nothing(self):
        # RFC 5802 §6: somebody in the middle has two sessions, and they have not one exporter.
        for type, version in (("tls-exporter", ssl.TLSVersion.TLSv1_3), ("tls-server-end-point", None),
                              ("tls-exporter", ssl.TLSVersion.TLSv1_2), ("tls-unheard-of", None)):
            with self.subTest(type=type, version=version):
                scram = Scram("alice@home.test", PASSWORD, f"p={type},,", os.urandom(32))
                reply = scram.log_in(self.secured(version), "SCRAM-SHA-256-PLUS")
                self.assertTrue(reply.startswith("535 5.7.8"), reply)

    def test_a_client_that_was_told_of_no_channel_binding_is_warned(self):
        # RFC 5802 §6: "y" says that the client could bind and saw no offer. Then somebody has taken it away.
        reply = Scram("alice@home.test", PASSWORD, "y,,").log_in(self.secured(), "SCRAM-SHA-256")
        self.assertTrue(reply.startswith("535 5.7.8"), reply)

    def test_scram_with_a_wrong_password_or_an_unknown_user_looks_the_same(self):
        for user in ("alice@home.test", "nobody@home.test"):
            with self.subTest(user=user):
                reply = Scram(user, "guess").log_in(self.secured(), "SCRAM-SHA-256")
                self.assertEqual(reply, "535 5.7.8 User or password is not right")

    def test_a_wrong_password_and_an_unknown_user_get_one_answer(self):
        for user, password in (("alice", "wrong"), ("nobody", PASSWORD)):
            with self.subTest(user=user), self.server.client(self.server.submissions) as client:
                with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                    client.login(f"{user}@home.test", password)
                self.assertEqual(caught.exception.smtp_code, 535)
                self.assertEqual(caught.exception.smtp_error, b"5.7.8 User or password is not right")

    def test_no_login_before_tls(self):
        # RFC 4954 §4 and RFC 8314 §3.3: not offered, and not taken.
        for port in (self.server.submission, self.server.relay):
            with self.subTest(port=port), self.server.client(port) as client:
                self.assertFalse(client.has_extn("auth"))
                code, _ = client.docmd("AUTH", "PLAIN " + b64(f"\0alice@home.test\0{PASSWORD}".encode()))
                self.assertIn(code, (503, 530, 538, 502))
                self.assertNotEqual(code, 235)

    def test_no_login_on_the_relay_port(self):
        with self.server.client(starttls=True) as client:
            self.assertFalse(client.has_extn("auth"))

    def test_no_mail_before_login(self):
        with self.server.client(self.server.submissions) as client:
            code, text = client.mail("alice@home.test")
            self.assertEqual((code, text[:5]), (530, b"5.7.0"))

    def test_what_was_said_before_tls_is_forgotten(self):
        # A05, RFC 3207 §4.2
        with self.server.raw(self.server.relay) as session:
            session.reply()
            session.command("EHLO client.test")
            self.assertTrue(session.command("MAIL FROM:<eve@evil.test>").startswith("250 "))
            # RFC 3207 §4: not in the middle of a transaction; or it is gone afterwards.
            if session.command("STARTTLS").startswith("220 "):
                session.start_tls(self.server.tls())
            else:
                session.command("RSET")
                self.assertTrue(session.command("STARTTLS").startswith("220 "))
                session.start_tls(self.server.tls())
            self.assertTrue(session.command("MAIL FROM:<eve@evil.test>").startswith("503 "))
            session.command("EHLO client.test")
            self.assertTrue(session.command("RCPT TO:<bob@home.test>").startswith("503 "))

    def test_commands_smuggled_in_before_tls_are_not_executed(self):
        # A04: bytes behind STARTTLS, in one segment.
        with self.server.raw(self.server.submission) as session:
            session.reply()
            session.command("EHLO client.test")
            session.send(b"STARTTLS\r\nMAIL FROM:<eve@evil.test>\r\n")
            session.reply()
            try:
                session.start_tls(self.server.tls())
            except OSError:
                return
            self.assertTrue(session.command("RCPT TO:<bob@home.test>")[:3] in ("503", ""))

    def test_a_sender_that_is_not_ones_own_is_refused(self):
        with self.server.client(self.server.submissions, user="alice") as client:
            for sender in ("bob@home.test", "alice@elsewhere.test", "alice@home.test.evil.test"):
                code, text = client.mail(sender)
                self.assertEqual((code, text[:5]), (553, b"5.7.1"), sender)
            for sender in ("alice+lists@home.test", "ALICE@HOME.test"):
                self.assertEqual(client.mail(sender)[0], 250, sender)
                client.rset()

    def test_date_and_message_id_are_added_where_missing(self):
        id = self.server.submit("alice@home.test", "bob@home.test", letter())
        received = self.delivered("bob", id).message
        self.assertTrue(received["Message-ID"].endswith("@mail.home.test>"), received["Message-ID"])
        self.assertIsNotNone(received["Date"].datetime)
        id = self.server.submit("alice@home.test", "bob@home.test", letter(
            more="Message-ID: <own@client.test>\r\nDate: Mon, 01 Jan 2024 00:00:00 +0000\r\n"))
        received = self.delivered("bob", id).message
        self.assertEqual(received.get_all("Message-ID"), ["<own@client.test>"])
        self.assertEqual(received.get_all("Date"), ["Mon, 01 Jan 2024 00:00:00 +0000"])

    def test_bcc_is_removed_and_still_gets_the_letter(self):
        id = self.server.submit("alice@home.test", ["bob@home.test", "alice@home.test"],
                                letter(more="Bcc: <alice@home.test>,\r\n <secret@home.test>\r\n"))
        for user in ("bob", "alice"):
            octets = self.delivered(user, id).octets.lower()
            self.assertNotIn(b"bcc", octets)
            self.assertNotIn(b"secret", octets)
            # RFC 5321 §7.2: the trace names nobody where there are several.
            self.assertNotIn(b"for <", octets)

    def test_curl_submits(self):
        with tempfile.NamedTemporaryFile("w", newline="") as file:
            file.write(letter(subject="from curl"))
            file.flush()
            since = self.server.log.mark()
            done = subprocess.run(
                ["curl", "--silent", "--show-error", "--url", f"smtps://mail.home.test:{self.server.submissions}",
                 "--connect-to", f"::127.0.0.1:{self.server.submissions}", "--cacert", self.server.certificate,
                 "--user", f"alice@home.test:{PASSWORD}", "--mail-from", "alice@home.test", "--mail-rcpt",
                 "bob@home.test", "--upload-file", file.name], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        accepted = self.server.wait_log("accepted", since, user="alice@home.test")
        self.assertEqual(accepted["tls"], "TLSv1.3")
        self.assertEqual(self.delivered("bob", accepted["id"]).message["Subject"], "from curl")

    def test_chunks_are_taken_in_one_session_with_lines(self):
        # RFC 3030 §2, pipelined, with a dot line that means nothing in a chunk.
        session = self.secured()
        session.command("AUTH PLAIN " + b64(f"\0alice@home.test\0{PASSWORD}".encode()))
        first, second = b"Subject: two\r\n\r\n.\r\n", b"..two\r\n"
        session.send(b"MAIL FROM:<alice@home.test>\r\nRCPT TO:<bob@home.test>\r\n"
                     b"BDAT %d\r\n%bBDAT %d LAST\r\n%b" % (len(first), first, len(second), second))
        for _ in range(3):
            self.assertTrue(session.reply().startswith("250 "))
        id = id_of((250, session.reply()[4:].encode()))
        self.assertTrue(self.delivered("bob", id).octets.endswith(b"\n\n.\n..two\n"))


class Guessing(ServerTest):
    def test_guessing_is_slowed_down_for_the_right_password_too(self):
        # A23
        codes = []
        for _ in range(30):
            with self.server.client(self.server.submissions) as client:
                try:
                    client.login("alice@home.test", "guess")
                except smtplib.SMTPAuthenticationError as refused:
                    codes.append(refused.smtp_code)
            if codes[-1] == 454:
                break
        self.assertEqual(codes[0], 535)
        self.assertEqual(codes[-1], 454)
        self.server.wait_log("login", refused="throttled", user="alice@home.test")


if __name__ == "__main__":
    main()
