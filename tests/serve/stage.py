# SPDX-License-Identifier: Apache-2.0
"""What the tests of the whole server stand on: a lab world, a `postseal serve` with settings of its own in a temporary
directory, and the ways in which users and operators talk to it. Nothing here sleeps: the server's log lines are the
clock, and every wait has a deadline.

The program is named by the environment variable POSTSEAL, as ctest sets it. As root the lab lives in a network
namespace of its own, and the test and its server join it; POSTSEAL_HIGH_PORTS=1 stays on loopback as for ordinary
users.
"""

import base64
import ctypes
import email
import email.policy
import http.client
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_ports

PATIENCE = 30.0
HERE = Path(__file__).resolve().parent
PASSWORD = "correct horse battery staple"
# Whoever we are as root: somebody who may not do more than an ordinary user.
UNPRIVILEGED = "nobody"


def program():
    path = os.environ.get("POSTSEAL")
    if not path:
        raise RuntimeError("set POSTSEAL to the program under test")
    return path


def is_root():
    return os.geteuid() == 0


def high_ports():
    return not is_root() or os.environ.get("POSTSEAL_HIGH_PORTS") == "1"


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str)):
        return json.dumps(value)
    return "[" + ", ".join(toml(each) for each in value) + "]"


class Lines:
    """The lines that a process writes, as they come; wait_for() returns the first that fits, from a mark on."""

    def __init__(self, stream, parse=lambda line: line):
        self._lines, self._raw, self._ended = [], [], False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream, parse), daemon=True)
        self._thread.start()

    def _read(self, stream, parse):
        with stream:
            for raw in stream:
                text = raw.decode("utf-8", "replace").rstrip("\n")
                with self._condition:
                    self._raw.append(text)
                    self._lines.append(parse(text))
                    self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def mark(self):
        with self._condition:
            return len(self._lines)

    def all(self, since=0):
        with self._condition:
            return self._lines[since:]

    def text(self, most=8):
        """The last lines, for people."""
        with self._condition:
            return "\n".join(self._raw[-most:])

    def wait_for(self, fits, since=0, patience=PATIENCE):
        found = []

        def look():
            found[:] = [line for line in self._lines[since:] if fits(line)]
            return found or self._ended

        with self._condition:
            self._condition.wait_for(look, patience)
            if found:
                return found[0]
        raise AssertionError("what was waited for did not come; the log ends:\n" + self.text())

    def join(self):
        self._thread.join(PATIENCE)


def run(*arguments, input=None, check=None):
    """The program, once. check: the exit code that it must have."""
    result = subprocess.run([program(), *map(str, arguments)], input=input, capture_output=True, text=True,
                            timeout=PATIENCE * 2)
    if check is not None and result.returncode != check:
        raise AssertionError(f"postseal {' '.join(map(str, arguments))}: exit code {result.returncode}, not {check}\n"
                             f"{result.stdout}{result.stderr}")
    return result


CLONE_NEWNET = 0x40000000


def network_namespace(path):
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def enter(namespace):
    """This thread, and whatever it starts from now on."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Lab:
    """A world that is up. `settings` is what somebody who lives in it must have set."""

    def __init__(self, world):
        self.home = Path(tempfile.mkdtemp(prefix="postseal-lab-"))
        self.home.chmod(0o755)
        self.directory = self.home / "lab"
        self._outside = None
        command = [program(), "lab", "up", str(world), "--keep", str(self.directory)]
        if high_ports():
            command.append("--high-ports")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._output = Lines(self._process.stdout)
        try:
            self._output.wait_for(lambda line: line.startswith("Ctrl-C"), patience=PATIENCE * 2)
            if not high_ports():
                self._outside = network_namespace("/proc/thread-self/ns/net")
                inside = network_namespace(f"/proc/{self._process.pid}/ns/net")
                enter(inside)
                os.close(inside)
            self.settings = (self.directory / "postseal.toml").read_text()
            # The caches of lab and server are written by different users.
            self.settings = "\n".join(line for line in self.settings.splitlines() if not line.startswith("cache_dir"))
            self.received = self.directory / "received.jsonl"
        except BaseException:
            self.down()
            raise

    def down(self):
        if self._outside is not None:
            enter(self._outside)
            os.close(self._outside)
            self._outside = None
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._output.join()
        shutil.rmtree(self.home, ignore_errors=True)

    def output(self):
        return self._output.text()

    def is_up(self):
        return self._process.poll() is None

    def events(self):
        """What the lab's servers saw until now; each event with the name of its host."""
        hosts, events = {}, []
        for line in self.received.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "session":
                hosts[event["session"]] = event["host"]
            event["host"] = hosts.get(event["session"], "?")
            events.append(event)
        return events

    def letters(self, host=None, containing=b""):
        """Letters that were taken whole: parsed, with .recipients, .sender, .parameters, .octets, .host, .session."""
        result = []
        for event in self.events():
            if event["event"] != "letter" or not event["accepted"] or (host and event["host"] != host):
                continue
            letter = Letter(base64.b64decode(event["body_base64"]))
            if containing not in letter.octets:
                continue
            letter.host, letter.session = event["host"], event["session"]
            letter.sender = base64.b64decode(event["from_base64"]).decode()
            letter.parameters = base64.b64decode(event["parameters_base64"]).decode()
            letter.recipients = [base64.b64decode(each).decode() for each in event["recipients_base64"]]
            result.append(letter)
        return result

    def octets_at(self, host):
        """Of letters, whole or not."""
        return sum(1 for event in self.events() if event["host"] == host and event["event"] == "octets")


