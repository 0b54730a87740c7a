# SPDX-License-Identifier: Apache-2.0
"""A37: kill -9 of `postseal serve` at random moments while many clients send, at once started again, and again.

    kill_test.py PROGRAM        POSTSEAL_KILL_ROUNDS (30)  POSTSEAL_SEED (of the clock)

What must hold: a letter that got 250 arrives, octet for octet, in the Maildir exactly once, at another server at least
once; there a further copy only with a kill in between, since a server that dies between the sink's 250 and its own note
cannot know. What was never sent to its end is nowhere; what got no answer may be there, whole. The server is back
within two seconds, each time.
"""
import collections
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from client import Client, Gone
from letters import Letters
from server import Server, usual_settings
from ports import free_port
from sink import Sink

ROUNDS = int(os.environ.get("POSTSEAL_KILL_ROUNDS", "30"))
SEED = int(os.environ.get("POSTSEAL_SEED", str(int(time.time()))))
CLIENTS = 24
BACK_WITHIN = 2.0
ROUNDS_PER_VERDICT = 10
SITE_CONNECTIONS = 20
# The sink's clock is read when its thread gets to run, which may be after the kill.
SINK_LAG = 5.0

BEGUN, SENT, ACKNOWLEDGED = "begun", "sent", "acknowledged"


class Post:
    """What is known of each letter. Everything under one lock."""

    def __init__(self):
        self.changed = threading.Condition()
        self.next = 1
        self.state = {}
        self.recipients = {}
        self.acknowledged = 0
        self.idle = 0  # clients that wait for the server
        self.up = False
        self.over = False

    def new(self, recipients):
        with self.changed:
            number, self.next = self.next, self.next + 1
            self.state[number] = BEGUN
            self.recipients[number] = recipients
            return number

    def mark(self, number, state):
        with self.changed:
            self.state[number] = state
            if state == ACKNOWLEDGED:
                self.acknowledged += 1
                self.changed.notify_all()

    def drop(self, number):
        """It was refused: as if it had never been begun."""
        with self.changed:
            self.state[number] = BEGUN

    def set_up(self, up):
        with self.changed:
            self.up = up
            self.changed.notify_all()

    def wait_up(self):
        with self.changed:
            self.idle += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.up or self.over)
            self.idle -= 1
            return not self.over

    def await_idle(self):
        with self.changed:
            if not self.changed.wait_for(lambda: self.idle == CLIENTS, 60):
                raise AssertionError("clients did not notice that the server is gone")

    def end(self):
        with self.changed:
            self.over = True
            self.changed.notify_all()


def choose_recipients(dice):
    local = dice.sample(["a", "b", "c", "d"], dice.choice([1, 1, 1, 2]))
    kind = dice.random()
    chosen = [f"{one}@local.test" for one in local] if kind < 0.75 else []
    return chosen + (["x@sink.test"] if kind > 0.6 else [])


def choose_chunks(dice):
    """None: with DATA."""
    if dice.random() < 0.5:
        return None
    return [dice.choice([1, 100, 4096, 30000, 65536]) for _ in range(dice.randint(0, 12))]


def send_for_ever(post, letters, port, seed):
    dice = random.Random(seed)
    while post.wait_up():
        try:
            with Client(port) as client:
                client.greet()
                for _ in range(dice.randint(1, 30)):
                    number = post.new(choose_recipients(dice))
                    code, reply = client.send_letter(post.recipients[number], letters.text(number),
                                                     choose_chunks(dice), lambda n=number: post.mark(n, SENT))
                    if code == 250:
                        post.mark(number, ACKNOWLEDGED)
                    else:
                        print(f"refused: {reply}")
                        post.drop(number)
        except Gone:
            continue


