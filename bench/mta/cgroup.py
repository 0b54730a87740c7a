# SPDX-License-Identifier: Apache-2.0
"""CPU time of everything that belongs to a server, whatever it forks: a control group for each role."""
import os
import subprocess
from pathlib import Path

V1 = Path("/sys/fs/cgroup/cpuacct")
TOP = (V1 if V1.is_dir() else Path("/sys/fs/cgroup")) / "postseal-bench"


class Group:
    def __init__(self, role):
        self.folder = TOP / role
        self.folder.mkdir(parents=True, exist_ok=True)

    def _join(self):
        (self.folder / "cgroup.procs").write_text("0")

    def _options(self, options):
        # In a session of its own: a server that signals its process group must not reach everybody.
        return {"preexec_fn": self._join, "start_new_session": True, **options}

    def spawn(self, command, **options):
        return subprocess.Popen([str(word) for word in command], **self._options(options))

    def run(self, command, **options):
        return subprocess.run([str(word) for word in command], **self._options(options))

    def cpu(self):
        """Seconds so far: (in all, in programs, in the kernel for them). Where cgroup v1 counts, only the first is exact;
        the others are samples, one for each tick of the clock."""
        if TOP.is_relative_to(V1):
            return tuple(int((self.folder / f"cpuacct.usage{part}").read_text()) / 1e9 for part in ("", "_user", "_sys"))
        stat = dict(line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
        return tuple(int(stat[f"{part}_usec"]) / 1e6 for part in ("usage", "user", "system"))

    def pids(self):
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]

    def pss_kib(self):
        """Memory in proportion: a page that N processes share counts as 1/N in each."""
        total = 0
        for pid in self.pids():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:  # it has just ended
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total


def machine_busy():
    """CPU seconds that the whole machine has been busy since it started."""
    user, nice, system, _, _, irq, softirq, steal = (int(n) for n in Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def ours_busy():
    return sum(Group(folder.name).cpu()[0] for folder in TOP.iterdir() if folder.is_dir())
