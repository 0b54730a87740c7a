# SPDX-License-Identifier: Apache-2.0
"""Ways that mail takes through the server which are not everyday's: other hosts, loops, delays, alphabets, IPv6."""

import email
import email.policy
import os
import pwd
import shutil
import socket
import subprocess
import unittest

from stage import Raw, Refusing, Server, id_of, is_root, letter, main, program, send


ROUTE = '[[route]]\nmatch = "slow.example"\nnext_hop = "[127.0.0.1]:{port}"\n'


class Paths(unittest.TestCase):
    def server(self, **how):
        server = Server(**how)
        self.addCleanup(server.down)
        return server

    def busy(self, *reply):
        busy = Refusing(*reply)
        self.addCleanup(busy.down)
        return busy

    def test_a_local_domain_can_live_on_another_host(self):
        inner = self.server(hostname="inner.home.test", settings={"server.relay_networks": ["127.0.0.1"]},
                            tables='[[domain]]\nname = "inner.test"\nusers = ["dora"]\n').start()
        outer = self.server(tables=f'[[domain]]\nname = "inner.test"\ntransport = "smtp:127.0.0.1:{inner.relay}"\n'
                                   "any_user = true\n").start()
        with outer.client() as client:
            id = send(client, "eve@far.test", "dora@inner.test", letter())
            bad = send(client, "alice@home.test", "nobody@inner.test", letter())
            # Never handed to a host that might read it as a route (A36).
            self.assertEqual(client.mail("eve@far.test")[0], 250)
            self.assertEqual(client.rcpt("x%elsewhere.test@inner.test")[0], 550)
        outer.wait_log("attempt", letter=id, outcome="delivered")
        accepted = inner.wait_log("accepted", **{"from": "eve@far.test"})
        inner.wait_log("attempt", letter=accepted["id"], outcome="delivered")
        [arrived] = inner.maildir("dora", "inner.test")
        self.assertEqual(len(arrived.message.get_all("Received")), 2)
        outer.wait_log("notified", letter=bad, kind="failed")

    def test_a_letter_that_goes_round_in_circles_ends(self):
        # RFC 5321 §6.3
        server = self.server(settings={"server.relay_networks": ["127.0.0.1"]})
        server.configure({"server.relay_networks": ["127.0.0.1"]},
                         f'[[route]]\nmatch = "circle.example"\nnext_hop = "[127.0.0.1]:{server.relay}"\n')
        server.start()
        with server.client() as client:
            send(client, "alice@home.test", "x@circle.example", letter())
        refused = server.wait_log("attempt", to="x@circle.example", outcome="bounced")
        self.assertEqual(refused["status"], "5.4.6")
        server.wait_log("attempt", to="alice@home.test", outcome="delivered")
        rounds = [line for line in server.log.all() if line["event"] == "accepted"]
        self.assertLess(len(rounds), 110)

    def test_a_delayed_letter_is_reported_once(self):
        busy = self.busy()
        server = self.server(settings={"queue.delay_warning": "1s", "queue.first_retry": "1s"},
                             tables=ROUTE.format(port=busy.port)).start()
        id = server.submit("alice@home.test", ["x@slow.example"], letter())
        notified = server.wait_log("notified", letter=id, kind="delayed")
        server.wait_delivered("alice@home.test", notified["notification"])
        server.wait_log("attempt", letter=id, attempt=3)
        kinds = [line["kind"] for line in server.log.all() if line["event"] == "notified"]
        self.assertEqual(kinds, ["delayed"])
        [report] = server.maildir("alice")
        status = report.message.get_payload(1).get_payload()
        # RFC 3464 §2.3.3, §2.3.9
        self.assertEqual((status[1]["Action"], status[1]["Status"]), ("delayed", "4.2.1"))
        self.assertIsNotNone(status[1]["Will-Retry-Until"])
        self.assertEqual(len(server.queue()), 1)

    def test_whoever_does_not_want_to_be_told_of_delays_is_not(self):
        busy = self.busy()
        server = self.server(settings={"queue.delay_warning": "1s", "queue.first_retry": "1s"},
                             tables=ROUTE.format(port=busy.port)).start()
        id = server.submit("alice@home.test", ["x@slow.example"], letter(), rcpt_options=["NOTIFY=FAILURE"])
        server.wait_log("attempt", letter=id, attempt=3)
        self.assertFalse([line for line in server.log.all() if line["event"] == "notified"])

    def test_addresses_and_headers_in_other_alphabets(self):
        # RFC 6531
        server = self.server(tables='[[domain]]\nname = "bücher.test"\nusers = ["grün"]\n').start()
        text = "From: <grün@bücher.test>\r\nSubject: Œuvre\r\n\r\nKäse\r\n".encode()
        with server.client() as client:
            self.assertEqual(client.docmd("MAIL", "FROM:<eve@far.test> BODY=8BITMIME SMTPUTF8")[0], 250)
            client.command_encoding = "utf-8"
            self.assertEqual(client.docmd("RCPT", "TO:<grün@bücher.test>")[0], 250)
            id = id_of(client.data(text))
            # RFC 6531 §3.4: without the parameter only in ASCII; the domain's other name is the same domain.
            self.assertEqual(client.mail("eve@far.test")[0], 250)
            self.assertIn(client.docmd("RCPT", "TO:<grün@bücher.test>")[0], (501, 550, 553))
            self.assertEqual(client.docmd("RCPT", "TO:<nobody@xn--bcher-kva.test>")[0], 550)
        server.wait_log("attempt", letter=id, outcome="delivered")
        found = list((server.store / "mail").rglob("new/*"))
        self.assertEqual(len(found), 1)
        self.assertIn(text.replace(b"\r\n", b"\n"), found[0].read_bytes())
        trace = email.message_from_bytes(found[0].read_bytes(), policy=email.policy.default)["Received"]
        self.assertIn("with UTF8SMTP", trace)

    def test_every_address_of_both_families(self):
        server = self.server()
        server.config.write_text(server.config.read_text().replace('address = "127.0.0.1"', 'address = "*"'))
        server.start()
        for address, shown in (("::1", "[IPv6:::1]"), ("127.0.0.1", "[127.0.0.1]")):
            with self.subTest(address=address), Raw(socket.create_connection((address, server.relay), 30)) as session:
                session.reply()
                session.command("EHLO client.test")
                session.command("MAIL FROM:<eve@far.test>")
                session.command("RCPT TO:<bob@home.test>")
                session.command("DATA")
                id = id_of((250, session.say(b"Subject: x\r\n\r\n.\r\n")[4:].encode()))
                server.wait_delivered("bob@home.test", id)
                arrived = next(each for each in server.maildir("bob") if id.encode() in each.octets)
                self.assertIn(f"from client.test ({shown})", arrived.message["Received"])

    def test_a_letter_that_is_too_large_is_refused_even_if_it_was_not_announced(self):
        server = self.server(settings={"limits.message_size": "64K"}).start()
        large = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 40_000
        with server.client() as client:
            client.mail("eve@far.test")
            client.rcpt("bob@home.test")
            self.assertEqual(client.data(large)[0], 552)
            self.assertEqual(client.noop()[0], 250)
            # A23: a lie about the size helps nobody.
            self.assertEqual(client.mail("eve@far.test", ["SIZE=10"])[0], 250)
            client.rcpt("bob@home.test")
            self.assertEqual(client.data(large)[0], 552)

    def test_aliases_in_a_circle_are_the_postmasters_trouble(self):
        server = self.server(tables='[[alias]]\nmatch = "ring@home.test"\nto = ["gnir@home.test"]\n'
                                    '[[alias]]\nmatch = "gnir@home.test"\nto = ["ring@home.test"]\n').start()
        with server.client() as client:
            client.mail("eve@far.test")
            code, text = client.rcpt("ring@home.test")
            self.assertEqual((code, text[:5]), (451, b"4.3.5"))

    def test_only_its_user_and_root_may_ask_the_server(self):
        server = self.server().start()
        if not is_root():
            # Nobody else to try it as: the mode says it.
            self.assertEqual(os.stat(server.socket).st_mode & 0o077, 0)
            return
        other = pwd.getpwnam("daemon").pw_uid
        # Where the build is may be closed to him; the program is not what he is kept from.
        copy = server.home / "postseal"
        shutil.copy(program(), copy)
        copy.chmod(0o755)
        done = subprocess.run([copy, "queue", "list", "--socket", server.socket], capture_output=True, text=True,
                              user=other, group=other, extra_groups=[])
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("be root or the user", done.stderr)

    def test_a_check_looks_with_the_eyes_of_the_server(self):
        server = self.server()
        server.postseal("config", "check", check=0)
        if is_root():
            os.chown(server.key, 0, 0)
        else:
            server.key.chmod(0)
        self.assertIn(str(server.key), server.postseal("config", "check", check=78).stderr)

    def test_settings_can_be_checked_and_shown(self):
        server = self.server(tables='[[alias]]\nmatch = "news@home.test"\nto = ["bob@home.test"]\n')
        server.postseal("config", "check", check=0)
        shown = server.postseal("config", "show", check=0).stdout
        copy = server.home / "copy.toml"
        copy.write_text(shown)
        again = subprocess.run([program(), "config", "show", "--config", copy], capture_output=True, text=True).stdout
        self.assertEqual(shown, again)
        self.assertIn("news@home.test", shown)


if __name__ == "__main__":
    main()
