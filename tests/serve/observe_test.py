# SPDX-License-Identifier: Apache-2.0
"""What those who watch see: metrics, health, readiness, and a log that nobody can forge (A21)."""

import http.client
import json
import re
import signal
import unittest

from stage import PATIENCE, Server, ServerTest, letter, main, send


class Watched(ServerTest):
    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.metrics, timeout=PATIENCE)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, body

    def numbers(self):
        text = self.get("/metrics")[2]
        return {name: float(value) for name, value in re.findall(r"(?m)^(postseal_\S+) (\S+)$", text)}

    def test_health_and_readiness(self):
        status, headers, body = self.get("/health")
        self.assertEqual((status, json.loads(body)), (200, {"status": "ok"}))
        status, _, body = self.get("/ready")
        self.assertEqual((status, json.loads(body)), (200, {"ready": True, "missing": []}))

    def test_watchers_learn_nothing_of_letters_and_change_nothing(self):
        for method, path in (("GET", "/queue"), ("GET", "/queue/stats"), ("POST", "/queue/flush?select=all"),
                             ("GET", "/trace/0aaaaaaaaaaaa"), ("GET", "/../etc/passwd"), ("POST", "/metrics")):
            with self.subTest(path=path):
                self.assertIn(self.get(path, method)[0], (404, 405, 400))

    def test_metrics_count_what_happens_and_have_help(self):
        before = self.numbers()
        id = self.server.submit("alice@home.test", ["bob@home.test"], letter())
        self.server.wait_delivered("bob@home.test", id)
        with self.server.client() as client:
            client.mail("eve@far.test")
            client.rcpt("nobody@home.test")
        after = self.numbers()
        grown = {name: value - before.get(name, 0) for name, value in after.items()}
        self.assertEqual(grown['postseal_sessions_accepted_total{role="submissions"}'], 1)
        self.assertEqual(grown['postseal_sessions_accepted_total{role="relay"}'], 1)
        self.assertEqual(grown['postseal_letters_accepted_total{by="submission"}'], 1)
        self.assertEqual(grown['postseal_letters_refused_total{reason="recipient"}'], 1)
        self.assertEqual(grown["postseal_auth_succeeded_total"], 1)
        self.assertEqual(grown['postseal_attempts_total{outcome="delivered"}'], 1)
        self.assertEqual(grown['postseal_deliveries_total{proof="local"}'], 1)
        self.assertGreaterEqual(grown["postseal_store_syncs_total"], 1)
        status, headers, text = self.get("/metrics")
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        for name in {re.sub(r"(_bucket|_sum|_count)?(\{.*)?$", "", name) for name in after}:
            self.assertIn(f"# HELP {name} ", text)
            self.assertIn(f"# TYPE {name} ", text)
        for private in ("alice", "bob@", "home.test"):
            self.assertNotIn(private, text)

    def test_nobody_writes_a_line_of_his_own_into_the_log(self):
        forged = '{"level":"info","event":"accepted","id":"forged"}'
        since = self.server.log.mark()
        for line in (f"EHLO client.test\n{forged}", f"EHLO client.test\r{forged}", "EHLO \x1b[31mred\x07",
                     f"EHLO {forged}", "EHLO [IPv6:::1]\0", "HELO " + "x" * 400):
            with self.server.raw() as session:
                session.reply()
                session.command(line)
        with self.server.raw() as session:
            session.reply()
            session.command("EHLO client.test")
            for sender in (f'"a\n{forged}"@far.test', '"\x1b[2J"@far.test', '"{\\"event\\":\\"ready\\"}"@far.test',
                           '"a\\\\\\"b"@far.test'):
                session.command(f"MAIL FROM:<{sender}>")
                session.command("RCPT TO:<nobody@home.test>")
                session.command("RSET")
            session.command("MAIL FROM:<eve@far.test>")
            session.command("RCPT TO:<bob@home.test>")
            session.command("DATA")
            reply = session.say(f"Message-ID: <a\x07\x1b]0;{forged}\xe9@far.test>\r\n\r\n.\r\n".encode("latin-1"))
            session.command("QUIT")
        # Behind everything that was said before.
        with self.server.client() as client:
            id = send(client, "last@far.test", "bob@home.test", letter())
        self.server.wait_log("accepted", since, id=id)
        for line in self.server.log.all(since):
            self.assertNotEqual(line["event"], "not-json", line)
            self.assertNotEqual(line.get("id"), "forged")
            self.assertIn("time", line)
            self.assertIn(line["level"], ("debug", "info", "warning", "error"))
            for key, value in line.items():
                if isinstance(value, str):
                    self.assertNotRegex(value, r"[\x00-\x1f\x7f]", key)
        self.assertTrue(reply)

    def test_each_line_of_a_letters_life_has_its_id(self):
        since = self.server.log.mark()
        id = self.server.submit("alice@home.test", ["bob@home.test"], letter())
        accepted = self.server.wait_log("accepted", since, id=id)
        self.assertEqual((accepted["from"], accepted["user"], accepted["recipients"], accepted["tls"]),
                         ("alice@home.test", "alice@home.test", 1, "TLSv1.3"))
        attempt = self.server.wait_delivered("bob@home.test", id, since)
        for key in ("desired", "actual", "security", "status", "seconds", "attempt"):
            self.assertIn(key, attempt)


class Text(unittest.TestCase):
    def test_the_log_for_people_has_one_line_for_each_event(self):
        server = Server(settings={"log.format": "text", "log.level": "info"})
        self.addCleanup(server.down)
        server.wait_log = lambda event, since=0, **_: server.log.wait_for(
            lambda line: f" {event} " in line.get("text", ""), since)
        server.start()
        with server.client() as client:
            client.mail('"a\\ b\\"=c"@far.test')
            client.rcpt("nobody@home.test")
            client.rset()
            id = send(client, "eve@far.test", "bob@home.test", letter())
        line = server.wait_log("accepted")["text"]
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO accepted id=" + id)
        for each in server.log.all():
            self.assertRegex(each["text"], r"^\d{4}-\S+Z (DEBUG|INFO|WARNING|ERROR) \S+( [a-z_]+=|$)")


class Ending(unittest.TestCase):
    def test_a_server_that_is_ending_is_not_ready(self):
        server = Server()
        self.addCleanup(server.down)
        server.start()
        with server.raw() as session:
            session.reply()
            session.command("EHLO client.test")
            session.command("MAIL FROM:<eve@far.test>")
            session.command("RCPT TO:<bob@home.test>")
            session.command("DATA")
            server.process.send_signal(signal.SIGTERM)
            server.wait_log("ending")
            status, body = server.admin("GET", "/ready")
            self.assertEqual((status, json.loads(body)["ready"]), (503, False))
            session.say(b".\r\n")
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
