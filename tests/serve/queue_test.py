# SPDX-License-Identifier: Apache-2.0
"""Operators steer the queue: `postseal queue` and `postseal trace` against a running server."""

import json
import unittest

from stage import Refusing, Server, ServerTest, letter, main
from ports import free_port


class Operations(ServerTest):
    """Whoever takes mail for others here is busy, so it waits."""

    @classmethod
    def prepare(cls):
        busy = Refusing()
        cls.addClassCleanup(busy.down)
        cls.TABLES = "".join(f'[[route]]\nmatch = "{domain}"\nnext_hop = "[127.0.0.1]:{busy.port}"\n'
                             for domain in ("elsewhere.example", "other.example"))
        cls.TABLES += f'[[route]]\nmatch = "down.example"\nnext_hop = "[127.0.0.1]:{free_port()}"\n'

    def setUp(self):
        self.server.admin("POST", "/queue/delete?select=all")

    def waiting(self, *recipients, text=None):
        """A letter that has been tried once and waits."""
        id = self.server.submit("alice@home.test", recipients or ["someone@elsewhere.example"], text or letter())
        for recipient in recipients or ["someone@elsewhere.example"]:
            self.server.wait_log("attempt", letter=id, to=recipient, outcome="deferred")
        self.server.wait_queue(lambda letters: all(each["state"] == "waiting" for each in letters[0]["recipients"]), id)
        return id

    def states(self, id):
        return {each["address"]: each["state"] or each["status"]
                for each in json.loads(self.server.admin("GET", "/queue/letter/" + id)[1])["recipients"]}

    def test_a_listing_says_why_each_letter_waits(self):
        id = self.waiting()
        text = self.server.postseal("queue", "list", check=0).stdout
        self.assertIn(id, text)
        self.assertIn("alice@home.test", text)
        self.assertIn("someone@elsewhere.example", text)
        self.assertIn("waiting", text)
        self.assertIn("1 letter\n", text)
        [listed] = self.server.queue()
        [recipient] = listed["recipients"]
        self.assertEqual((listed["id"], listed["from"], listed["user"]), (id, "alice@home.test", "alice@home.test"))
        self.assertEqual((recipient["attempts"], recipient["status"]), (1, "waiting"))
        self.assertEqual(recipient["code"][:2], "4.")
        self.assertIn("127.0.0.1 at RCPT: 450 4.2.1 this mailbox is busy", recipient["reason"])
        # The reason stands in the listing, whole, however it is wrapped.
        self.assertIn("".join(recipient["reason"].split()), "".join(text.split()))
        shown = self.server.postseal("queue", "show", id, check=0).stdout
        self.assertIn(recipient["code"], shown)

    def test_a_letter_that_waits_with_others_says_for_what(self):
        self.waiting("one@down.example")
        id = self.server.submit("alice@home.test", ["two@down.example"], letter())
        [listed] = self.server.wait_queue(lambda letters: letters and letters[0]["recipients"][0]["state"] == "waiting", id)
        [recipient] = listed["recipients"]
        self.assertEqual((recipient["attempts"], recipient["reason"]), (0, ""))
        self.assertIn("connection refused", recipient["waits_for"])
        text = " ".join(self.server.postseal("queue", "list", id, check=0).stdout.split())
        self.assertIn("not tried yet; mail for the same servers waits:", text)
        self.assertIn("connection refused", text)

    def test_trace_tells_the_life_of_a_letter(self):
        id = self.waiting()
        [trace] = self.server.ask("trace", id)
        self.assertEqual(trace["id"], id)
        self.assertEqual(trace["letter"]["id"], id)
        attempts = [event for event in trace["events"] if "elsewhere.example" in json.dumps(event)]
        self.assertTrue(attempts, trace)
        text = self.server.postseal("trace", id, check=0).stdout
        self.assertIn("someone@elsewhere.example", text)
        self.server.postseal("queue", "delete", id, check=0)
        [trace] = self.server.ask("trace", id)
        self.assertIsNone(trace["letter"])
        self.assertTrue(trace["events"])

    def test_a_held_letter_is_not_tried_until_it_is_released(self):
        id = self.waiting()
        self.assertEqual(self.server.postseal("queue", "hold", id, check=0).stdout, "held: 1 letter, 1 recipient\n")
        self.assertEqual(self.states(id), {"someone@elsewhere.example": "held"})
        self.assertEqual([each["id"] for each in self.server.queue("held")], [id])
        self.assertEqual(self.server.queue("not-held"), [])
        since = self.server.log.mark()
        self.server.postseal("queue", "flush", id)
        other = self.waiting("other@elsewhere.example")
        self.assertFalse([line for line in self.server.log.all(since)
                          if line["event"] == "attempt" and line["letter"] == id])
        [tally] = self.server.ask("queue", "release", id)
        self.assertEqual((tally["letters"], tally["recipients"], tally["problem"]), (1, 1, ""))
        self.assertEqual(self.server.queue("held"), [])
        self.server.postseal("queue", "flush", id, check=0)
        self.server.wait_log("attempt", since, letter=id)
        self.assertNotEqual(id, other)

    def test_flush_tries_at_once(self):
        id = self.waiting()
        since = self.server.log.mark()
        self.assertIn("1 letter", self.server.postseal("queue", "flush", "domain=elsewhere.example", check=0).stdout)
        self.server.wait_log("attempt", since, letter=id, attempt=2)

    def test_delete_forgets_the_recipients_meant_and_tells_nobody(self):
        id = self.waiting("one@elsewhere.example", "two@other.example")
        before = len(self.server.maildir("alice"))
        self.server.postseal("queue", "delete", "recipient=one@elsewhere.example", check=0)
        self.assertEqual(self.states(id), {"one@elsewhere.example": "deleted", "two@other.example": "waiting"})
        self.server.postseal("queue", "delete", id, check=0)
        self.assertEqual(self.server.queue(), [])
        self.assertEqual(len(self.server.maildir("alice")), before)

    def test_bounce_tells_the_sender_why(self):
        id = self.waiting("one@elsewhere.example", "two@other.example")
        since = self.server.log.mark()
        self.server.postseal("queue", "bounce", "domain=.example", "recipient=one@elsewhere.example", "--reason",
                             "that company is gone", check=0)
        notified = self.server.wait_log("notified", since, letter=id, kind="failed")
        self.server.wait_delivered("alice@home.test", notified["notification"], since)
        report = next(each for each in reversed(self.server.maildir("alice"))
                      if each.message.get_content_type() == "multipart/report").message
        self.assertIn("that company is gone", " ".join(report.get_payload(0).get_content().split()))
        self.assertEqual(self.states(id)["two@other.example"], "waiting")

    def test_reroute_sends_by_another_host(self):
        id = self.waiting()
        target = Server(users=("carol",), hostname="other.home.test", settings={"server.relay_networks": ["127.0.0.1"]})
        try:
            target.start()
            since = self.server.log.mark()
            self.server.postseal("queue", "reroute", id, "--to", f"[127.0.0.1]:{target.relay}", check=0)
            self.server.postseal("queue", "flush", id)
            self.server.wait_log("attempt", since, letter=id, outcome="delivered")
            target.wait_log("accepted", **{"from": "alice@home.test"})
        finally:
            target.down()

    def test_rerouting_can_be_taken_back(self):
        id = self.waiting()
        self.server.postseal("queue", "hold", id, check=0)
        self.server.postseal("queue", "reroute", id, "--to", f"[127.0.0.1]:{free_port()}", check=0)
        self.assertIn("127.0.0.1", self.server.queue(id)[0]["rerouted"])
        self.server.postseal("queue", "reroute", id, "--normal", check=0)
        self.assertEqual(self.server.queue(id)[0]["rerouted"], "")

    def test_selectors_select(self):
        small = self.waiting("one@elsewhere.example")
        large = self.waiting("two@other.example", text=letter(body="x" * 70 + "\r\n" * 20_000))
        for selectors, expected in [
            ((), [small, large]),
            (("all",), [small, large]),
            (("domain=elsewhere.example",), [small]),
            (("domain=.example",), [small, large]),
            (("recipient=two@other.example",), [large]),
            (("sender=alice@home.test",), [small, large]),
            (("sender=@home.test", "larger=10K"), [large]),
            (("smaller=10K",), [small]),
            (("sender=<>",), []),
            (("older=1h",), []),
            (("younger=1h",), [small, large]),
            (("reason=mailbox IS busy",), [small, large]),
            (("reason=4.2.2",), []),
            (("held",), []),
            ((small,), [small]),
            ((small, large), [small, large]),
            ((small, "domain=other.example"), []),
        ]:
            with self.subTest(selectors=selectors):
                self.assertEqual([each["id"] for each in self.server.queue(*selectors)], expected)
        self.assertEqual(len(self.server.ask("queue", "list", "--limit", "1")), 1)

    def test_exit_codes(self):
        id = self.waiting()
        for arguments, code, said in [
            (("list",), 0, ""),
            (("flush", "domain=nowhere.example"), 1, ""),
            (("show", "0aaaaaaaaaaaa"), 1, "no such letter"),
            (("list", "colour=red"), 64, "colour"),
            (("hold",), 64, ""),
            (("delete", "older=yesterday"), 64, "yesterday"),
            (("bounce", id), 64, "--reason"),
            (("reroute", id), 64, "--to"),
            (("limit", "mx.elsewhere.example"), 64, "--rate"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.server.postseal("queue", *arguments, check=code)
                self.assertIn(said, done.stderr.lower())
        self.server.postseal("trace", "0aaaaaaaaaaaa", check=1)

    def test_stats_and_limits(self):
        self.waiting()
        [stats] = self.server.ask("queue", "stats")
        self.assertEqual((stats["letters"], stats["waiting"]), (1, 1))
        self.assertIn("1", self.server.postseal("queue", "stats", check=0).stdout)
        self.server.postseal("queue", "limit", "elsewhere.example", "--connections", "1", "--rate", "10", check=0)
        self.server.postseal("queue", "limit", "elsewhere.example", "--reset", check=0)

    def test_what_an_operator_does_is_in_the_log(self):
        id = self.waiting()
        since = self.server.log.mark()
        self.server.postseal("queue", "hold", id, check=0)
        self.server.wait_log("operator", since, operation="hold", letter=id)


class NobodyThere(unittest.TestCase):
    def test_without_a_server_it_says_so_and_how_to_start_it(self):
        server = Server(users=())
        try:
            for arguments in (("queue", "list"), ("queue", "flush", "all"), ("trace", "0aaaaaaaaaaaa")):
                with self.subTest(arguments=arguments):
                    done = server.postseal(*arguments, check=69)
                    self.assertIn("no server answers", done.stderr)
                    self.assertIn(f"postseal serve --config {server.config}", done.stderr)
                    self.assertEqual(done.stdout, "")
        finally:
            server.down()


if __name__ == "__main__":
    main()
