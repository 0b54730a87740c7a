# SPDX-License-Identifier: Apache-2.0
"""Who wrote it: letters from outside are checked against a signed DNS and treated as their authors' domains ask; letters
of ours are signed with keys that DNS shows; what an alias leads on is sealed, with a reverse-path of ours. python3-dkim
checks what Postseal signs and signs what Postseal checks."""

import base64
import json
import re
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import dkim

from stage import Lab, Server, ServerTest, id_of, letter, main, run

OURS = "mail.home.test"


def records_line(owner, record):
    """A line of a zone: strings of 255 octets at most."""
    strings = " ".join(f'"{record[i:i + 200]}"' for i in range(0, len(record), 200))
    return f"{owner} TXT {strings}"


def zone_case(domain, records, more=""):
    lines = ", ".join(json.dumps(line) for line in records)
    return f'[[case]]\nname = "{domain}"\ndomain = "{domain}"\nzone = {{ records = [{lines}]{more} }}\n'


class Keys:
    """Of a stranger: made by openssl, its record for DNS."""

    def __init__(self, folder):
        self.pem = folder / "stranger.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.pem, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", self.pem, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        self.record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()

    def sign(self, domain, text):
        octets = text.encode()
        return (dkim.sign(octets, b"s1", domain.encode(), self.pem.read_bytes()) + octets).decode()


