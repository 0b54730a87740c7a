# SPDX-License-Identifier: Apache-2.0
"""A23: disks that are full or read-only, below `postseal serve` while it serves.

    disk_test.py PROGRAM TROUBLE_LIBRARY

A full disk is a small tmpfs with a large file beside the store; for an ordinary user in a user namespace. A file system
that the kernel has made read-only is played by trouble.cc: no mount can be made so by anybody while a server writes.
In all of it clients get 4xx and keep their letters, what was accepted goes out, and when the disk is well again the
server takes letters without having been started again.
"""
import contextlib
import errno
import mmap
import os
import struct
import subprocess
import sys
import tempfile

from client import Client, until
from letters import Letters
from server import Server, usual_settings
from ports import free_port
from sink import Sink

INSIDE = "POSTSEAL_DISK_TEST_INSIDE"
STORE_OCTETS = 96 << 20
MAIL_OCTETS = 4 << 20
SOON = 60
SEGMENT = 1 << 20


def enter_namespace():
    """Where this process may mount; the mounts go with it."""
    if os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "yes"
    own_mounts = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/own_mounts.py")
    os.execv(sys.executable, [sys.executable, own_mounts, sys.executable, *sys.argv])


def mount_small(folder, octets):
    os.mkdir(folder, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets},mode=0700", "tmpfs", folder], check=True)


@contextlib.contextmanager
def filled(folder):
    """Not an octet is left there meanwhile."""
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        try:
            while True:
                file.write(bytes(512))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    try:
        yield
    finally:
        os.unlink(path)


class Trial:
    """A server, a sink that can be closed, and who was promised what."""

    def __init__(self, folder, about, environment=None):
        print(f"--- {about}", flush=True)
        self.folder = folder
        self.letters = Letters(about)
        self.sink = Sink(self.letters)
        self.port = free_port()
        self.settings = usual_settings(folder, self.port)
        self.settings["route"] = [{"match": "sink.test", "next_hop": f"[127.0.0.1]:{self.sink.port}"}]
        self.settings["store"]["segment_size"] = SEGMENT
        self.settings["domain"][0]["transport"] = f"maildir:{folder}/mail"
        self.environment = environment
        self.next = 1
        self.promised = {"sink": [], "a": []}

    def begin(self):
        self.server = Server(self.folder, self.settings, self.environment).start()
        self.server.wait_ready()

    def send(self, to):
        """Its reply's code. Only 250 and 4xx are right, and no connection may be lost."""
        number, self.next = self.next, self.next + 1
        with Client(self.port) as client:
            client.greet()
            address = "x@sink.test" if to == "sink" else f"{to}@local.test"
            code, reply = client.send_letter([address], self.letters.text(number), [65536] if number % 2 else None)
            client.say("QUIT", 221)
        if code == 250:
            self.promised[to].append(number)
        elif not 400 <= code < 500:
            raise AssertionError(f"letter {number}: {reply}")
        return code, reply

    def send_accepted(self, to, count):
        for _ in range(count):
            code, reply = self.send(to)
            assert code == 250, reply

    def send_until_refused(self, to, most=2000):
        for _ in range(most):
            code, reply = self.send(to)
            if code != 250:
                print(f"{self.next - 1} letters sent, then: {reply}")
                return reply
        raise AssertionError(f"{most} letters were taken all the same")

    def await_arrival(self):
        """All that was promised is at the sink, once and whole."""
        with self.sink.lock:
            if not self.sink.lock.wait_for(lambda: all(one in self.sink.copies for one in self.promised["sink"]), SOON):
                missing = [one for one in self.promised["sink"] if one not in self.sink.copies]
                raise AssertionError(f"these letters did not come to the sink: {missing[:10]}")
            for number in self.promised["sink"]:
                copies = self.sink.copies[number]
                assert len(copies) == 1 and copies[0].whole, f"letter {number} came {len(copies)} times"

    def await_empty(self):
        self.server.wait_until(lambda: not self.server.queued(), SOON, "an empty queue")

    def await_mail(self):
        """The same of the Maildir."""
        self.await_empty()
        found = []
        folder = os.path.join(self.folder, "mail", "local.test", "a", "new")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as file:
                text = file.read()
            found.append(self.letters.which(text))
            assert self.letters.is_whole(text, found[-1]), name
        assert sorted(found) == sorted(self.promised["a"]), f"{len(found)} letters, {len(self.promised['a'])} promised"

    def await_acceptance(self, to="sink"):
        until(lambda: self.send(to)[0] == 250, SOON, "a letter that is taken again")
        self.send_accepted(to, 10)

    def await_space_back(self):
        """The index goes on, too: it is what gives space back, and would otherwise stand still until the next start."""
        for _ in range(300):
            self.send_accepted("sink", 1)
        self.await_arrival()
        self.await_empty()
        folder = os.path.join(self.folder, "store", "spool", "log")
        seen = []

        def is_little():
            sizes = []
            for name in os.listdir(folder):
                with contextlib.suppress(FileNotFoundError):  # it goes while we look
                    sizes.append(os.stat(os.path.join(folder, name)).st_blocks * 512)
            seen.append(sum(sizes))
            return seen[-1] <= 4 * SEGMENT

        try:
            until(is_little, SOON, "the space of letters that have left")
        finally:
            print(f"the log: {max(seen) / 1e6:.1f} MB at most, then {seen[-1] / 1e6:.1f} MB")

    def end(self):
        self.await_arrival()
        self.await_mail()
        self.server.stop()


