# SPDX-License-Identifier: Apache-2.0
"""What each case records beside its own figures: CPU of the server, and how much else this machine had to do."""
import json
import os
import subprocess
import time

from cgroup import Group, machine_busy, ours_busy
from places import TOOLS

QUIET_CORES, QUIET_SECONDS = 0.25, float(os.environ.get("MTA_QUIET_SECONDS", "2"))
IDLE_CORES, IDLE_SECONDS = 0.02, 5


class Measurement:
    def __init__(self, *groups):
        self.groups = groups
        self.began = time.monotonic()
        self.other = machine_busy() - ours_busy()
        self.cpu = [group.cpu() for group in groups]

    def end(self):
        """For each group the seconds of CPU in programs and in the kernel; and the cores that others kept busy."""
        used = []
        for first, group in zip(self.cpu, self.groups):
            total, user, system = (after - before for before, after in zip(first, group.cpu()))
            share = user / max(1e-9, user + system)
            used.append((total * share, total * (1 - share)))
        other = (machine_busy() - ours_busy() - self.other) / (time.monotonic() - self.began)
        return used, round(max(0.0, other), 2)


def wait_for_quiet(group):
    """Until the server has done what follows a start (new files, caches) or a filled queue, and the rest of the machine has
    little to do; but not for long."""
    until = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < until:
        before = group.cpu()[0]
        time.sleep(0.2)
        if group.cpu()[0] - before < 0.2 * IDLE_CORES:
            break
    until = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < until:
        measurement = Measurement()
        time.sleep(0.3)
        if measurement.end()[1] < QUIET_CORES:
            return


def source(server, *words):
    command = [TOOLS / "source", "--stall-milliseconds", server.stall_milliseconds, *words]
    if not server.starttls and "--starttls" in words:
        raise ValueError(f"{server.name} has no STARTTLS")
    done = Group("source").run(command, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
