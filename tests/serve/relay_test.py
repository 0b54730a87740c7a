# SPDX-License-Identifier: Apache-2.0
"""Other servers deliver: RFC 5321. What is ours is taken and kept as it came, everything else is refused (A36)."""

import re
import socket
import struct

from stage import ServerTest, id_of, letter, main, send

LONGEST = 998


class Relay(ServerTest):
    TABLES = """
[[domain]]
name = "second.test"
users = ["carol"]

[[alias]]
match = "info@home.test"
to = ["alice@home.test", "bob@home.test"]
"""

    def delivered(self, user, id, domain="home.test"):
        self.server.wait_delivered(f"{user}@{domain}", id)
        return next(each for each in self.server.maildir(user, domain) if f"id {id}".encode() in each.octets)

    def test_a_user_here_is_accepted_and_the_received_field_says_how(self):
        for starttls in (False, True):
            with self.subTest(starttls=starttls):
                with self.server.client(starttls=starttls) as client:
                    id = send(client, "eve@far.test", "bob@home.test", letter("eve@far.test"))
                received = self.delivered("bob", id)
                fields = received.message.get_all("Received")
                self.assertEqual(len(fields), 1)
                field = re.sub(r"\s+", " ", fields[0])
                tls = ("(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits) key-exchange X25519) "
                       if starttls else "")
                self.assertRegex(field, "^" + re.escape(
                    f"from client.test ([127.0.0.1]) {tls}by mail.home.test with ESMTP{'S' * starttls} id {id} "
                    "for <bob@home.test>; ") + r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000$")
                self.assertEqual(received.message["Return-Path"], "<eve@far.test>")
                # RFC 6409 §8 is about submission: relays add nothing.
                self.assertIsNone(received.message["Message-ID"])

    def test_who_may_get_mail_through_us(self):
        cases = [
            ("bob@home.test", "250"),
            ("BOB@HOME.TEST", "250"),
            ("bob+lists@home.test", "250"),
            ("carol@second.test", "250"),
            ("info@home.test", "250"),
            ("postmaster@home.test", "250"),  # RFC 5321 §4.5.1
            ("postmaster", "250"),
            ("postmaster@mail.home.test", "250"),
            ("nobody@home.test", "550 5.1.1"),
            ("carol@home.test", "550 5.1.1"),
            ("bob@second.test", "550 5.1.1"),
            ("someone@elsewhere.test", "550 5.7.1"),
            ("bob@home.test.elsewhere.test", "550 5.7.1"),
            ("bob@[127.0.0.1]", "550"),
            ("bob@[192.0.2.1]", "550 5.7.1"),
            # A36
            ("someone%elsewhere.test@home.test", "550"),
            ("elsewhere.test!someone@home.test", "550"),
            ('"someone@elsewhere.test"@home.test', "550"),
            ('"someone%elsewhere.test"@home.test', "550"),
            ("@home.test:someone@elsewhere.test", "550 5.7.1"),
            ("@elsewhere.test,@home.test:someone@elsewhere.test", "550 5.7.1"),
            ("someone@elsewhere.test@home.test", "5"),
        ]
        with self.server.client() as client:
            client.ehlo()
            client.mail("eve@far.test")
            for recipient, expected in cases:
                with self.subTest(recipient=recipient):
                    code, text = client.docmd(f"RCPT TO:<{recipient}>")
                    self.assertTrue(f"{code} {text.decode()}".startswith(expected), f"{code} {text}")

    def test_the_denial_says_so(self):
        with self.server.client() as client:
            client.mail("alice@home.test")
            code, text = client.rcpt("someone@elsewhere.test")
            self.assertEqual(code, 550)
            self.assertIn("relaying denied", text.decode().lower())

    def test_letters_stay_as_they_came(self):
        head = b"From: <eve@far.test>\r\nSubject: as it came\r\n\r\n"
        bodies = {
            "8-bit": "Käse, Œuvre, \u2603\r\n".encode(),
            "latin-1": b"K\xe4se\r\n",
            "longest line": b"x" * LONGEST + b"\r\n",
            "longest 8-bit line": b"\xe4" * LONGEST + b"\r\n",
            "dots": b".\r\n..\r\n.x\r\n...\r\nx.\r\n",
            "empty": b"",
            "one empty line": b"\r\n",
            "blanks": b" \r\n\t\r\nx \r\n\r\n\r\n",
            "from": b"From here on\r\n>From\r\n",
            "looks like the end": b"x\r\n. \r\n.\t\r\ny\r\n",
            "large": b"".join(b"line %d\r\n" % i for i in range(200_000)),
        }
        for name, body in bodies.items():
            for way in ("DATA", "BDAT", "many BDAT"):
                with self.subTest(body=name, way=way), self.server.raw() as session:
                    session.reply()
                    session.command("EHLO client.test")
                    session.command("MAIL FROM:<eve@far.test> BODY=8BITMIME")
                    self.assertEqual(session.command("RCPT TO:<bob@home.test>")[:3], "250")
                    octets = head + body
                    if way == "DATA":
                        self.assertEqual(session.command("DATA")[:3], "354")
                        stuffed = re.sub(rb"(?m)^\.", b"..", octets)
                        reply = session.say(stuffed + b".\r\n")
                    elif way == "BDAT":
                        reply = session.say(b"BDAT %d LAST\r\n%b" % (len(octets), octets))
                    else:
                        third = len(octets) // 3
                        for piece in (octets[:third], octets[third:2 * third]):
                            self.assertEqual(session.say(b"BDAT %d\r\n%b" % (len(piece), piece))[:3], "250")
                        session.send(b"BDAT %d\r\n%b" % (len(octets[2 * third:]), octets[2 * third:]))
                        self.assertEqual(session.reply()[:3], "250")
                        reply = session.command("BDAT 0 LAST")
                    id = id_of((int(reply[:3]), reply[4:].encode()))
                    # A Maildir has lines as Unix has them.
                    self.assertEqual(self.delivered("bob", id).without_trace(), octets.replace(b"\r\n", b"\n"))

    def test_what_is_not_clean_is_refused_and_ends_no_letter(self):
        # A19, A21: bare line ends, and lines that are too long; whoever comes next is not confused.
        cases = {
            "bare LF": b"a\nb\r\n",
            "bare CR": b"a\rb\r\n",
            "LF.LF": b"a\n.\nMAIL FROM:<x@y.test>\r\n",
            "LF.CRLF": b"a\n.\r\nMAIL FROM:<x@y.test>\r\n",
            "CR.CR": b"a\r.\rMAIL FROM:<x@y.test>\r\n",
            "NUL": b"a\0b\r\n",
            "a long line": b"x" * 100_000 + b"\r\n",
        }
        for name, body in cases.items():
            with self.subTest(name), self.server.raw() as session:
                session.reply()
                session.command("EHLO client.test")
                session.command("MAIL FROM:<eve@far.test>")
                session.command("RCPT TO:<bob@home.test>")
                session.command("DATA")
                reply = session.say(b"Subject: x\r\n\r\n" + body + b"\r\n.\r\n")
                self.assertRegex(reply, r"^5\d\d 5\.")
                self.assertEqual(session.command("NOOP")[:3], "250")

    def test_a_letter_goes_to_each_mailbox_of_an_alias_once(self):
        with self.server.client() as client:
            id = send(client, "eve@far.test", ["info@home.test", "bob@home.test", "bob+x@home.test"], letter())
        self.delivered("alice", id)
        self.server.wait_queue(lambda letters: not letters, id)
        for user, most in (("alice", 1), ("bob", 2)):
            copies = [each for each in self.server.maildir(user) if f"id {id}".encode() in each.octets]
            self.assertTrue(1 <= len(copies) <= most, (user, len(copies)))

    def test_nothing_of_a_letter_whose_connection_breaks_is_kept(self):
        before = self.server.admin("GET", "/metrics")[1]
        with self.server.raw() as session:
            session.reply()
            session.command("EHLO client.test")
            session.command("MAIL FROM:<eve@far.test>")
            session.command("RCPT TO:<bob@home.test>")
            session.command("DATA")
            since = self.server.log.mark()
            session.send(b"Subject: half\r\n\r\nhalf of it")
            # A reset, not an end.
            session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.wait_log("refused", since, reason="message")
        accepted = r"(?m)^postseal_letters_accepted_total\{by=\"relay\"\} (\d+)"
        after = self.server.admin("GET", "/metrics")[1]
        self.assertEqual(re.findall(accepted, before), re.findall(accepted, after))

    def test_what_a_session_may_ask_for(self):
        with self.server.client(starttls=True) as client:
            offered = set(client.esmtp_features)
        self.assertTrue({"pipelining", "size", "8bitmime", "smtputf8", "dsn", "chunking", "enhancedstatuscodes",
                         "requiretls", "limits"} <= offered, offered)
        self.assertNotIn("starttls", offered)
        with self.server.client() as client:
            self.assertTrue(client.has_extn("starttls"))
            self.assertFalse(client.has_extn("requiretls"))  # RFC 8689 §2: inside TLS only
            size = int(client.esmtp_features["size"])
            # RFC 1870 §6.1: too large is said before it is sent.
            self.assertEqual(client.mail("eve@far.test", [f"SIZE={size + 1}"])[0], 552)

    def test_pipelined_commands_are_answered_in_order(self):
        with self.server.raw() as session:
            session.reply()
            session.send(b"EHLO client.test\r\nMAIL FROM:<eve@far.test>\r\nRCPT TO:<nobody@home.test>\r\n"
                         b"RCPT TO:<bob@home.test>\r\nDATA\r\n")
            self.assertEqual([session.reply()[:3] for _ in range(5)], ["250", "250", "550", "250", "354"])
            session.send(b"Subject: pipelined\r\n\r\n.\r\nQUIT\r\n")
            self.assertEqual([session.reply()[:3] for _ in range(3)], ["250", "221", ""])

    def test_a_browser_is_sent_away(self):
        # A18
        with self.server.raw() as session:
            session.reply()
            session.send(b"POST / HTTP/1.1\r\nHost: mail.home.test\r\n\r\nMAIL FROM:<eve@far.test>\r\n")
            replies = []
            while reply := session.reply():
                replies.append(reply)
            self.assertTrue(all(each[0] in "45" for each in replies), replies)


class Networks(ServerTest):
    SETTINGS = {"server.relay_networks": ["127.0.0.0/8"]}

    def test_an_allowed_network_may_send_anywhere(self):
        with self.server.client() as client:
            client.mail("printer@home.test")
            self.assertEqual(client.rcpt("someone@elsewhere.test")[0], 250)
            self.assertEqual(client.rcpt("nobody@home.test")[0], 550)


class Proxies(ServerTest):
    # A38: believed of the configured peers, and of nobody else.
    SETTINGS = {"server.proxy_networks": ["127.0.0.1"], "server.relay_networks": ["192.0.2.0/24"]}
    SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

    def header(self, source):
        return self.SIGNATURE + b"\x21\x11" + struct.pack("!H4s4sHH", 12, socket.inet_aton(source),
                                                           socket.inet_aton("127.0.0.1"), 4711, 25)

    def test_the_address_that_the_proxy_tells_counts(self):
        for source, expected in (("192.0.2.7", "250"), ("198.51.100.7", "550")):
            with self.subTest(source=source), self.server.raw() as session:
                session.send(self.header(source))
                self.assertEqual(session.reply()[:3], "220")
                session.command("EHLO client.test")
                session.command("MAIL FROM:<eve@far.test>")
                self.assertEqual(session.command("RCPT TO:<someone@elsewhere.test>")[:3], expected)

    def test_a_connection_without_the_header_is_closed(self):
        with self.server.raw() as session:
            session.send(b"EHLO client.test\r\n")
            self.assertEqual(session.reply(), "")


class NoProxies(ServerTest):
    def test_a_header_from_anybody_else_is_no_header(self):
        with self.server.raw() as session:
            session.send(Proxies.header(Proxies, "192.0.2.7"))
            replies = []
            while reply := session.reply():
                replies.append(reply)
                if len(replies) > 3:
                    break
            self.assertTrue(all(each.startswith(("220", "5", "4")) for each in replies), replies)

    def test_xclient_from_anybody_is_refused(self):
        with self.server.client() as client:
            self.assertFalse(client.has_extn("xclient"))
            self.assertIn(client.docmd("XCLIENT", "ADDR=192.0.2.7")[0], (500, 502, 550, 554))


class RequiredTls(ServerTest):
    SETTINGS = {"server.require_tls_from": ["strict.test"]}

    def test_mail_of_a_strict_domain_is_taken_inside_tls_only(self):
        with self.server.client() as client:
            self.assertEqual(client.mail("a@strict.test")[0], 530)
            self.assertEqual(client.mail("a@lax.test")[0], 250)
        with self.server.client(starttls=True) as client:
            self.assertEqual(client.mail("a@strict.test")[0], 250)


if __name__ == "__main__":
    main()