def full_store(folder):
    trial = Trial(folder, "a full disk refuses letters for now, lets out what was accepted, and serves when there is room")
    mount_small(os.path.join(folder, "store"), STORE_OCTETS)
    os.mkdir(os.path.join(folder, "mail"), 0o700)
    trial.begin()
    trial.sink.closed.set()
    trial.send_accepted("sink", 20)
    trial.send_accepted("a", 20)
    with filled(os.path.join(folder, "store")):
        assert trial.send_until_refused("sink").startswith("452 4.3.1"), "RFC 5321 has 452 for it"
        trial.sink.closed.clear()
        trial.await_arrival()
        trial.await_empty()
        print("the queue went out while the disk was full")
    trial.await_acceptance()
    trial.await_space_back()
    trial.end()


def start_on_a_full_disk(folder):
    trial = Trial(folder, "a server that is killed on a full disk comes up on it, and delivers")
    # An eighth of a segment is kept to open the index with.
    trial.settings["store"]["segment_size"] = 8 * SEGMENT
    mount_small(os.path.join(folder, "store"), STORE_OCTETS)
    os.mkdir(os.path.join(folder, "mail"), 0o700)
    trial.begin()
    trial.sink.closed.set()
    trial.send_accepted("sink", 50)
    with filled(os.path.join(folder, "store")):
        trial.send_until_refused("sink")
        trial.server.kill()
        trial.sink.closed.clear()
        trial.server.start().wait_ready()
        trial.await_arrival()
        trial.await_empty()
    trial.await_acceptance()
    trial.end()


def full_mailbox_disk(folder):
    trial = Trial(folder, "a full disk of mailboxes lets letters wait, and holds up nobody else")
    mount_small(os.path.join(folder, "mail"), MAIL_OCTETS)
    trial.begin()
    with filled(os.path.join(folder, "mail")):
        trial.send_accepted("a", 20)
        trial.send_accepted("sink", 20)
        trial.server.wait_line("outcome=deferred", SOON)
        trial.await_arrival()
        # A letter has arrived a moment before the queue knows it.
        trial.server.wait_until(lambda: len(trial.server.queued()) == 20, SOON, "a queue of what the full disk holds up")
    trial.end()


def failing_disk(folder, library, number):
    trouble = os.path.join(folder, "trouble")
    with open(trouble, "wb") as file:
        file.write(struct.pack("i", 0))
    trial = Trial(folder, f"while every write fails with {errno.errorcode[number]} letters are refused for now, and then "
                          "it is as if nothing had been",
                  {"LD_PRELOAD": library, "TROUBLE_FILE": trouble, "TROUBLE_ROOT": os.path.join(folder, "store"),
                   "ASAN_OPTIONS": "verify_asan_link_order=0"})
    trial.begin()
    trial.sink.closed.set()
    trial.send_accepted("sink", 20)
    with open(trouble, "r+b") as file, mmap.mmap(file.fileno(), 4) as switch:
        switch[:] = struct.pack("i", number)
        trial.send_until_refused("sink", most=1)
        trial.sink.closed.clear()
        for _ in range(20):
            assert trial.send("a")[0] != 250
        assert trial.server.ask("/health")["status"] == "ok"
        trial.await_arrival()
        switch[:] = struct.pack("i", 0)
    trial.await_acceptance()
    trial.await_acceptance("a")
    trial.await_space_back()
    trial.end()
    trial.server.start().wait_ready()
    assert not trial.server.queued()
    assert not any("made again" in line for line in trial.server.lines), "the index was lost"
    trial.server.stop()


def main():
    enter_namespace()
    library = os.path.abspath(sys.argv[2])
    trials = [full_store, start_on_a_full_disk, full_mailbox_disk,
              lambda folder: failing_disk(folder, library, errno.EROFS),
              lambda folder: failing_disk(folder, library, errno.EIO)]
    for trial in trials:
        with tempfile.TemporaryDirectory(prefix="postseal-disk-", ignore_cleanup_errors=True) as folder:
            try:
                trial(folder)
            except BaseException:
                subprocess.run(["tail", "-n", "30", os.path.join(folder, "log")], check=False)
                raise
            finally:
                for mounted in ("store", "mail"):
                    subprocess.run(["umount", "-l", os.path.join(folder, mounted)], check=False, capture_output=True)


if __name__ == "__main__":
    main()
