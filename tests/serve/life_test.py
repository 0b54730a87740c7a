# SPDX-License-Identifier: Apache-2.0
"""A server's life: its start, what it is told while it runs, and its end."""

import base64
import os
import pwd
import random
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from stage import PASSWORD, UNPRIVILEGED, Refusing, Server, is_root, letter, main, program, run, send

ROUTE = '[[route]]\nmatch = "elsewhere.example"\nnext_hop = "[127.0.0.1]:{port}"\n'
ALIAS = '[[alias]]\nmatch = "news@home.test"\nto = ["bob@home.test"]\n'


class Life(unittest.TestCase):
    def server(self, **how):
        server = Server(**how)
        self.addCleanup(server.down)
        return server


class Mute:
    """A name server that takes every question and answers none."""

    def __init__(self):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def settings(self):
        host, port = self.socket.getsockname()
        return {"authentication.enabled": True, "authentication.timeout": "60s", "resolver.mode": f"forward:{host}:{port}",
                "resolver.timeout": "60s", "server.graceful_stop": "1s"}


class EndWhileDnsIsAsked(Life):
    def asking(self):
        """A server with four letters that wait for DNS, and one whose client has gone in the middle of it."""
        names = Mute()
        self.addCleanup(names.socket.close)
        # What has been freed and is used all the same does not look well by chance.
        server = self.server(settings=names.settings()).start(environment={"MALLOC_PERTURB_": "165"})
        for number in range(5):
            client = server.client()
            self.addCleanup(client.close)
            client.mail(f"eve@far{number}.test")
            client.rcpt("bob@home.test")
            client.docmd("DATA")
            if number == 4:
                client.send("From: eve@far.test\r\n\r\nhalf")
                client.close()
            else:
                client.send("From: eve@far.test\r\n\r\nGood day.\r\n.\r\n")
        names.socket.settimeout(20)
        names.socket.recv(512)
        return server

    def test_letters_that_wait_for_dns_are_not_waited_for(self):
        server = self.asking()
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual([line for line in server.log.all() if line.get("event") == "accepted"], [])

    def test_a_second_signal_ends_it_among_questions(self):
        server = self.asking()
        since = server.log.mark()
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("ending", since)
        self.assertEqual(server.stop(), 0)


class Reload(Life):
    def test_a_new_alias_counts_for_new_sessions_and_nobody_is_disconnected(self):
        server = self.server().start()
        with server.client() as old:
            old.mail("eve@far.test")
            self.assertEqual(old.rcpt("news@home.test")[0], 550)
            server.configure(tables=ALIAS)
            self.assertEqual(server.reload()["result"], "new settings are in force")
            # This session is judged by the rules that it began with, and goes on.
            self.assertEqual(old.rcpt("news@home.test")[0], 550)
            self.assertEqual(old.rcpt("bob@home.test")[0], 250)
            with server.client() as new:
                id = send(new, "eve@far.test", "news@home.test", letter())
            server.wait_delivered("bob@home.test", id)
            self.assertEqual(old.data(letter())[0], 250)

    def test_a_new_certificate_is_shown_and_a_broken_one_is_not(self):
        server = self.server().start()

        def shown():
            with server.raw(server.submissions) as session:
                return session.start_tls(unverified()).socket.getpeercert(True)

        def unverified():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context

        first = shown()
        with server.client(starttls=True) as old:
            server.make_certificate(days=20)
            self.assertEqual(server.reload()["result"], "new settings are in force")
            second = shown()
            self.assertNotEqual(first, second)
            server.certificate.write_text("broken\n")
            since = server.log.mark()
            server.reload()
            server.wait_log("reload", since, result="kept the old certificate")
            self.assertEqual(shown(), second)
            self.assertEqual(old.noop()[0], 250)

    def test_settings_with_a_mistake_leave_everything_as_it_was(self):
        server = self.server(tables=ALIAS).start()
        text = server.config.read_text()
        server.config.write_text(text.replace(ALIAS, "") + "[[alias]]\nmatch = 7\n")
        said = server.reload()
        self.assertEqual(said["result"], "kept the old settings")
        self.assertIn(f"{server.config}:", said["what"])
        self.assertIn("alias.match", said["what"])
        with server.client() as client:
            send(client, "eve@far.test", "news@home.test", letter())

    def test_accounts_that_are_added_while_it_runs_can_log_in_and_get_mail(self):
        server = self.server().start()
        server.add_account("carol")
        with server.client(server.submissions, user="carol") as client:
            # The login counts at once, the mailbox at the latest after a reload.
            server.reload()
            send(client, "carol@home.test", "bob@home.test", letter())
        with server.client() as client:
            id = send(client, "eve@far.test", "carol@home.test", letter())
        server.wait_delivered("carol@home.test", id)
        server.postseal("account", "lock", "carol@home.test", check=0)
        with server.client(server.submissions) as client:
            self.assertEqual(client.docmd("AUTH", "PLAIN " + plain("carol@home.test"))[0], 525)

    def test_an_app_password_works_until_it_is_taken_back(self):
        server = self.server().start()
        made = server.postseal("account", "app-password", "alice@home.test", "phone", check=0).stdout.split()
        with server.client(server.submissions) as client:
            secret = next(word for word in reversed(made) if self.opens(server, word))
        server.postseal("account", "app-password", "alice@home.test", "phone", "--remove", check=0)
        self.assertFalse(self.opens(server, secret))

    @staticmethod
    def opens(server, password):
        with server.client(server.submissions) as client:
            return client.docmd("AUTH", "PLAIN " + plain("alice@home.test", password))[0] == 235


