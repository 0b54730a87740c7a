# SPDX-License-Identifier: Apache-2.0
"""Domains that showed TLS before and now show none: flagged, and by local rule not trusted with anything."""

import unittest

from elsewhere import Peer
from stage import Server, letter, main

DOMAINS = ("one.example", "two.example", "three.example")


class Remembered(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.peer = Peer(self.server.certificate, self.server.key)
        self.addCleanup(self.peer.down)
        self.addCleanup(self.server.down)
        self.routes = "".join(f'[[route]]\nmatch = "{domain}"\nnext_hop = "[127.0.0.1]:{self.peer.port}"\n'
                              for domain in DOMAINS)
        self.set("flag")
        self.server.start()

    def set(self, rule):
        self.server.configure({"queue.remembered_tls": rule}, self.routes)

    def send(self, domain, outcome, more=""):
        """What the log says of the first attempt."""
        id = self.server.submit("alice@home.test", f"user@{domain}", letter(more=more))
        return self.server.wait_log("attempt", letter=id, attempt=1, outcome=outcome)

    def downgrades(self):
        return [line for line in self.server.log.all() if line["event"] == "downgrade"]

    def counted(self):
        text = self.server.admin("GET", "/metrics")[1]
        return [line.split()[-1] for line in text.splitlines() if line.startswith("postseal_downgrades_total ")]

    def test_plaintext_where_there_was_tls_is_flagged_and_sent(self):
        self.assertEqual(self.send("one.example", "delivered")["security"], "tls")
        self.assertEqual((self.downgrades(), self.counted()), ([], ["0"]))
        self.peer.starttls = False
        self.assertEqual(self.send("one.example", "delivered")["security"], "plaintext")
        flagged = self.server.wait_log("downgrade")
        self.assertEqual({key: flagged[key] for key in ("domain", "before", "now", "deferred", "level")},
                         {"domain": "one.example", "before": "tls", "now": "plaintext", "deferred": False,
                          "level": "warning"})
        # Once a day is enough for people; a domain that never had TLS is nothing to report.
        self.send("one.example", "delivered")
        self.send("two.example", "delivered")
        self.assertEqual((len(self.downgrades()), self.counted()), (1, ["1"]))
        [stats] = self.server.ask("queue", "stats")
        self.assertEqual([(each["domain"], each["before"], each["deferred"]) for each in stats["downgrades"]],
                         [("one.example", "tls", False)])
        self.assertIn("one.example: showed less than before (tls)",
                      self.server.postseal("queue", "stats", check=0).stdout)
        self.assertEqual(len(self.peer.letters), 4)

    def test_by_local_rule_its_mail_waits_until_it_shows_tls_again(self):
        for domain in ("one.example", "two.example"):
            self.send(domain, "delivered")
        # It is kept on disk, and the rule can be changed at any time.
        self.assertEqual(self.server.stop(), 0)
        self.set("defer")
        self.server.start()
        self.peer.starttls = False
        waits = self.send("one.example", "deferred")
        flagged = self.server.wait_log("downgrade", domain="one.example")
        self.assertEqual((flagged["before"], flagged["deferred"]), ("tls", True))
        [listed] = self.server.queue()
        [recipient] = listed["recipients"]
        self.assertEqual((recipient["status"], recipient["code"]), ("waiting", waits["status"]))
        self.assertIn("STARTTLS", recipient["reason"])
        self.assertEqual(len(self.peer.letters), 2)
        # Who never had TLS, and who says that it matters less than delivery.
        self.assertEqual(self.send("three.example", "delivered")["security"], "plaintext")
        self.assertEqual(self.send("two.example", "delivered", "TLS-Required: No\r\n")["security"], "plaintext")
        self.peer.starttls = True
        self.server.postseal("queue", "flush", "all", check=0)
        again = self.server.wait_log("attempt", letter=listed["id"], outcome="delivered")
        self.assertEqual(again["security"], "tls")
        self.assertEqual(len(self.peer.letters), 5)


if __name__ == "__main__":
    main()
