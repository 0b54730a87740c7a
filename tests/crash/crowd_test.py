# SPDX-License-Identifier: Apache-2.0
"""A23: thousands who hold a connection and say nothing, or next to nothing, and floods from one address, while others
send letters and notice nothing of it.

    crowd_test.py PROGRAM       POSTSEAL_CROWD_IDLE (10000)  POSTSEAL_CROWD_SLOW (2000)
"""
import os
import resource
import tempfile
import threading
import time

from client import Client
from letters import Letters
from server import Server, make_certificate, usual_settings
from ports import free_port

IDLE = int(os.environ.get("POSTSEAL_CROWD_IDLE", "10000"))
SLOW = int(os.environ.get("POSTSEAL_CROWD_SLOW", "2000"))
TLS = 1000
SENDERS = 8
LETTERS_EACH = 250
P99 = 1.0
TICK = 3.0
BATCH = 200
ENOUGH_FILES = IDLE + SLOW + 200


def need_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < ENOUGH_FILES and os.geteuid() == 0:
        hard = ENOUGH_FILES
    if hard < ENOUGH_FILES:
        raise AssertionError(f"this test opens {ENOUGH_FILES} files and may open {hard}: raise the limit (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # The server raises its own.
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))


def open_many(port, count, tls=False):
    """After EHLO, a batch at a time, from 200 addresses."""
    clients = []
    while len(clients) < count:
        batch = []
        for i in range(min(BATCH, count - len(clients))):
            batch.append(Client(port, source=f"127.0.1.{1 + i}"))
        if tls:
            for client in batch:
                client.greet(tls=True)
        else:
            for client in batch:
                client.reply()
                client.send(b"EHLO client.test\r\n")
            for client in batch:
                assert client.reply()[0] == 250
        clients += batch
    return clients


def close_all(clients):
    for client in clients:
        client.close()


class Drip:
    """Half of them are in the middle of a command, half in the middle of a letter; an octet each, every few seconds."""

    def __init__(self, clients):
        self.clients = clients
        self.over = threading.Event()
        self.sent = 0
        middle = len(clients) // 2
        for client in clients[middle:]:
            client.send(b"MAIL FROM:<slow@client.test>\r\nRCPT TO:<a@local.test>\r\nDATA\r\n")
        for client in clients[middle:]:
            assert [client.reply()[0] for _ in range(3)] == [250, 250, 354]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            for client in self.clients:
                client.send(b"x")
            self.sent += 1
            self.over.wait(TICK)

    def end(self):
        self.over.set()
        self.thread.join()


def send_letters(port, letters, first, latencies):
    """Three ways to come: one connection for all, one for each letter, and a greeting each."""
    number = first
    while number < first + LETTERS_EACH:
        began = time.monotonic()
        with Client(port, source="127.0.2.1") as client:
            client.greet()
            for _ in range(1 if number % 2 else 5):
                code, reply = client.send_letter(["a@local.test"], letters.text(number),
                                                 [1 << 16] if number % 3 else None)
                assert code == 250, reply
                latencies.append(time.monotonic() - began)
                began = time.monotonic()
                number += 1


def send_from_all(port, letters):
    latencies, troubles = [], []

    def run(first):
        try:
            send_letters(port, letters, first, latencies)
        except BaseException as error:  # told by the main thread
            troubles.append(error)

    threads = [threading.Thread(target=run, args=(1 + i * 10000,)) for i in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise AssertionError(f"a letter was not taken: {troubles[0]}")
    latencies.sort()
    return latencies


def say(what, latencies):
    def at(part):
        return latencies[min(len(latencies) - 1, int(len(latencies) * part))] * 1000

    print(f"{what}: {len(latencies)} letters, p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, longest {at(1):.1f} ms",
          flush=True)
    return at(0.99) / 1000


def measure(server, port, count, tls):
    """Octets of the server's memory for each connection that is open and idle, above those it keeps for reuse."""
    close_all(open_many(port, 100, tls))
    before = server.resident()
    clients = open_many(port, count, tls)
    each = (server.resident() - before) / count
    print(f"memory of an idle connection{' in TLS' if tls else ''}: {each / 1024:.1f} KiB ({count} connections)",
          flush=True)
    return clients


def crowd(folder, start):
    port = free_port()
    settings = usual_settings(folder, port)
    settings["server"]["certificate"], settings["server"]["key"] = make_certificate(folder)
    settings["log"] = {"level": "info"}
    letters = Letters("crowd")
    server = start(Server(folder, settings))
    close_all(measure(server, port, TLS, tls=True))
    idle = measure(server, port, IDLE, tls=False)
    slow = open_many(port, SLOW)
    drip = Drip(slow)
    p99 = say(f"{IDLE} idle and {SLOW} slow connections", send_from_all(port, letters))
    drip.end()
    assert drip.sent >= 1
    for client in idle[::7]:
        assert client.say("NOOP")[0] == 250, "an idle connection was given up"
    for client in slow:
        client.send(b"\r\n")  # none of them was closed
    assert f"postseal_sessions_open {IDLE + SLOW}\n" in server.ask("/metrics")
    server.stop()  # with all of them inside
    for client in idle[1::7]:
        assert client.reply()[0] == 421, "nobody told it that the server ends"
    close_all(idle + slow)
    assert p99 < P99, f"p99 is {p99:.2f} s"


def greetings(port, source, count):
    """Codes of the first line of so many connections that stay open."""
    clients = [Client(port, source=source) for _ in range(count)]
    return clients, [client.reply()[0] for client in clients]


def flood(folder, start):
    """With the limits that a server has if nobody says otherwise."""
    port = free_port()
    settings = usual_settings(folder, port)
    settings["limits"] = {}
    letters = Letters("flood")
    server = start(Server(folder, settings))

    held, codes = greetings(port, "127.0.0.2", 300)
    assert codes.count(220) == 50 and codes.count(421) == 250, codes
    print("300 connections from one address: 50 are served, 250 get 421")
    with Client(port, source="127.0.0.3") as other:
        other.greet()
        assert other.send_letter(["a@local.test"], letters.text(1))[0] == 250, "another address is not served"
    close_all(held)

    refused = 0
    for _ in range(800):
        with Client(port, source="127.0.0.4") as client:
            refused += client.reply()[0] == 421
    assert 150 <= refused <= 200, f"of 800 connections in a row {refused} were refused, and 600 a minute are allowed"
    print(f"800 connections in a row from one address: {refused} get 421")
    with Client(port, source="127.0.0.3") as other:
        other.greet()
        assert other.send_letter(["a@local.test"], letters.text(2))[0] == 250, "another address is not served"
    with Client(port, source="127.0.0.2") as again:
        again.greet()
    server.stop()


def main():
    lower = need_files()

    def start(server):
        server.before_exec = lower
        server.start().wait_ready()
        return server

    for trial in (flood, crowd):
        with tempfile.TemporaryDirectory(prefix="postseal-crowd-") as folder:
            trial(folder, start)


if __name__ == "__main__":
    main()