def plain(user, password=PASSWORD):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


class End(Life):
    def test_sigterm_says_421_to_those_who_wait_and_lets_a_letter_end(self):
        server = self.server().start()
        idle, busy = server.raw(), server.raw()
        with idle, busy:
            for session in (idle, busy):
                session.reply()
                session.command("EHLO client.test")
            busy.command("MAIL FROM:<eve@far.test>")
            busy.command("RCPT TO:<bob@home.test>")
            busy.command("DATA")
            busy.send(b"Subject: in time\r\n\r\n")
            server.process.send_signal(signal.SIGTERM)
            # RFC 5321 §3.8: said, not just closed.
            self.assertTrue(idle.reply().startswith("421 4.3.2"))
            self.assertEqual(idle.reply(), "")
            server.wait_log("ending")
            self.assertTrue(busy.say(b".\r\n").startswith("250 2.0.0"))
            self.assertTrue(busy.reply().startswith("421 "))
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", server.relay), 5)
        self.assertEqual(server.stop(), 0)

    def test_a_session_that_never_ends_is_cut_after_the_grace(self):
        server = self.server(settings={"server.graceful_stop": "1s"}).start()
        with server.raw() as session:
            session.reply()
            session.command("EHLO client.test")
            session.command("MAIL FROM:<eve@far.test>")
            session.command("RCPT TO:<bob@home.test>")
            session.command("DATA")
            self.assertEqual(server.stop(), 0)

    def test_what_was_queued_is_delivered_after_a_restart(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how.name):
                busy = Refusing()
                self.addCleanup(busy.down)
                first = self.server(tables=ROUTE.format(port=busy.port)).start()
                id = first.submit("alice@home.test", ["x@elsewhere.example", "bob@home.test"], letter())
                first.wait_log("attempt", letter=id, outcome="deferred")
                first.wait_delivered("bob@home.test", id)
                first.wait_queue(lambda letters: len(letters[0]["recipients"]) == 2 and
                                 {each["status"] for each in letters[0]["recipients"]} == {"waiting", "delivered"})
                first.stop(how)
                target = self.server(users=("carol",), hostname="other.home.test",
                                     settings={"server.relay_networks": ["127.0.0.1"]}).start()
                first.configure(tables=ROUTE.format(port=target.relay))
                first.start()
                self.assertEqual(first.wait_log("ready")["queued"], 1)
                first.postseal("queue", "flush", "all")
                first.wait_log("attempt", letter=id, to="x@elsewhere.example", outcome="delivered")
                target.wait_log("accepted", **{"from": "alice@home.test"})
                # Nobody got it twice.
                self.assertEqual(len(first.maildir("bob")), 1)
                [trace] = first.ask("trace", id)
                self.assertIsNone(trace["letter"])


