# SPDX-License-Identifier: Apache-2.0
"""Users' mail goes out into a lab world, to servers that prove themselves; and what comes back where they do not."""

import email.utils
import json

from stage import ServerTest, letter, main, send


class Outbound(ServerTest):
    WORLD = "world.toml"
    TABLES = """
[[alias]]
match = "team@home.test"
to = ["alice@home.test", "team@dane.test"]

[[alias]]
match = "outside@home.test"
to = ["someone@dane.test"]

[[domain]]
name = "caught.test"
users = ["carol"]
catch_all = "bob@home.test"
"""

    def submit(self, recipients, more="", options=(), rcpt_options=(), body="Good day."):
        return self.server.submit("alice@home.test", recipients, letter(more=more, body=body), options, rcpt_options)

    def attempt(self, id, to, outcome, since=0):
        return self.server.wait_log("attempt", since, letter=id, to=to, outcome=outcome)

    def record(self, id):
        """The last attempt's delivery record."""
        [trace] = self.server.ask("trace", id)
        found = []

        def search(value):
            if isinstance(value, dict):
                if "decision" in value and "facts" in value:
                    found.append(value)
                for each in value.values():
                    search(each)
            elif isinstance(value, list):
                for each in value:
                    search(each)
            elif isinstance(value, str) and value.startswith(("{", "[")):
                search(json.loads(value))

        search(trace)
        self.assertTrue(found, trace)
        return found[-1]

    def report(self, id, kind="failed", to="alice"):
        """The notification about a letter, as a mail client gets it."""
        notified = self.server.wait_log("notified", letter=id, kind=kind)
        self.server.wait_delivered(f"{to}@home.test", notified["notification"])
        marker = notified["notification"].encode()
        found = [each for each in self.server.maildir(to)
                 if each.message.get_content_type() == "multipart/report" and marker in each.octets]
        self.assertEqual(len(found), 1)
        return found[0]

    def fields(self, report):
        """RFC 3464: of the message, and of each recipient."""
        status = report.message.get_payload(1)
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        return status.get_payload()

    def host_letters(self, host, id):
        return self.lab.letters(host, f"id {id}".encode())

    # --- proved, or not sent ---

    def test_a_server_with_the_announced_key_gets_the_letter_and_the_proof_is_kept(self):
        id = self.submit("user@dane.test")
        attempt = self.attempt(id, "user@dane.test", "delivered")
        self.assertEqual((attempt["host"], attempt["security"]), ("mx.dane.test", "dane"))
        self.assertIn("DANE-EE 3 1 1", attempt["actual"])
        self.server.wait_queue(lambda letters: not letters, id)
        [arrived] = self.host_letters("mx.dane.test", id)
        self.assertEqual((arrived.sender, arrived.recipients), ("alice@home.test", ["user@dane.test"]))
        self.assertTrue(arrived.octets.endswith(b"\r\n\r\nGood day.\r\n"))
        [trace] = self.server.ask("trace", id)
        self.assertIsNone(trace["letter"])  # it has left, and its life is still known
        record = self.record(id)
        self.assertEqual(record["destination"], "dane.test")
        [verdict] = record["recipients"]
        self.assertEqual((verdict["outcome"], verdict["proof"], verdict["proof_name"]),
                         ("delivered", "dane", "DANE-EE 3 1 1"))
        self.assertEqual(record["attempts"][-1]["evidence"]["proof"]["result"], "verified")
        text = self.server.postseal("trace", id, check=0).stdout
        self.assertIn("mx.dane.test", text)
        self.assertIn("DANE", text)

    def test_a_policy_and_opportunistic_tls_show_for_what_they_are(self):
        for domain, security in (("sts.test", "sts-enforce"), ("plain.test", "tls"), ("no-tls.test", "plaintext")):
            with self.subTest(domain=domain):
                id = self.submit(f"user@{domain}")
                attempt = self.attempt(id, f"user@{domain}", "delivered")
                self.assertEqual(len(self.host_letters(f"mx.{domain}", id)), 1)
                self.assertIn(security, attempt["security"])

    def test_a_server_with_another_key_gets_nothing_and_the_queue_says_why(self):
        id = self.submit("user@mismatch.test")
        attempt = self.attempt(id, "user@mismatch.test", "deferred")
        self.assertEqual(attempt["status"], "4.7.5")
        [listed] = self.server.queue("domain=mismatch.test", id)
        [recipient] = listed["recipients"]
        self.assertEqual((recipient["status"], recipient["code"]), ("waiting", "4.7.5"))
        for words in ("mx.mismatch.test", "TLSA record (RFC 7672 §2.2)", "must be updated"):
            self.assertIn(words, recipient["reason"])
        self.assertEqual([each["id"] for each in self.server.queue("mx=mx.mismatch.test", id)], [id])
        text = self.server.postseal("queue", "list", id, check=0).stdout
        self.assertIn("4.7.5", text)
        self.assertIn("mx.mismatch.test", text)
        self.assertEqual(self.lab.octets_at("mx.mismatch.test"), 0)
        self.server.postseal("queue", "delete", id, check=0)

    def test_a_rerouted_letter_goes_to_the_new_host_which_proves_itself_too(self):
        id = self.submit("user@mismatch-rerouted.test")
        self.attempt(id, "user@mismatch-rerouted.test", "deferred")
        self.server.postseal("queue", "reroute", id, "--to", "elsewhere.test", check=0)
        self.server.postseal("queue", "flush", id)
        attempt = self.attempt(id, "user@mismatch-rerouted.test", "delivered")
        self.assertEqual((attempt["host"], attempt["security"]), ("mx.elsewhere.test", "dane"))
        self.assertEqual(self.host_letters("mx.elsewhere.test", id)[0].recipients, ["user@mismatch-rerouted.test"])

    def test_a_busy_server_is_tried_again(self):
        id = self.submit("user@later.test")
        self.attempt(id, "user@later.test", "deferred")
        self.server.postseal("queue", "flush", id)
        self.assertEqual(self.attempt(id, "user@later.test", "delivered")["attempt"], 2)
        self.assertEqual(len(self.host_letters("mx.later.test", id)), 1)

    # --- what senders ask for ---

    def test_only_if_verified_waits_where_nobody_proves_anything(self):
        more = "Postseal-Only-If-Verified: yes\r\n"
        id = self.submit(["user@unverified.test", "user@dane.test"], more)
        self.attempt(id, "user@dane.test", "delivered")
        self.attempt(id, "user@unverified.test", "deferred")
        self.assertEqual(self.host_letters("mx.unverified.test", id), [])
        self.server.postseal("queue", "delete", id, check=0)

    def test_tls_required_no_delivers_all_the_same(self):
        id = self.submit("user@mismatch-willing.test", "TLS-Required: No\r\n")
        self.attempt(id, "user@mismatch-willing.test", "delivered")
        [arrived] = self.host_letters("mx.mismatch-willing.test", id)
        self.assertEqual(arrived.message["TLS-Required"], "No")

    def test_requiretls_goes_where_it_is_kept(self):
        id = self.submit("user@requiretls.test", options=["REQUIRETLS"])
        self.attempt(id, "user@requiretls.test", "delivered")
        self.assertIn("REQUIRETLS", self.host_letters("mx.requiretls.test", id)[0].parameters.upper())

    def test_requiretls_comes_back_from_where_it_is_not_and_tells_no_more_than_needed(self):
        id = self.submit("user@dane.test", "X-Secret: in the header\r\n", ["REQUIRETLS"], body="Secret words.")
        self.attempt(id, "user@dane.test", "bounced")
        report = self.report(id)
        [_, recipient] = self.fields(report)
        self.assertEqual(recipient["Status"], "5.7.30")
        # RFC 8689 §5: nothing of the letter but what names it.
        self.assertNotIn(b"Secret words", report.octets)
        self.assertNotIn(b"in the header", report.octets)
        self.assertEqual(self.host_letters("mx.dane.test", id), [])

    # --- what comes back ---

    def test_a_refused_recipient_gives_a_notification_that_programs_and_people_can_read(self):
        id = self.submit("user@unknown-user.test", options=["ENVID=4711", "RET=FULL"],
                         rcpt_options=["ORCPT=rfc822;written+40as.test"], body="The body.")
        self.attempt(id, "user@unknown-user.test", "bounced")
        report = self.report(id)
        message = report.message
        # RFC 3462, RFC 3464 §2
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "delivery-status")
        self.assertEqual(message["Return-Path"], "<>")
        self.assertEqual(email.utils.parseaddr(message["To"])[1], "alice@home.test")
        self.assertTrue(message["Auto-Submitted"].startswith("auto-replied"))
        people, programs, original = message.get_payload()
        self.assertEqual(people.get_content_type(), "text/plain")
        text = " ".join(people.get_content().split())
        self.assertIn("user@unknown-user.test", text)
        self.assertIn("no such user at all", text)
        per_message, per_recipient = self.fields(report)
        self.assertEqual(per_message["Reporting-MTA"], "dns; mail.home.test")
        self.assertEqual(per_message["Original-Envelope-Id"], "4711")
        self.assertIsNotNone(per_message["Arrival-Date"])
        self.assertEqual(per_recipient["Final-Recipient"], "rfc822; user@unknown-user.test")
        self.assertEqual(per_recipient["Original-Recipient"].replace(" ", ""), "rfc822;written@as.test")
        self.assertEqual(per_recipient["Action"], "failed")
        self.assertEqual(per_recipient["Status"], "5.1.1")
        self.assertEqual(per_recipient["Remote-MTA"], "dns; mx.unknown-user.test")
        self.assertEqual(per_recipient["Diagnostic-Code"], "smtp; 550 5.1.1 no such user at all")
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertIn("Subject: hello", original.as_string())
        self.assertNotIn(b"The body.", report.octets)
        # It is not answered, whatever becomes of it.
        self.assertEqual(self.server.queue("sender=<>"), [])

    def test_a_domain_that_takes_no_mail_comes_back_at_once(self):
        id = self.submit("user@no-mail.test")
        self.attempt(id, "user@no-mail.test", "bounced")
        [_, recipient] = self.fields(self.report(id))
        self.assertEqual((recipient["Status"], recipient["Action"]), ("5.1.10", "failed"))  # RFC 7505 §4.2

    def test_a_domain_that_does_not_exist_comes_back_at_once(self):
        id = self.submit("user@nowhere.dane.test")
        self.attempt(id, "user@nowhere.dane.test", "bounced")
        [_, recipient] = self.fields(self.report(id))
        self.assertEqual(recipient["Status"], "5.1.2")

    def test_success_is_notified_where_it_is_asked_for(self):
        # RFC 3461 §5.2.2: by us for our own mailboxes, and where the next server does not know of such wishes.
        id = self.submit("bob@home.test", rcpt_options=["NOTIFY=SUCCESS"])
        [_, recipient] = self.fields(self.report(id, "success"))
        self.assertEqual((recipient["Action"], recipient["Status"][:2]), ("delivered", "2."))
        id = self.submit("user@knows-no-dsn.test", rcpt_options=["NOTIFY=SUCCESS"])
        self.attempt(id, "user@knows-no-dsn.test", "delivered")
        [_, recipient] = self.fields(self.report(id, "success"))
        self.assertEqual(recipient["Action"], "relayed")

    def test_nobody_is_notified_who_asked_not_to_be(self):
        id = self.submit("user@unknown-user.test", rcpt_options=["NOTIFY=NEVER"])
        self.attempt(id, "user@unknown-user.test", "bounced")
        self.server.wait_queue(lambda letters: not letters, id)
        self.assertFalse([line for line in self.server.log.all()
                          if line["event"] == "notified" and line["letter"] == id])

    def test_a_bounce_of_a_bounce_goes_nowhere(self):
        # RFC 5321 §6.1 and A36: a notification that cannot be delivered ends here.
        with self.server.client() as client:
            id = send(client, "", "outside@home.test", letter())
        self.attempt(id, "someone@dane.test", "delivered")
        self.assertEqual(self.host_letters("mx.dane.test", id)[0].sender, "")

    # --- who gets it ---

    def test_recipients_at_several_domains_on_one_host_go_in_one_transaction(self):
        recipients = ["a@one.test", "b@two.test", "c@three.test", "d@one.test"]
        id = self.submit(recipients)
        for recipient in recipients:
            self.attempt(id, recipient, "delivered")
        arrived = self.host_letters("mx.shared.test", id)
        self.assertEqual([sorted(each.recipients) for each in arrived], [recipients])

    def test_letters_to_one_host_share_a_session(self):
        ids = [self.submit(f"user{i}@{domain}") for i, domain in enumerate(("one.test", "two.test", "three.test"))]
        for i, (id, domain) in enumerate(zip(ids, ("one.test", "two.test", "three.test"))):
            self.attempt(id, f"user{i}@{domain}", "delivered")
        sessions = {self.host_letters("mx.shared.test", id)[0].session for id in ids}
        self.assertEqual(len(sessions), 1)

    def test_an_alias_leads_in_and_out(self):
        with self.server.client() as client:
            id = send(client, "eve@far.test", "team@home.test", letter())
        self.server.wait_delivered("alice@home.test", id)
        self.attempt(id, "team@dane.test", "delivered")
        self.assertEqual(self.host_letters("mx.dane.test", id)[0].recipients, ["team@dane.test"])

    def test_a_user_can_forward_and_keep_a_copy(self):
        self.server.postseal("account", "forward", "bob@home.test", "bob@dane.test", check=0)
        self.server.reload()
        try:
            with self.server.client() as client:
                id = send(client, "eve@far.test", "bob@home.test", letter())
            self.attempt(id, "bob@dane.test", "delivered")
            self.server.wait_delivered("bob@home.test", id)
        finally:
            self.server.postseal("account", "forward", "bob@home.test", check=0)
            self.server.reload()

    def test_subaddresses_and_what_is_addressed_to_nobody(self):
        with self.server.client() as client:
            id = send(client, "eve@far.test", "carol+lists@caught.test", letter())
            self.server.wait_log("attempt", letter=id, outcome="delivered")
            id = send(client, "eve@far.test", "whoever@caught.test", letter())
            self.server.wait_delivered("bob@home.test", id)
        [arrived] = self.server.maildir("carol", "caught.test")
        self.assertEqual(arrived.message["Delivered-To"], "carol+lists@caught.test")


if __name__ == "__main__":
    main()
