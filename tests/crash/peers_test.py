# SPDX-License-Identifier: Apache-2.0
"""A real Postfix and a real Exim deliver to `postseal serve` and are delivered to by it, each verifying the other with
DANE, in a world of the lab with a signed root. Through queues on both sides, and each side's own words are read.

    peers_test.py PROGRAM       as root; needs scripts/setup_mta_peers.sh

Postfix and Exim do not validate: an Unbound with the lab's trust anchor does it for them, as on most machines.
"""
import ctypes
import os
import select
import signal
import subprocess
import tempfile
import time

from client import Client
from server import program

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "..", "..", "build", "peers")
UNBOUND = os.path.join(PEERS, "unbound")
SOON = 60
CLONE_NEWNET = 0x40000000

POSTFIX = """virtual_mailbox_domains = postfix.test
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_tls_loglevel = 1"""
EXIM = {
    "LAB_EXIM_SETTINGS": "dns_dnssec_ok = 1\nlog_selector = +tls_certificate_verified",
    "LAB_EXIM_ROUTERS": "abroad:\n  driver = dnslookup\n  domains = ! exim.test\n  dnssec_request_domains = *\n"
                        "  transport = dane\n  no_more\n",
    "LAB_EXIM_TRANSPORTS": "dane:\n  driver = smtp\n  hosts_require_dane = *\n  dnssec_request_domains = *\n",
}


class Follower:
    """Reads a log as it is written."""

    def __init__(self, path):
        self.path = path
        self.tail = subprocess.Popen(["tail", "-n", "+1", "-F", path], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
        self.text = b""
        self.end = self.tail.kill

    def wait(self, *words):
        """The first line with all the words."""
        deadline = time.monotonic() + SOON
        while True:
            for line in self.text.decode("utf-8", "replace").splitlines():
                if all(word in line for word in words):
                    return line
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.tail.stdout], [], [], left)[0]:
                raise AssertionError(f"{self.path}: no line with {words} within {SOON} s:\n"
                                     + self.text.decode("utf-8", "replace")[-4000:])
            self.text += os.read(self.tail.stdout.fileno(), 1 << 16)