class Start(Life):
    def fails(self, server, code, *words):
        done = subprocess.run([program(), "serve", "--config", server.config], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)
        return done.stderr

    def test_a_mistake_in_the_settings_is_named_with_file_line_and_key(self):
        for line, key, words in [
            ("[queue]\nlifetime = \"soon\"\n", "queue.lifetime", "allowed"),
            ("[queue]\nlifetyme = \"1d\"\n", "queue.lifetyme", "did you mean queue.lifetime"),
            ("[limits]\nmessage_size = -1\n", "limits.message_size", "allowed"),
            ("[[domain]]\nname = \"not a domain\"\n", "domain.name", ""),
            ("[[alias]]\nmatch = \"x@home.test\"\n", "alias", ""),
            ("[[listener]]\nrole = \"relais\"\n", "listener.role", "relay"),
        ]:
            with self.subTest(key=key):
                server = self.server(users=())
                server.configure()
                text = server.config.read_text()
                section = line.split("\n")[0] + "\n"
                if not section.startswith("[[") and section in text:
                    text = text.replace(section, line)
                else:
                    text += line
                server.config.write_text(text)
                number = text[:text.index(line)].count("\n") + 1
                said = self.fails(server, 78, key, words)
                self.assertRegex(said, rf"postseal: {server.config}:({number}|{number + 1}): {key}")
                checked = server.postseal("config", "check", check=78)
                self.assertIn(f"{server.config}:", checked.stdout + checked.stderr)

    def test_a_port_that_is_taken(self):
        server = self.server(users=())
        with socket.socket() as other:
            other.bind(("127.0.0.1", server.relay))
            other.listen()
            self.fails(server, 69, f"port {server.relay}")

    def test_a_key_that_others_can_read(self):
        server = self.server(users=())
        server.key.chmod(0o644)
        self.fails(server, 78, server.key, "chmod")

    def test_a_store_that_others_can_enter(self):
        server = self.server()
        server.store.chmod(0o755)
        self.fails(server, 77, server.store, "chmod")

    def test_there_is_no_certificate(self):
        server = self.server(users=())
        server.certificate.unlink()
        self.fails(server, 78, server.certificate)

    def test_a_store_in_use(self):
        server = self.server().start()
        other = self.server(users=(), settings={"store.directory": str(server.store)})
        self.fails(other, 69, "store")

    def test_it_says_where_more_connections_are_allowed_than_files(self):
        server = self.server()
        server.start(command=["sh", "-c", 'ulimit -n 300; exec "$@"', "sh", program(), "serve", "--config",
                              str(server.config)])
        self.assertIn("only 300 files", server.wait_log("limits")["what"])

    def test_it_runs_as_an_ordinary_user_for_good(self):
        server = self.server().start()
        status = dict(line.split(":\t", 1) for line in
                      Path(f"/proc/{server.process.pid}/status").read_text().splitlines() if ":\t" in line)
        uid = pwd.getpwnam(UNPRIVILEGED).pw_uid if is_root() else os.geteuid()
        self.assertEqual(status["Uid"].split(), [str(uid)] * 4)
        self.assertEqual(status["NoNewPrivs"], "1")
        # What nobody has cannot be got back; only root may also empty the set of what could be.
        for capabilities in ["CapInh", "CapPrm", "CapEff", "CapAmb"] + ["CapBnd"] * is_root():
            self.assertEqual(int(status[capabilities], 16), 0, capabilities)

    def test_what_it_writes_is_for_nobody_else(self):
        server = self.server().start()
        id = server.submit("alice@home.test", ["bob@home.test"], letter())
        server.wait_delivered("bob@home.test", id)
        self.assertEqual(stat.S_IMODE(server.store.stat().st_mode), 0o700)
        for directory, _, files in os.walk(server.store):
            for name in files:
                mode = stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode)
                self.assertEqual(mode & 0o077, 0, f"{directory}/{name} {mode:o}")


