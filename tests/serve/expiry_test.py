# SPDX-License-Identifier: Apache-2.0
"""What becomes of letters as days go by: word of the delay, one last look, and the end."""

import unittest

from elsewhere import Later, Names, Peer
from stage import Server, letter, main

HOUR, DAY = 3600, 86400


class Away(unittest.TestCase):
    """Mail for away.example goes to a host at whose address nobody is. A server for each test: none may see the days of
    another."""

    SETTINGS = {}

    def setUp(self):
        self.names, self.later, self.server = Names(), Later(), Server()
        self.peer = Peer(self.server.certificate, self.server.key)
        for each in (self.later, self.names, self.peer, self.server):
            self.addCleanup(each.down)
        self.names.addresses["mx.away.example"] = "127.0.0.77"
        self.server.configure({"resolver.mode": f"forward:127.0.0.1:{self.names.port}"} | self.SETTINGS,
                              f'[[route]]\nmatch = "away.example"\nnext_hop = "[mx.away.example]:{self.peer.port}"\n')
        self.server.start(self.later.environment)

    def waiting(self, **options):
        id = self.server.submit("alice@home.test", "user@away.example", letter(), **options)
        self.server.wait_log("attempt", letter=id, attempt=1, outcome="deferred", last=False)
        return id

    def report(self, id, kind):
        """What the sender gets: its parts for people and for programs."""
        notified = self.server.wait_log("notified", letter=id, kind=kind)
        self.server.wait_delivered("alice@home.test", notified["notification"])
        [report] = self.server.maildir("alice")
        people, programs, _ = report.message.get_payload()
        return " ".join(people.get_content().split()), *programs.get_payload()


class Expiry(Away):
    SETTINGS = {"queue.delay_warning": "0s"}

    def test_a_letter_whose_time_is_over_comes_back_and_says_why(self):
        id = self.waiting(options=["ENVID=4711"])
        self.later.seconds = 5 * DAY + 1
        last = self.server.wait_log("attempt", letter=id, attempt=2)
        self.assertEqual((last["last"], last["outcome"]), (True, "deferred"))
        text, per_message, per_recipient = self.report(id, "failed")
        self.assertEqual(per_message["Original-Envelope-Id"], "4711")
        # RFC 3463 §3.5: the code of the problem itself, as a failure for good.
        self.assertEqual((per_recipient["Action"], per_recipient["Final-Recipient"]),
                         ("failed", "rfc822; user@away.example"))
        self.assertEqual(per_recipient["Status"][:2], "4.")
        self.assertIn("user@away.example", text)
        self.assertIn("mx.away.example", text)
        self.assertIn("It was tried 2 times", text)
        self.server.wait_queue(lambda letters: not letters)
        self.assertEqual(self.peer.letters, [])

    def test_before_it_comes_back_everything_is_looked_up_once_more(self):
        # What was known of the way is still good for minutes, as timers count.
        id = self.waiting()
        self.names.addresses["mx.away.example"] = "127.0.0.1"
        self.later.seconds = 5 * DAY + 1
        last = self.server.wait_log("attempt", letter=id, attempt=2)
        self.assertEqual((last["last"], last["outcome"]), (True, "delivered"))
        self.server.wait_queue(lambda letters: not letters)
        [arrived] = self.peer.letters
        self.assertTrue(arrived.endswith(b"\r\n\r\nGood day.\r\n"))
        self.assertEqual(self.server.maildir("alice"), [])

    def test_a_letter_that_is_held_does_not_grow_old(self):
        id = self.waiting()
        self.server.postseal("queue", "hold", id, check=0)
        self.later.seconds = 6 * DAY
        other = self.server.submit("alice@home.test", "bob@home.test", letter())
        self.server.wait_delivered("bob@home.test", other)
        [listed] = self.server.queue(id)
        self.assertTrue(listed["held"])
        self.assertEqual(listed["recipients"][0]["attempts"], 1)


class Delay(Away):
    SETTINGS = {"queue.delay_warning": "4h"}

    def test_after_some_hours_the_sender_hears_that_it_is_not_forgotten(self):
        id = self.waiting()
        self.later.seconds = 4 * HOUR + 1
        text, _, per_recipient = self.report(id, "delayed")
        self.assertEqual(per_recipient["Action"], "delayed")
        self.assertIn("will be tried until", text)
        self.assertEqual(len(self.server.queue(id)), 1)


if __name__ == "__main__":
    main()
