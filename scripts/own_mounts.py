#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""own_mounts.py COMMAND...: runs it where it may mount, and nobody else sees what; the mounts end with it.

Root gets a mount namespace, anybody else a user namespace, too, in which he is root. unshare(1) would do, but for a
chroot in which / is no mount point: propagation can only be cut at one, and with propagation mounts might be seen outside.
"""
import ctypes
import os
import sys

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result != 0:
        error = ctypes.get_errno()
        sys.exit(f"own_mounts.py: {what}: {os.strerror(error)}")


def unshare_mounts():
    must(libc.unshare(CLONE_NEWNS), "a mount namespace of our own")
    # Opened now: in the new namespace.
    folder, root = (os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (".", "/"))
    # Entering it once more leads to its true root, which is a mount point in any case; then back to ours.
    with open("/proc/self/ns/mnt", "rb") as namespace:
        must(libc.setns(namespace.fileno(), CLONE_NEWNS), "the root of our mount namespace")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mounts of our own")
    os.fchdir(root)
    os.chroot(".")
    os.fchdir(folder)
    os.close(folder)
    os.close(root)


if len(sys.argv) < 2:
    sys.exit(__doc__)
if os.geteuid() == 0:
    unshare_mounts()
    command = sys.argv[1:]
else:
    command = ["unshare", "--user", "--map-root-user", "--mount", *sys.argv[1:]]
try:
    os.execvp(command[0], command)
except OSError as error:
    sys.exit(f"own_mounts.py: {command[0]}: {error.strerror}")