# Puts the sockets where systemd puts them, and says so to the program that it becomes.
HANDED = """
import os, sys
descriptors = [int(each) for each in sys.argv[1].split(",")]
high = [os.dup2(each, 100 + i) for i, each in enumerate(descriptors)]
for i, each in enumerate(high):
    os.dup2(each, 3 + i, inheritable=True)
    os.close(each)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(high))
os.environ["LISTEN_FDNAMES"] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])
"""


class Systemd(Life):
    def test_handed_sockets_stand_in_for_the_listeners_and_readiness_is_told(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o755)
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notified.close)
        notified.settimeout(30)
        notified.bind(directory.name + "/notify")
        os.chmod(directory.name + "/notify", 0o777)
        names = ["relay", "submission", "submissions"]
        sockets = []
        for _ in names:
            listening = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(listening.close)
            sockets.append(listening)
        descriptors = [each.fileno() for each in sockets]
        server = self.server()
        server.start(
            environment={"NOTIFY_SOCKET": directory.name + "/notify"},
            command=[sys.executable, "-c", HANDED, ",".join(map(str, descriptors)), ":".join(names), program(), "serve",
                     "--config", str(server.config)],
            pass_fds=descriptors)
        self.assertEqual(notified.recv(100), b"READY=1")
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", server.relay), 5)
        server.relay, server.submission, server.submissions = (each.getsockname()[1] for each in sockets)
        with server.client() as client:
            id = send(client, "eve@far.test", "bob@home.test", letter())
        server.wait_delivered("bob@home.test", id)
        server.submit("alice@home.test", ["bob@home.test"], letter())
        with server.client(server.submission, starttls=True, user="alice") as client:
            self.assertEqual(client.mail("alice@home.test")[0], 250)
        server.reload()
        told = [notified.recv(200), notified.recv(200)]
        self.assertTrue(told[0].startswith(b"RELOADING=1\nMONOTONIC_USEC="), told)
        self.assertEqual(told[1], b"READY=1")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(notified.recv(100), b"STOPPING=1")
        # The sockets are systemd's: whoever comes while it restarts waits, and is not refused.
        socket.create_connection(("127.0.0.1", server.relay), 5).close()


def free_port_base():
    """Where `init --port-base` finds its three ports free, below those that connections of other tests get by themselves."""
    while True:
        base = random.randrange(10_000, 31_000)
        try:
            for port in (25, 465, 587):
                socket.create_server(("", base + port)).close()
        except OSError:
            continue
        return base


class FromNothing(Life):
    def test_init_serve_and_a_letter_arrives(self):
        home = Path(tempfile.mkdtemp(prefix="postseal-init-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", home])
        home.chmod(0o755)
        base = free_port_base()
        arguments = ["init", "--hostname", "mail.home.test", "--domain", "home.test", "--user", "alice", "--directory",
                     home / "mail", "--port-base", base, "--password-file", "-"]
        if is_root():
            Server.own(home)
            arguments += ["--run-as", UNPRIVILEGED]
        said = run(*arguments, input=PASSWORD + "\n", check=0).stdout
        config = home / "mail" / "postseal.toml"
        self.assertIn(str(config), said)
        self.assertIn("postseal serve", said)
        self.assertIn("_25._tcp.mail.home.test", said.replace("\n", " "))
        run(*arguments, input=PASSWORD + "\n", check=73)  # overwrites nothing
        run("config", "check", "--config", config, check=0)
        [certificate] = [path for path in (home / "mail").rglob("*.pem") if "CERTIFICATE" in path.read_text()]
        [accounts] = (home / "mail").rglob("accounts")
        server = Server.found(config, accounts.parent, certificate, base + 25, base + 587, base + 465)
        self.addCleanup(server.stop)
        text = config.read_text()
        config.write_text(text.replace("[log]\n", '[log]\nformat = "json"\n', 1))
        server.start()
        with server.client(server.submissions, user="alice") as client:
            id = send(client, "alice@home.test", "alice@home.test", letter())
        server.wait_delivered("alice@home.test", id)
        [arrived] = server.maildir("alice")
        self.assertEqual(arrived.message["Subject"], "hello")
        self.assertEqual(server.reload()["result"], "new settings are in force")
        self.assertEqual(server.queue(), [])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