class World:
    def __init__(self, folder):
        self.folder = os.path.join(folder, "world")
        resolv = os.path.join(folder, "resolv.conf")
        with open(resolv, "w", encoding="ascii") as file:
            file.write("nameserver 127.0.0.1\noptions trust-ad edns0\n")
        os.chmod(folder, 0o755)
        os.chmod(resolv, 0o644)
        environment = {**os.environ, "POSTSEAL": program(), "LAB_POSTFIX_SETTINGS": POSTFIX, **EXIM}
        # Its own /etc/resolv.conf is for the peers only.
        self.lab = subprocess.Popen(
            [os.path.join(HERE, "../../scripts/own_mounts.py"), "sh", "-c",
             'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh", resolv,
             program(), "lab", "up", "--keep", self.folder, os.path.join(HERE, "peers.toml")],
            stdout=subprocess.PIPE, env=environment, text=True)
        if not any("Ctrl-C" in line for line in self.lab.stdout):
            raise AssertionError("the world did not come up")
        self.enter()
        self.unbound = self.start_unbound(folder)

    def enter(self):
        """REQUIRES: no threads yet."""
        with open(f"/proc/{self.lab.pid}/ns/net", "rb") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def start_unbound(self, folder):
        path = os.path.join(folder, "unbound.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"""server:
  interface: 127.0.0.1
  do-daemonize: no
  use-syslog: no
  logfile: ""
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  trust-anchor-file: "{self.folder}/names/root.key"
  do-not-query-localhost: no
  local-zone: "test." nodefault
  module-config: "validator iterator"
  verbosity: 1
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: 127.53.0.1
""")
        log = os.path.join(folder, "unbound.log")
        libraries = os.path.join(UNBOUND, "usr", "lib", "x86_64-linux-gnu")
        with open(log, "wb") as out:
            process = subprocess.Popen([os.path.join(UNBOUND, "usr", "sbin", "unbound"), "-d", "-c", path],
                                       stdout=out, stderr=out, env={**os.environ, "LD_LIBRARY_PATH": libraries})
        Follower(log).wait("start of service")
        return process

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def end(self):
        self.unbound.terminate()
        self.unbound.wait()
        self.lab.send_signal(signal.SIGTERM)
        self.lab.wait()


def address_of(name):
    """Asks as the peers do."""
    answer = subprocess.run(["drill", "-D", name, "A", "@127.0.0.1"], check=True, capture_output=True, text=True).stdout
    assert " ad;" in answer.replace(" ad ", " ad;"), f"Unbound does not vouch for {name}:\n{answer}"
    return next(line.split()[-1] for line in answer.splitlines() if line.startswith(name) and "\tA\t" in line)


def submit(address, sender, recipient, text):
    with Client(25, address=address) as client:
        client.greet()
        for code, reply in client.envelope([recipient], sender):
            assert code == 250, reply
        assert client.say("DATA")[0] == 354
        client.send(text + b".\r\n")
        code, reply = client.reply()
        assert code == 250, reply
        client.say("QUIT")


def read_only_letter(folder, holds):
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            text = file.read()
        if holds in text:
            found.append(text)
    assert len(found) == 1, f"{len(found)} letters with {holds} in {folder}"
    return found[0]


def letter_of(number):
    return (b"From: <sender@peers.test>\r\nTo: <user@peers.test>\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
            b"Message-ID: <%d@client.test>\r\nSubject: letter %d\r\n\r\nas it was written\r\n" % (number, number))


def check_unchanged(received, number):
    assert received.endswith(letter_of(number).replace(b"\r\n", b"\n")), received


def received_field(text):
    """The topmost, unfolded."""
    start = text.index(b"Received: ")
    lines = text[start:].split(b"\n")
    field = [lines[0]] + [line for line in lines[1:1 + next(i for i, l in enumerate(lines[1:]) if l[:1] not in b" \t")]]
    return b" ".join(part.strip() for part in field).decode()


class Trial:
    def __init__(self, world):
        self.world = world
        self.ours = Follower(world.path("mx.ours.test", "log"))
        self.postfix = Follower(world.path("mx.postfix.test", "maillog"))
        self.exim = Follower(world.path("mx.exim.test", "spool", "mainlog"))
        self.inbox = world.path("mx.ours.test", "store", "mail", "ours.test", "user", "new")

    def arrives_here(self, number, helo):
        self.ours.wait("accepted", f"message_id=<{number}@client.test>")
        identifier = self.ours.wait("accepted", f"message_id=<{number}@client.test>").split(" id=")[1].split()[0]
        self.ours.wait("attempt", identifier, "outcome=delivered")
        text = read_only_letter(self.inbox, b"Message-ID: <%d@client.test>" % number)
        check_unchanged(text, number)
        field = received_field(text)
        print(field)
        assert f"from {helo}" in field and " with ESMTPS " in field and "using TLSv1.3 with cipher TLS_" in field, field

    def postfix_delivers_to_us(self):
        submit(address_of("mx.postfix.test."), "sender@postfix.test", "user@ours.test", letter_of(1))
        print(self.postfix.wait("Verified TLS connection established to mx.ours.test["))
        print(self.postfix.wait("to=<user@ours.test>", "status=sent"))
        self.arrives_here(1, "mx.postfix.test")

    def exim_delivers_to_us(self):
        submit(address_of("mx.exim.test."), "sender@exim.test", "user@ours.test", letter_of(2))
        print(self.exim.wait("=> user@ours.test", "CV=dane"))
        self.arrives_here(2, "mx.exim.test")

    def we_deliver_to_postfix(self):
        submit(address_of("mx.ours.test."), "user@ours.test", "user@postfix.test", letter_of(3))
        print(self.ours.wait("attempt", "to=user@postfix.test", "outcome=delivered", "security=dane"))
        print(self.postfix.wait("TLS connection established from unknown[127.0.0.1]: TLSv1.3"))
        self.postfix.wait("to=<user@postfix.test>", "status=sent")
        text = read_only_letter(self.world.path("mx.postfix.test", "received", "new"), b"<3@client.test>")
        check_unchanged(text, 3)

    def we_deliver_to_exim(self):
        submit(address_of("mx.ours.test."), "user@ours.test", "user@exim.test", letter_of(4))
        print(self.ours.wait("attempt", "to=user@exim.test", "outcome=delivered", "security=dane"))
        print(self.exim.wait("<= user@ours.test", "X=TLS1.3"))
        self.exim.wait("=> user", "R=everybody")
        text = read_only_letter(self.world.path("mx.exim.test", "received", "new"), b"<4@client.test>")
        check_unchanged(text, 4)

    def nobody_delivers_to_the_wrong_key(self):
        """That "verified" means something here."""
        submit(address_of("mx.postfix.test."), "sender@postfix.test", "user@wrong.test", letter_of(5))
        print(self.postfix.wait("to=<user@wrong.test>", "status=deferred", "Server certificate not verified"))
        submit(address_of("mx.exim.test."), "sender@exim.test", "user@wrong.test", letter_of(6))
        print(self.exim.wait("== user@wrong.test", "defer"))
        submit(address_of("mx.ours.test."), "user@ours.test", "user@wrong.test", letter_of(7))
        print(self.ours.wait("attempt", "to=user@wrong.test", "outcome=deferred", "status=4.7.5"))


def main():
    if os.geteuid() != 0:
        raise AssertionError("this needs root: scripts/as_root.sh")
    subprocess.run([os.path.join(HERE, "..", "..", "scripts", "setup_mta_peers.sh")], check=True)
    with tempfile.TemporaryDirectory(prefix="postseal-peers-") as folder:
        world = World(folder)
        try:
            trial = Trial(world)
            for play in (trial.postfix_delivers_to_us, trial.exim_delivers_to_us, trial.we_deliver_to_postfix,
                         trial.we_deliver_to_exim, trial.nobody_delivers_to_the_wrong_key):
                print(f"--- {play.__name__}", flush=True)
                play()
        finally:
            world.end()


if __name__ == "__main__":
    main()