class Trial:
    def __init__(self, folder):
        self.folder = folder
        self.dice = random.Random(SEED)
        self.letters = Letters(SEED)
        self.sink = Sink(self.letters, SEED, refusals=0.02)
        self.port = free_port()
        settings = usual_settings(folder, self.port)
        settings["route"] = [{"match": "sink.test", "next_hop": f"[127.0.0.1]:{self.sink.port}"}]
        settings["queue"]["connections_per_site"] = SITE_CONNECTIONS
        settings["store"]["segment_size"] = "4M"
        self.server = Server(folder, settings)
        self.post = Post()
        self.kills = []
        self.slowest_start = 0.0
        self.totals = collections.Counter()

    def run(self):
        clients = [threading.Thread(target=send_for_ever, args=(self.post, self.letters, self.port, f"{SEED} {i}"),
                                    daemon=True) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        self.server.start()
        try:
            for number in range(1, ROUNDS + 1):
                self.play_round()
                if number % ROUNDS_PER_VERDICT == 0 or number == ROUNDS:
                    self.judge(number)
        finally:
            self.post.end()
            self.server.kill()
        return self.totals

    def come_up(self):
        self.slowest_start = max(self.slowest_start, self.server.wait_ready(BACK_WITHIN))
        self.post.set_up(True)

    def play_round(self):
        moment = self.dice.random()
        if moment < 0.1:
            self.die_during_start()
        self.come_up()
        if moment < 0.55:
            self.await_letters(self.dice.randint(1, 150))
        else:
            self.await_lines(self.dice.randint(1, 400))
        self.kill()

    def die_during_start(self):
        """Between fork and the first line: the start itself must not lose anything either."""
        self.server.process.poll()
        threading.Event().wait(self.dice.uniform(0, 0.15))
        self.kill()

    def await_letters(self, count):
        with self.post.changed:
            goal = self.post.acknowledged + count
            if not self.post.changed.wait_for(lambda: self.post.acknowledged >= goal, 60):
                raise AssertionError("the clients got no 250 for a minute")

    def await_lines(self, count):
        server = self.server
        goal = len(server.lines) + count
        server.wait_until(lambda: len(server.lines) >= goal, 60, "log lines")

    def kill(self):
        self.post.set_up(False)
        self.kills.append(time.monotonic())
        self.server.kill()
        self.server.start()

    # --- the verdict ---

    def judge(self, number):
        # The clients have nothing under way: the last life has ended, and of this one they have not been told.
        self.post.await_idle()
        self.slowest_start = max(self.slowest_start, self.server.wait_ready(BACK_WITHIN))
        self.server.wait_until(lambda: not self.server.queued(), 120, "an empty queue")
        mistakes = self.mistakes()
        t = self.totals
        print(f"round {number}: {t['letters']} letters, {t['acknowledged']} acknowledged, {t['unanswered']} more there "
              f"without an answer, {t['doubled']} doubled at the sink (at most {t['most copies']} copies), slowest "
              f"start {self.slowest_start:.2f} s", flush=True)
        if mistakes:
            raise AssertionError("\n".join(mistakes[:20]))

    def mistakes(self):
        wrong = []
        boxes = {one: self.read_maildir(f"{one}@local.test", wrong) for one in "abcd"}
        with self.sink.lock, self.post.changed:
            if self.sink.strange:
                wrong.append("the sink got what nobody sent")
            for number, state in self.post.state.items():
                self.judge_letter(number, state, boxes, wrong)
            self.count()
            self.post.state.clear()
            self.post.recipients.clear()
            self.sink.copies.clear()
        self.kills.clear()
        shutil.rmtree(os.path.join(self.folder, "store", "mail"))
        return wrong

    def read_maildir(self, mailbox, wrong):
        user, domain = mailbox.split("@")
        found = collections.Counter()
        box = os.path.join(self.folder, "store", "mail", domain, user)
        if os.path.isdir(os.path.join(box, "tmp")) and os.listdir(os.path.join(box, "tmp")):
            wrong.append(f"{box}/tmp: half a letter stayed there")
        folder = os.path.join(box, "new")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as file:
                text = file.read()
            number = self.letters.which(text)
            if number is None or number not in self.post.state:
                wrong.append(f"{folder}/{name}: nobody sent this")
            elif not self.letters.is_whole(text, number):
                wrong.append(f"{folder}/{name}: not as it was sent")
            found[number] += 1
        return found

    def judge_letter(self, number, state, boxes, wrong):
        copies = self.sink.copies.get(number, [])
        self.totals["most copies"] = max(self.totals["most copies"], len(copies))
        wrong += [f"letter {number} came to the sink, but not whole" for copy in copies if not copy.whole]
        addressed = set(self.post.recipients[number])
        for user, box in boxes.items():
            count = box[number]
            wanted = f"{user}@local.test" in addressed
            if count > 1 or (count and not wanted) or (wanted and not count and state == ACKNOWLEDGED):
                wrong.append(f"letter {number} ({state}) is {count} times in the Maildir of {user}")
        there = bool(copies) or any(box[number] for box in boxes.values())
        if "x@sink.test" in addressed and not copies and state == ACKNOWLEDGED:
            wrong.append(f"letter {number} (acknowledged) did not come to the sink")
        if there and state == BEGUN:
            wrong.append(f"letter {number} is there, and was never sent to its end")
        if there and state == SENT:
            self.totals["unanswered"] += 1
        for earlier, later in zip(copies, copies[1:]):
            self.totals["doubled"] += 1
            if not any(earlier.at - SINK_LAG <= kill <= later.at for kill in self.kills):
                wrong.append(f"letter {number} came to the sink again, and nobody had been killed in between")

    def count(self):
        self.totals["letters"] += len(self.post.state)
        self.totals["acknowledged"] += sum(state == ACKNOWLEDGED for state in self.post.state.values())


def main():
    print(f"POSTSEAL_SEED={SEED} POSTSEAL_KILL_ROUNDS={ROUNDS}", flush=True)
    with tempfile.TemporaryDirectory(prefix="postseal-kill-") as folder:
        try:
            totals = Trial(folder).run()
        except BaseException:
            keep = tempfile.mkdtemp(prefix="postseal-kill-failed-")
            shutil.copytree(folder, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
            print(f"what is left of it: {keep}", file=sys.stderr)
            raise
    if totals["acknowledged"] < ROUNDS * 10:
        raise AssertionError("too few letters for this to say anything")


if __name__ == "__main__":
    main()
