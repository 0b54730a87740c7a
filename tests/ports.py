# SPDX-License-Identifier: Apache-2.0
"""Ports for servers under test, for tests/serve and tests/crash."""
import contextlib
import socket


def free_ports(count):
    """Different ones: a port that is let go before the next is asked for may be given out twice."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_port():
    return free_ports(1)[0]
