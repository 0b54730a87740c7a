# SPDX-License-Identifier: Apache-2.0
"""Debian's OpenSMTPD. It has no DANE: outward it encrypts without verifying, so its row is easier work.

STARTTLS inward fails with the packaged 6.8.0p2 in every handshake, with P-256 and RSA keys, so there are no such rows.
"""
import shutil
import subprocess
from pathlib import Path

from namespaces import HOSTNAME
from servers.server import ADDRESS, PORT, Mode, Server, count_files, kill, write

CONTROL = "/usr/sbin/smtpctl"


class OpenSmtpd(Server):
    name = "opensmtpd"
    packages = ("opensmtpd",)
    spool = Path("/var/spool/smtpd")
    starttls = False
    verifies_dane = False
    stall_milliseconds = 1000  # it listens with a backlog of 5, and bursts of connections stall
    drained = 1000

    def launch(self, mode):
        self.spool.chmod(0o711)
        Path("/var/lib/opensmtpd/empty").mkdir(parents=True, exist_ok=True)
        # As the package would have installed it.
        shutil.chown(CONTROL, group="opensmtpq")
        Path(CONTROL).chmod(0o2755)
        write("/etc/smtpd.conf", f"""smtp max-message-size "100M"
queue ttl 1h
listen on {ADDRESS[0]} port {PORT} hostname {HOSTNAME}
action "out" relay helo {HOSTNAME}
match from any for any action "out"
""")
        self.spawn(["/usr/sbin/smtpd", "-f", "/etc/smtpd.conf"])

    def settle(self, mode):
        if mode is not Mode.RELAY:
            subprocess.run([CONTROL, "pause", "mta"], stdout=subprocess.DEVNULL, check=True)

    def release(self):
        subprocess.run([CONTROL, "resume", "mta"], stdout=subprocess.DEVNULL, check=True)

    def queued(self):
        return count_files([self.spool / "queue"], ending="message")

    def ask_to_end(self):
        for pid in self.group.pids()[:1]:
            kill(pid, 15)
