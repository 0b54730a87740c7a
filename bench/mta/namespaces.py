# SPDX-License-Identifier: Apache-2.0
"""A machine of its own for one server, made of private mount, network and pid namespaces.

The server's unpacked package lies over /usr, /etc is a copy with the users that the package would have made, only
loopback exists, and every process dies with the benchmark. Nothing of it is seen outside. REQUIRES: root, unshared.
"""
import os
import shutil
import socket
import subprocess
from pathlib import Path

from places import HERE, PEERS, WORK

HOSTNAME = "mx.under-test.bench"
USERS = ("postfix", "Debian-exim", "opensmtpd", "opensmtpq", "unbound")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def sh(*words, check=True):
    return subprocess.run([str(word) for word in words], check=check, stderr=None if check else subprocess.DEVNULL)


def unshare(command):
    return ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child", *command]


def enter(packages, name):
    sh("mount", "--make-rprivate", "/")
    set_up_network()
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    HERE.mkdir()
    sh("mount", "--bind", WORK, HERE)
    lay_over_usr(packages)
    set_up_etc(packages)
    set_up_dev()
    for folder in ("spool", "lib"):
        kept = WORK / "var" / name / folder
        kept.mkdir(parents=True, exist_ok=True)
        sh("mount", "--bind", kept, Path("/var") / folder)
    socket.sethostname(HOSTNAME)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"


def set_up_network():
    sh("ip", "link", "set", "lo", "up")
    # Some resolvers look for no addresses while only loopback has one.
    for kind in ("dummy", "bridge"):
        if sh("ip", "link", "add", "bench0", "type", kind, check=False).returncode == 0:
            sh("ip", "address", "add", "192.0.2.1/32", "dev", "bench0")
            sh("ip", "link", "set", "bench0", "up")
            break
    for setting, value in (("ipv4/ip_local_port_range", "10000 65000"), ("core/somaxconn", "8192"),
                           ("ipv4/tcp_max_syn_backlog", "8192"), ("ipv4/tcp_tw_reuse", "1")):
        (Path("/proc/sys/net") / setting).write_text(value)


def lay_over_usr(packages):
    writable = Path("/run/usr-changes")
    for folder in ("upper", "work"):
        (writable / folder).mkdir(parents=True)
    lower = ":".join([*(str(PEERS / package / "usr") for package in packages), "/usr"])
    options = f"lowerdir={lower},upperdir={writable}/upper,workdir={writable}/work"
    sh("mount", "-t", "overlay", "overlay", "-o", options, "/usr")


def set_up_etc(packages):
    etc = Path("/run/etc")
    shutil.copytree("/etc", etc, symlinks=True, ignore_dangling_symlinks=True)
    for package in packages:
        if (PEERS / package / "etc").is_dir():
            shutil.copytree(PEERS / package / "etc", etc, symlinks=True, dirs_exist_ok=True)
    for name in ("resolv.conf", "hosts", "mailname"):
        (etc / name).unlink(missing_ok=True)
    (etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions edns0 trust-ad\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost {HOSTNAME}\n")
    (etc / "mailname").write_text(f"{HOSTNAME}\n")
    known_users, known_groups = ((etc / file).read_text() for file in ("passwd", "group"))
    with (etc / "passwd").open("a") as users, (etc / "group").open("a") as groups:
        for number, user in enumerate((*USERS, "postdrop"), start=2001):
            if f"\n{user}:" not in known_users:
                users.write(f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n")
            if f"\n{user}:" not in known_groups:
                groups.write(f"{user}:x:{number}:\n")
    sh("mount", "--bind", etc, "/etc")


def set_up_dev():
    """Of its own, since syslog's socket is in it."""
    dev = Path("/run/dev")
    dev.mkdir()
    sh("mount", "-t", "tmpfs", "-o", "dev,mode=755", "tmpfs", dev)
    for device in DEVICES:
        (dev / device).touch()
        sh("mount", "--bind", Path("/dev") / device, dev / device)
    (dev / "shm").mkdir(mode=0o1777)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")
    (dev / "fd").symlink_to("/proc/self/fd")
    sh("mount", "--move", dev, "/dev")
