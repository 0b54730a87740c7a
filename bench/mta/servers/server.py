# SPDX-License-Identifier: Apache-2.0
"""What the benchmark wants of a server. It listens on 127.0.0.1:2525 and relays for everybody there."""
import os
import shutil
import socket
import time
from enum import Enum
from pathlib import Path

from cgroup import Group
from world import wait_until

PORT = 2525
ADDRESS = ("127.0.0.1", PORT)
LARGE = 1 << 20  # octets of a file


class Mode(Enum):
    KEEP = "keep"    # takes letters, durably, and delivers none until release()
    RELAY = "relay"  # delivers at once
    CHECK = "check"  # as KEEP, for letters from strangers to domains of its own
    IDLE = "idle"    # as KEEP, and sized for 1,000 connections that do nothing


class Server:
    """Subclasses write a configuration and know how their queue is counted."""

    name = ""
    packages = ()            # unpacked ones, laid over /usr
    starttls = True          # inbound
    resolves_itself = False  # otherwise it asks the Unbound that everybody else asks
    verifies_dane = True
    stall_milliseconds = 5000
    drained = 5000           # letters in the outbound part
    spool = Path()

    def __init__(self):
        self.group = Group("server")
        self.log = Path("/run") / f"{self.name}.log"

    def start(self, mode):
        """With an empty queue."""
        self.set_aside(self.spool)
        self.spool.mkdir(parents=True)
        self.launch(mode)
        wait_until(self.listens, 20, self.name)
        self.settle(mode)

    def launch(self, mode):
        raise NotImplementedError

    def settle(self, mode):
        """What can be said to it only when it listens."""

    def arm(self):
        """Before the clock runs: what release() does not have to pay for."""

    def release(self):
        raise NotImplementedError

    def queued(self):
        raise NotImplementedError

    def stop(self):
        """Everything of it has ended afterwards."""
        self.ask_to_end()
        until = time.monotonic() + 10
        while pids := self.group.pids():
            if time.monotonic() > until:
                for pid in pids:
                    kill(pid, 9)
            time.sleep(0.05)

    def ask_to_end(self):
        for pid in self.group.pids():
            kill(pid, 15)

    def spawn(self, command):
        with self.log.open("a") as log:
            return self.group.spawn(command, stdout=log, stderr=log)

    def run(self, command):
        with self.log.open("a") as log:
            done = self.group.run(command, stdout=log, stderr=log)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {self.log.read_text()[-500:]}")

    @staticmethod
    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(ADDRESS) == 0

    @staticmethod
    def set_aside(folder):
        """Renamed, not removed: ext4 avoids inodes deleted a moment ago, which costs servers with a file for each letter
        up to half their rate in the next case. Large files are emptied: what they have in memory would be taken from
        the next case, page by page."""
        if not folder.exists():
            return
        kept = folder.parent / ".set-aside"
        kept.mkdir(exist_ok=True)
        folder = folder.rename(kept / str(time.monotonic_ns()))
        for file in folder.rglob("*"):
            if file.is_file() and file.stat().st_size > LARGE:
                os.truncate(file, 0)


def kill(pid, signal):
    try:
        os.kill(pid, signal)
    except ProcessLookupError:
        pass


def count_files(folders, ending=""):
    return sum(name.endswith(ending) for folder in folders for _, _, names in os.walk(folder) for name in names)


def write(path, text, mode=0o644, group=None):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    if group:
        shutil.chown(path, group=group)