class Authentication(ServerTest):
    SETTINGS = {
        "authentication.enabled": True,
        "authentication.temperror": "defer",
        "authentication.exceptions": ["friend.test=accept"],
        "authentication.timeout": "8s",
        "signing.srs": True,
    }
    TABLES = """
[[alias]]
match = "away@home.test"
to = ["someone@far.test"]
"""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.server = None
        cls.addClassCleanup(cls._down)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.keys = Keys(cls.folder)
        # Our keys first: the world publishes their records.
        cls.server = Server(None, cls.SETTINGS, cls.TABLES)
        run("dkim", "keygen", "home.test", "--config", cls.server.config, check=0)
        cls.our_keys = json.loads(run("dkim", "dns", "home.test", "--json", "--config", cls.server.config, check=0).stdout)
        world = cls.folder / "world.toml"
        world.write_text(cls.world())
        cls.lab = Lab(world)
        cls.server.lab = cls.lab
        cls.server.configure(cls.SETTINGS, cls.TABLES)
        cls.server.start()
        cls.server.wait_log("keys", what=lambda words: words and "active" in words)

    @classmethod
    def world(cls):
        spf, nobody = '@ TXT "v=spf1 ip4:127.0.0.1 -all"', '@ TXT "v=spf1 -all"'
        key = records_line("s1._domainkey", cls.keys.record)
        dmarc = '_dmarc TXT "v=DMARC1; p={}"'
        ours = [records_line(key["name"].removesuffix(".home.test"), key["record"]) for key in cls.our_keys["keys"]]
        text = 'name = "authentication"\nabout = "Who wrote it"\n'
        text += zone_case("home.test", ours)
        text += zone_case("far.test", [spf, key, dmarc.format("reject")])
        for policy in ("none", "quarantine", "reject"):
            text += zone_case(f"{policy}.test", [nobody, key, dmarc.format(policy)])
        text += zone_case("friend.test", [nobody, dmarc.format("reject")])
        text += zone_case("bogus.test", [spf, dmarc.format("reject")], ', signing = "bogus"')
        text += zone_case("broken.test", [spf])
        text += '[[fault]]\nname = "_dmarc.broken.test"\nfault = "servfail"\n'
        return text

    def bring(self, sender, to="bob@home.test", author=None, more="", text=None):
        """The reply to the letter: code and words."""
        octets = text or letter(author or sender, to, more=more)
        with self.server.client() as client:
            client.ehlo("mx.client.test")
            client.mail(sender)
            client.rcpt(to)
            code, words = client.data(octets)
            return code, words.decode()

    def accepted(self, *arguments, to="bob@home.test", **named):
        code, words = self.bring(*arguments, to=to, **named)
        self.assertEqual(code, 250, words)
        return words.rsplit(" ", 1)[1]

    def delivered(self, id, user="bob", junk=False):
        self.server.wait_delivered(f"{user}@home.test", id)
        name = user + "/.Junk" if junk else user
        return next(each for each in self.server.maildir(name) if f"id {id}".encode() in each.octets)

    def results(self, message):
        fields = [re.sub(r"\s+", " ", each) for each in message.get_all("Authentication-Results", [])]
        ours = [each for each in fields if each.startswith(OURS)]
        self.assertEqual(len(ours), 1, fields)
        return ours[0]

    def key_record(self, name, timeout=5):
        name = name.decode().rstrip(".")
        return next((key["record"].encode() for key in self.our_keys["keys"] if key["name"] == name), b"")

    # --- from outside ---

    def test_spf_and_dkim_of_the_author_pass_and_dns_is_proved(self):
        text = self.keys.sign("far.test", letter("eve@far.test", "bob@home.test"))
        received = self.delivered(self.accepted("eve@far.test", text=text))
        results = self.results(received.message)
        for part in ("dmarc=pass", "header.from=far.test", "spf=pass", "smtp.mailfrom=eve@far.test", "dkim=pass",
                     "header.d=far.test", "arc=none", "dns.sec=yes"):
            self.assertIn(part, results)
        self.assertTrue(received.octets.split(b"\n", 2)[2].startswith(b"Authentication-Results: " + OURS.encode())
                        or b"\nAuthentication-Results: " in received.octets)

    def test_dkim_alone_is_enough(self):
        text = self.keys.sign("reject.test", letter("eve@reject.test", "bob@home.test"))
        results = self.results(self.delivered(self.accepted("eve@reject.test", text=text)).message)
        self.assertIn("spf=fail", results)
        self.assertIn("dmarc=pass", results)

    def test_reject_says_what_failed_and_how_to_mend_it(self):
        code, words = self.bring("eve@reject.test")
        self.assertEqual(code, 550)
        for part in ("5.7.1 reject.test does not stand behind this letter", "its policy says reject (_dmarc.reject.test)",
                     "SPF: fail for reject.test from 127.0.0.1 (-all)", "DKIM: no signature",
                     "To mend it, sign with DKIM as d=reject.test"):
            self.assertIn(part, words)
        self.server.wait_log("refused", reason="dmarc", author="eve@reject.test", spf="fail", dkim="none", dmarc="fail")

    def test_a_changed_letter_is_refused(self):
        text = self.keys.sign("reject.test", letter("eve@reject.test", "bob@home.test")).replace("Good day", "Send money")
        code, words = self.bring("eve@reject.test", text=text)
        self.assertEqual(code, 550)
        self.assertIn("DKIM: fail for d=reject.test s=s1", words)

    def test_quarantine_goes_to_junk_with_a_field_for_filters(self):
        received = self.delivered(self.accepted("eve@quarantine.test"), junk=True)
        self.assertEqual(received.message["Postseal-Quarantine"], "dmarc")
        self.assertIn("policy.dmarc=quarantine", self.results(received.message))

    def test_p_none_and_an_exception_are_taken(self):
        for domain in ("none.test", "friend.test"):
            with self.subTest(domain=domain):
                received = self.delivered(self.accepted(f"eve@{domain}"))
                self.assertIn("dmarc=fail", self.results(received.message))

    def test_what_dns_does_not_say_is_deferred(self):
        # A bogus answer is never used, and a server that fails is no answer.
        for domain in ("bogus.test", "broken.test"):
            with self.subTest(domain=domain):
                code, words = self.bring(f"eve@{domain}")
                self.assertEqual(code, 451, words)
                self.assertIn("4.7.0 DNS does not say now", words)

    def test_forged_results_go_and_others_stay(self):
        forged = ("Authentication-Results: mail.home.test; dmarc=pass header.from=bank.test\r\n"
                  "authentication-results : (x) MAIL.home.test 1;\r\n dkim=pass header.d=bank.test\r\n"
                  "Postseal-Quarantine: no\r\n"
                  "Authentication-Results: mx.elsewhere.test; spf=pass\r\n")
        received = self.delivered(self.accepted("eve@far.test", more=forged))
        self.assertNotIn("bank.test", self.results(received.message))
        self.assertNotIn(b"bank.test", received.octets)
        self.assertNotIn("Postseal-Quarantine", received.message)
        self.assertIn("mx.elsewhere.test; spf=pass", received.message.get_all("Authentication-Results"))

    def test_two_authors_are_refused(self):
        code, words = self.bring("eve@far.test", more="From: <boss@bank.test>\r\n")
        self.assertEqual(code, 550)
        self.assertIn("not clear who wrote this letter", words)

    def test_trace_log_and_metrics_tell_of_it(self):
        id = self.accepted("eve@far.test")
        self.server.wait_delivered("bob@home.test", id)
        accepted = self.server.wait_log("accepted", id=id)
        self.assertEqual((accepted["spf"], accepted["dkim"], accepted["arc"], accepted["dmarc"]),
                         ("pass", "none", "none", "pass"))
        [trace] = self.server.ask("trace", id)
        judged = next(event for event in trace["events"] if event.get("event") == "authenticated")
        self.assertEqual(judged["result"], "pass")
        self.assertEqual(judged["spf"]["result"], "pass")
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{self.server.metrics}/metrics", timeout=10).read().decode()
        self.assertRegex(metrics, r'postseal_dmarc_total\{result="pass"\} [1-9]')

    def test_the_command_says_what_the_server_does(self):
        for domain, result, code in (("far.test", "pass", 0), ("reject.test", "fail", 1), ("bogus.test", "temperror", 1)):
            with self.subTest(domain=domain):
                judged = self.server.postseal(
                    "authenticate", "--ip", "127.0.0.1", "--helo", "mx.client.test", "--mail-from", f"eve@{domain}", "-",
                    "--json", check=code, input=letter(f"eve@{domain}"))
                self.assertEqual(json.loads(judged.stdout)["result"], result)

    # --- ours ---

    def submitted(self, text, to="someone@far.test"):
        id = self.server.submit("alice@home.test", [to], text)
        self.server.wait_delivered(to, id)
        return next(each for each in self.lab.letters() if f"id {id}".encode() in each.octets)

    def test_users_letters_verify_elsewhere_with_both_keys(self):
        octets = self.submitted(letter("alice@home.test", "someone@far.test")).octets
        signatures = dkim.DKIM(octets)
        count = octets.count(b"DKIM-Signature:")
        self.assertEqual(count, 2)
        for index in range(count):
            self.assertTrue(signatures.verify(idx=index, dnsfunc=self.key_record), index)
        self.assertNotIn(b"Authentication-Results", octets)

    def test_nothing_can_be_added_to_what_was_signed(self):
        octets = self.submitted(letter("alice@home.test", "someone@far.test")).octets
        for field in (b"From: <eve@far.test>\r\n", b"Subject: other\r\n", b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"):
            with self.subTest(field=field):
                self.assertFalse(dkim.verify(field + octets, dnsfunc=self.key_record))

    def test_nobody_is_signed_for_as_somebody_else(self):
        octets = self.submitted(letter("bob@home.test", "someone@far.test")).octets
        self.assertNotIn(b"DKIM-Signature", octets)

    def test_notifications_are_signed(self):
        id = self.server.submit("alice@home.test", ["someone@bogus.test"], letter("alice@home.test", "someone@bogus.test"))
        since = self.server.log.mark()
        self.server.postseal("queue", "bounce", "recipient=someone@bogus.test", "--reason", "no more", check=0)
        notified = self.server.wait_log("notified", since, letter=id)
        self.server.wait_delivered("alice@home.test", notified["notification"], since)
        told = next(each for each in self.server.maildir("alice")
                    if each.message.get_content_type() == "multipart/report")
        self.assertTrue(dkim.verify(told.without_trace(), dnsfunc=self.key_record), told.octets.decode())

    # --- forwarded ---

    def test_a_forwarded_letter_is_sealed_and_its_bounce_comes_back(self):
        text = self.keys.sign("far.test", letter("eve@far.test", "away@home.test"))
        id = self.accepted("eve@far.test", to="away@home.test", text=text)
        self.server.wait_delivered("someone@far.test", id)
        sent = next(each for each in self.lab.letters() if f"id {id}".encode() in each.octets)
        self.assertRegex(sent.sender, r"^<?SRS0=[^@]+@home\.test>?$")
        cv, _, reason = dkim.arc_verify(sent.octets, dnsfunc=self.key_record)
        self.assertEqual(cv, dkim.CV_Pass, reason)
        self.assertIn("dmarc=pass", re.sub(r"\s+", " ", sent.message["ARC-Authentication-Results"]))

        path = sent.sender.strip("<>")
        with self.server.client() as client:
            client.mail("eve@far.test")
            self.assertEqual(client.rcpt(path)[0], 550)
            client.rset()
            client.mail("<>")
            self.assertEqual(client.rcpt(path.replace("eve", "adam"))[0], 550)
            self.assertEqual(client.rcpt(path)[0], 250)
            bounce = id_of(client.data(letter("mailer@none.test", path, subject="it bounced")))
        self.server.wait_delivered("eve@far.test", bounce)

    def test_what_failed_is_not_sealed_as_if_it_had_passed(self):
        id = self.accepted("eve@none.test", to="away@home.test")
        self.server.wait_delivered("someone@far.test", id)
        sent = next(each for each in self.lab.letters() if f"id {id}".encode() in each.octets)
        self.assertIn("dmarc=fail", re.sub(r"\s+", " ", sent.message["ARC-Authentication-Results"]))


if __name__ == "__main__":
    main()