class Letter:
    def __init__(self, octets):
        self.octets = octets
        self.message = email.message_from_bytes(octets, policy=email.policy.default)

    def without_trace(self):
        """Below the fields that a server puts in front on delivery."""
        rest = self.octets
        while rest.lower().startswith((b"return-path:", b"delivered-to:", b"received:")):
            end = rest.index(b"\n") + 1
            while rest[end:end + 1] in (b" ", b"\t"):
                end = rest.index(b"\n", end) + 1
            rest = rest[end:]
        return rest


class Server:
    """`postseal serve` with listeners on loopback, the domain home.test and the users alice and bob."""

    DOMAIN = "home.test"
    USERS = ("alice", "bob")

    def __init__(self, lab=None, settings=None, tables="", users=USERS, hostname="mail.home.test"):
        self.lab, self.hostname = lab, hostname
        self.home = Path(tempfile.mkdtemp(prefix="postseal-serve-"))
        self.home.chmod(0o755)
        self.own(self.home)
        self.config = self.home / "postseal.toml"
        self.store = self.home / "store"
        self.certificate, self.key = self.home / "cert.pem", self.home / "key.pem"
        self.socket = self.home / "run" / "admin.sock"
        self.relay, self.submission, self.submissions, self.metrics = free_ports(4)
        self.process, self.log = None, None
        self.make_certificate()
        self.configure(settings, tables)
        for user in users:
            self.add_account(user)

    @classmethod
    def found(cls, config, store, certificate, relay, submission, submissions):
        """One whose settings somebody else has written."""
        server = cls.__new__(cls)
        server.config, server.store, server.certificate = config, store, certificate
        server.relay, server.submission, server.submissions = relay, submission, submissions
        server.process, server.log = None, None
        return server

    # --- what it is made of ---

    def configure(self, settings=None, tables=""):
        """settings: {"queue.first_retry": "1s"} over those of the tests; tables: more TOML, such as [[alias]]."""
        values = {
            "server.certificate": str(self.certificate),
            "server.key": str(self.key),
            "server.io_threads": 2,
            "server.graceful_stop": "5s",
            "queue.first_retry": "1h",
            "store.directory": str(self.store),
            "store.segment_size": "8M",
            "admin.socket": str(self.socket),
            "admin.metrics_address": f"127.0.0.1:{self.metrics}",
            "log.format": "json",
            "log.level": "debug",
            # The clients of these tests are nobody's servers; authentication_test.py asks who they are.
            "authentication.enabled": False,
        }
        if is_root():
            values["server.user"] = UNPRIVILEGED
        text = ""
        if self.lab:
            text = self.lab.settings.replace("sender.lab.test", self.hostname) + "\n"
        else:
            # Nothing in such a test needs names; nothing may ask the real ones.
            values |= {"delivery.hostname": self.hostname, "resolver.trust_anchor": "none",
                       "resolver.mode": "forward:127.0.0.1:9", "resolver.timeout": "1s", "mta_sts.timeout": "1s"}
        values |= settings or {}
        sections = {}
        for key, value in values.items():
            section, _, name = key.rpartition(".")
            sections.setdefault(section, []).append(f"{name} = {toml(value)}")
        # A section stands once in a file: what the lab has begun is gone on with.
        for section, lines in sections.items():
            block = "\n".join(lines) + "\n"
            head = f"[{section}]\n"
            if section == "":
                text = block + text
            elif head in text:
                text = text.replace(head, head + block)
            else:
                text += "\n" + head + block
        for role, port in (("relay", self.relay), ("submission", self.submission), ("submissions", self.submissions)):
            text += f'\n[[listener]]\nrole = "{role}"\naddress = "127.0.0.1"\nport = {port}\n'
        if f'name = "{self.DOMAIN}"' not in tables:
            text += f'\n[[domain]]\nname = "{self.DOMAIN}"\n'
        self.config.write_text(text + "\n" + tables)

    def make_certificate(self, days=30):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", self.key, "-out", self.certificate, "-days", str(days), "-subj",
                        f"/CN={self.hostname}", "-addext",
                        f"subjectAltName=DNS:{self.hostname},IP:127.0.0.1"],
                       check=True, capture_output=True)
        self.key.chmod(0o600)
        self.own(self.key)

    @staticmethod
    def own(path):
        if is_root():
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(path, user.pw_uid, user.pw_gid)

    def add_account(self, user):
        run("account", "add", f"{user}@{self.DOMAIN}", "--config", self.config, "--password-file", "-",
            input=PASSWORD + "\n", check=0)

    # --- its life ---

    def start(self, environment=None, command=None, pass_fds=()):
        command = command or [program(), "serve", "--config", str(self.config)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=pass_fds,
                                        env={**os.environ, **(environment or {})})
        self.log = Lines(self.process.stderr, self._parse)
        self.wait_log("ready")
        return self

    @staticmethod
    def _parse(line):
        try:
            return json.loads(line)
        except ValueError:
            return {"event": "not-json", "text": line}

    def wait_log(self, event, since=0, **fields):
        """The first such line; a field may be a test of its own."""

        def fits(line):
            return line.get("event") == event and all(
                value(line.get(key)) if callable(value) else line.get(key) == value for key, value in fields.items())

        return self.log.wait_for(fits, since)

    def stop(self, how=signal.SIGTERM):
        """Its exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "it did not end"
        self.log.join()
        self.process = None
        return code

    def reload(self):
        since = self.log.mark()
        self.process.send_signal(signal.SIGHUP)
        return self.wait_log("reload", since)

    def down(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    # --- talking to it ---

    def tls(self):
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = False
        return context

    def client(self, port=None, starttls=False, user=None, password=PASSWORD):
        """An SMTP session: relay without a port; a submission with a user."""
        if port == self.submissions:
            client = smtplib.SMTP_SSL("127.0.0.1", port, "client.test", timeout=PATIENCE, context=self.tls())
        else:
            client = smtplib.SMTP("127.0.0.1", port or self.relay, "client.test", timeout=PATIENCE)
            if starttls:
                client.starttls(context=self.tls())
        client.ehlo_or_helo_if_needed()
        if user:
            client.login(f"{user}@{self.DOMAIN}", password)
        return client

    def submit(self, sender, recipients, text, options=(), rcpt_options=()):
        """As a user does. Returns the letter's id."""
        with self.client(self.submissions, user=sender.partition("@")[0]) as client:
            return send(client, sender, recipients, text, options, rcpt_options)

    def raw(self, port=None):
        return Raw(socket.create_connection(("127.0.0.1", port or self.relay), PATIENCE))

    def maildir(self, user, domain=DOMAIN):
        """The letters there, oldest first."""
        new = self.store / "mail" / domain / user / "new"
        if not new.is_dir():
            return []
        files = sorted(new.iterdir(), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return [Letter(file.read_bytes()) for file in files]

    def wait_delivered(self, recipient, letter, since=0):
        return self.wait_log("attempt", since, to=recipient, outcome="delivered", letter=letter)

    def postseal(self, *arguments, check=None, input=None):
        return run(*arguments, "--config", self.config, check=check, input=input)

    def ask(self, *arguments):
        """JSON of a command: one object for each line."""
        output = self.postseal(*arguments, "--json", check=0).stdout
        return [json.loads(line) for line in output.splitlines()]

    def admin(self, method, path):
        """Over the admin socket: status, body."""

        class Connection(http.client.HTTPConnection):
            def connect(connection):
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(PATIENCE)
                connection.sock.connect(str(self.socket))

        connection = Connection("postseal")
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def queue(self, *selectors):
        return self.ask("queue", "list", *selectors)

    def wait_queue(self, fits, *selectors):
        """The admin socket is asked again and again, with a deadline: some states have no log line of their own."""
        until = time.monotonic() + PATIENCE
        while True:
            query = "&".join(f"select={each}" for each in selectors)
            letters = json.loads(self.admin("GET", f"/queue?{query}" if query else "/queue")[1])["letters"]
            if fits(letters):
                return letters
            if time.monotonic() > until:
                raise AssertionError(f"the queue stays like this: {json.dumps(letters, indent=1)}\n{self.log.text()}")


def send(client, sender, recipients, text, options=(), rcpt_options=()):
    """smtplib's sendmail, and the id from the final reply. text: str or octets, line ends as they are to be sent."""
    if isinstance(recipients, str):
        recipients = [recipients]
    expect(client.mail(sender, options), 250)
    for recipient in recipients:
        expect(client.rcpt(recipient, rcpt_options), 250)
    return id_of(client.data(text))


def expect(reply, code):
    if reply[0] != code:
        raise AssertionError(f"{reply[0]} {reply[1].decode()}, not {code}")
    return reply[1].decode()


def id_of(reply):
    return expect(reply, 250).rsplit(" ", 1)[1]


class Raw:
    """SMTP octet by octet."""

    def __init__(self, connection):
        self.socket, self.unread = connection, b""
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        """All lines of one reply; empty: the other side has closed."""
        lines = []
        while True:
            while b"\n" not in self.unread:
                try:
                    more = self.socket.recv(65536)
                except ConnectionResetError:
                    more = b""
                if not more:
                    return ""
                self.unread += more
            line, _, self.unread = self.unread.partition(b"\n")
            lines.append(line.decode().rstrip("\r"))
            if lines[-1][3:4] != "-":
                return "\n".join(lines)

    def say(self, line):
        self.send(line.encode() if isinstance(line, str) else line)
        return self.reply()

    def command(self, line):
        self.send(line.encode() + b"\r\n" if isinstance(line, str) else line + b"\r\n")
        return self.reply()

    def start_tls(self, context, name="mail.home.test"):
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        return self


class Refusing(socketserver.ThreadingTCPServer):
    """A mail server without TLS that refuses every recipient with a reply of ours."""

    daemon_threads = True

    def __init__(self, reply="450 4.2.1 this mailbox is busy"):
        super().__init__(("127.0.0.1", 0), self.Session)
        self.reply, self.port = reply, self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def down(self):
        self.shutdown()
        self.server_close()

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 refusing.test\r\n")
            for line in self.rfile:
                verb = line[:4].upper()
                reply = {b"RCPT": self.server.reply, b"DATA": "554 5.5.1 no recipients", b"QUIT": "221 bye"}
                self.wfile.write(reply.get(verb, "250 ok").encode() + b"\r\n")
                if verb == b"QUIT":
                    return


LETTER = "From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\r\n{body}\r\n"


def letter(sender="alice@home.test", to="bob@home.test", subject="hello", body="Good day.", more=""):
    return more + LETTER.format(sender=sender, to=to, subject=subject, body=body)


class ServerTest(unittest.TestCase):
    """One server for all tests of a class; with WORLD set, in that world of this folder."""

    WORLD = None
    SETTINGS = {}
    TABLES = ""

    @classmethod
    def setUpClass(cls):
        cls.lab = None
        cls.server = None
        cls.addClassCleanup(cls._down)
        if cls.WORLD:
            cls.lab = Lab(HERE / cls.WORLD)
        cls.prepare()
        cls.server = Server(cls.lab, cls.SETTINGS, cls.TABLES)
        cls.server.start()

    @classmethod
    def prepare(cls):
        """What a class needs before its server."""

    def tearDown(self):
        # Else every test behind it would fail with riddles.
        self.assertIsNone(self.server.process and self.server.process.poll(), "the server has ended")
        if self.lab:
            self.assertTrue(self.lab.is_up(), f"the lab has ended: {self.lab.output()}")

    @classmethod
    def _down(cls):
        if cls.server:
            cls.server.down()
        if cls.lab:
            cls.lab.down()


def main():
    unittest.main(verbosity=2)
