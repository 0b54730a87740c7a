# SPDX-License-Identifier: Apache-2.0
"""A `postseal serve` of one's own: its settings, its life and death, its log lines, its admin socket.

Nothing here waits for time to pass: a wait ends with a log line, an answer, or at its deadline with an error.
"""
import atexit
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # tests/ports.py

CERTIFICATE_NAME = "mx.crash.test"


def program():
    """The program under test: the first argument of every test here."""
    return os.path.abspath(sys.argv[1])


def make_certificate(folder, name=CERTIFICATE_NAME):
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-keyout", key, "-out", certificate, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
        check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


def toml(sections):
    """{"store": {...}, "listener": [{...}, {...}]} as TOML: a list of tables is an array of them."""
    def value(of):
        return json.dumps(of) if not isinstance(of, list) else "[" + ", ".join(value(one) for one in of) + "]"

    lines = []
    for name, content in sections.items():
        many = isinstance(content, list)
        for table in content if many else [content]:
            lines.append(f"[[{name}]]" if many else f"[{name}]")
            lines += [f"{key} = {value(of)}" for key, of in table.items()]
    return "\n".join(lines) + "\n"


def usual_settings(folder, port):
    """Whoever is on the loopback may relay; limits are above what one test does from one address."""
    many = 10_000_000
    return {
        "resolver": {"trust_anchor": "none"},
        "delivery": {"hostname": CERTIFICATE_NAME, "timeout": "20s", "connect_timeout": "5s"},
        "server": {"user": pwd.getpwuid(os.geteuid()).pw_name, "relay_networks": ["127.0.0.0/8"], "io_threads": 2,
                   "graceful_stop": "2s"},
        "limits": {"connections": 1_000_000, "connections_per_address": many, "connections_per_network": many,
                   "connection_rate": many, "recipient_rate": many},
        "queue": {"first_retry": "1s", "longest_retry": "2s", "delay_warning": "0s"},
        "store": {"directory": os.path.join(folder, "store")},
        "admin": {"socket": os.path.join(folder, "admin.sock")},
        "listener": [{"role": "relay", "address": "127.0.0.1", "port": port}],
        "domain": [{"name": "local.test", "users": ["a", "b", "c", "d"]}],
    }


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    def __init__(self, folder, settings, environment=None):
        self.config = os.path.join(folder, "postseal.toml")
        self.log_path = os.path.join(folder, "log")
        self.admin = settings["admin"]["socket"]
        self.environment = {**os.environ, **(environment or {})}
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(toml(settings))
        self.process = None
        self.before_exec = None  # called in the child
        self.lines = []
        self.heard = threading.Condition()
        self.reader = None

    def start(self):
        """Does not wait; wait_ready() does."""
        self.lines = []
        self.began = time.monotonic()
        self.ready_at = None
        self.process = subprocess.Popen([program(), "serve", "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment,
                                        preexec_fn=self.before_exec)
        atexit.register(self.process.kill)
        self.reader = threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True)
        self.reader.start()
        return self

    def _read(self, process, lines):
        with open(self.log_path, "ab") as log:
            for line in process.stderr:
                log.write(line)
                log.flush()
                if self.ready_at is None and b" ready " in line:
                    self.ready_at = time.monotonic()
                    self.waited_at_ready = self.waited_for_processor()
                with self.heard:
                    lines.append(line.decode("utf-8", "replace"))
                    self.heard.notify_all()
        with self.heard:
            lines.append("")  # the end: whoever waits looks again
            self.heard.notify_all()

    def wait_until(self, holds, seconds, what):
        """Looks again at every log line. `holds` may ask the server."""
        deadline = time.monotonic() + seconds
        seen = -1
        while True:
            if holds():
                return
            with self.heard:
                while len(self.lines) == seen:
                    if not self.heard.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                        raise AssertionError(f"{what}: not within {seconds} s; its log: {self.log_path}")
                seen = len(self.lines)
            if time.monotonic() >= deadline and not holds():
                raise AssertionError(f"{what}: not within {seconds} s; its log: {self.log_path}")

    def wait_line(self, word, seconds, after=0):
        """The first line that has the word, from line `after` on."""
        found = []

        def look():
            found[:] = [line for line in list(self.lines[after:]) if word in line]
            if not found and self.process.poll() is not None and self.lines[-1:] == [""]:
                raise AssertionError(f"the server ended with {self.process.returncode}: {''.join(self.lines[-4:])}")
            return bool(found)

        self.wait_until(look, seconds, f'a log line with "{word}"')
        return found[0]

    def wait_ready(self, seconds=2.0):
        """How long the start took. Time in which others had the processors is theirs: this test shares its machine."""
        self.wait_line(" ready ", 60)
        took = self.ready_at - self.began - self.waited_at_ready
        if took > seconds:
            raise AssertionError(f"the start took {took:.2f} s; its log: {self.log_path}")
        return took

    def waited_for_processor(self):
        """The thread that starts it, in seconds."""
        try:
            with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0  # it has ended meanwhile

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()

    def stop(self, seconds=20):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.reader.join()
        if code != 0:
            raise AssertionError(f"the server ended with {code}; its log: {self.log_path}")

    def ask(self, path, method="GET"):
        connection = UnixConnection(self.admin)
        connection.request(method, path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {text}")
        return text if path == "/metrics" else json.loads(text)

    def queued(self):
        return self.ask("/queue?limit=1000")["letters"]

    def resident(self):
        """Octets of memory of its own."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file if line[0].isalpha())
        return int(fields["Private_Dirty"].split()[0]) * 1024
