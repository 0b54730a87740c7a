# SPDX-License-Identifier: Apache-2.0
"""The Swiss army knife of SMTP, as far as its feature list is about servers."""

import subprocess

from stage import PASSWORD, ServerTest, main


class Swaks(ServerTest):
    SETTINGS = {"server.xclient_networks": ["127.0.0.1"]}

    def swaks(self, *arguments, port=None, code=0):
        """Its transcript."""
        done = subprocess.run(["swaks", "--server", f"127.0.0.1:{port or self.server.relay}", "--ehlo", "client.test",
                               "--timeout", "20", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def login(self, mechanism="PLAIN", password=PASSWORD):
        return ("--from", "alice@home.test", "--to", "bob@home.test", "--auth", mechanism, "--auth-user",
                "alice@home.test", "--auth-password", password)

    RELAY = ("--from", "eve@far.test", "--to", "bob@home.test")

    def test_plain(self):
        self.assertIn("250 2.0.0 Ok: queued as", self.swaks(*self.RELAY))

    def test_starttls(self):
        transcript = self.swaks(*self.RELAY, "--tls")
        self.assertIn("TLS started with cipher TLSv1.3", transcript)
        self.assertIn("~> MAIL FROM:<eve@far.test>", transcript)

    def test_starttls_with_an_old_protocol_is_refused(self):
        self.swaks(*self.RELAY, "--tls", "--tls-protocol", "tlsv1_1", code=29)

    def test_tls_on_connect_with_each_mechanism(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism=mechanism):
                transcript = self.swaks("--tls-on-connect", *self.login(mechanism), port=self.server.submissions)
                self.assertIn("235 2.7.0", transcript)
                self.assertIn("250 2.0.0 Ok: queued as", transcript)

    def test_starttls_and_login(self):
        self.assertIn("235 2.7.0", self.swaks("--tls", *self.login(), port=self.server.submission))

    def test_a_wrong_password(self):
        transcript = self.swaks("--tls", *self.login(password="guess"), port=self.server.submission, code=28)
        self.assertIn("535 5.7.8", transcript)

    def test_no_login_in_plaintext(self):
        self.swaks(*self.login(), port=self.server.submission, code=28)

    def test_pipelining(self):
        self.assertIn("queued as", self.swaks(*self.RELAY, "--pipeline"))

    def test_several_recipients_of_whom_one_is_unknown(self):
        transcript = self.swaks("--from", "eve@far.test", "--to", "bob@home.test,nobody@home.test,alice@home.test")
        self.assertIn("550 5.1.1", transcript)
        self.assertIn("queued as", transcript)

    def test_relaying_is_denied(self):
        self.assertIn("550 5.7.1", self.swaks("--from", "eve@far.test", "--to", "x@elsewhere.test", code=24))

    def test_a_letter_with_an_attachment(self):
        self.assertIn("queued as", self.swaks(*self.RELAY, "--attach", f"@{__file__}",
                                              "--header", "Subject: a program", "--body", "attached"))

    def test_quitting_at_each_stage(self):
        for stage in ("connect", "first-helo", "mail", "rcpt"):
            with self.subTest(stage=stage):
                self.assertIn("221 2.0.0", self.swaks(*self.RELAY, "--quit-after", stage))

    def test_dropping_at_each_stage(self):
        for stage in ("connect", "first-helo", "mail", "rcpt", "data"):
            with self.subTest(stage=stage):
                self.swaks(*self.RELAY, "--drop-after", stage)
        self.assertIn("queued as", self.swaks(*self.RELAY))

    def test_xclient(self):
        transcript = self.swaks(*self.RELAY, "--xclient-addr", "192.0.2.7")
        self.assertIn("queued as", transcript)
        self.server.wait_log("accepted", peer="192.0.2.7")


class SwaksBehindAProxy(ServerTest):
    SETTINGS = {"server.proxy_networks": ["127.0.0.1"]}

    def test_a_proxy_header_of_version_2(self):
        done = subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{self.server.relay}", "--from", "eve@far.test", "--to", "bob@home.test",
             "--timeout", "20", "--proxy-version", "2", "--proxy-family", "AF_INET", "--proxy-protocol", "STREAM",
             "--proxy-command", "PROXY", "--proxy-source", "192.0.2.7", "--proxy-source-port", "4711", "--proxy-dest",
             "192.0.2.1", "--proxy-dest-port", "25"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.wait_log("accepted", peer="192.0.2.7")


if __name__ == "__main__":
    main()
