# SPDX-License-Identifier: Apache-2.0
"""What it costs to find out who wrote a letter: SPF, one DKIM signature, DMARC, everything in DNS known already.

Ours is the difference between two servers that take the same letters, one of which checks them and one does not; the
filters' is what they use when a mail server asks them, and nothing of that mail server's own."""
import tempfile
import threading
from pathlib import Path

import signed_letters
from measuring import Measurement, source, wait_for_quiet
from places import HERE
from servers.milters import Milters
from servers.server import Mode

SIZES, CONNECTIONS, PER_CONNECTION = (4096, 65536), 20, 10
FILTERED = 2000  # letters: the filters' side is counted, not timed


def measure(server, seconds):
    for size in SIZES:
        letter = signed_letters.make(size)
        if isinstance(server, Milters):
            yield {"size": size, **measure_filters(server, letter)}
        else:
            for tls in (False, True):
                for checked in (False, True):
                    figures = measure_server(server, letter, tls, checked, seconds)
                    yield {"size": size, "tls": tls, "checked": checked, **figures}


def measure_server(server, letter, tls, checked, seconds):
    server.authentication = checked
    with tempfile.NamedTemporaryFile(dir=HERE) as file:
        Path(file.name).write_bytes(letter)
        words = ["--connections", CONNECTIONS, "--letter", file.name, "--domains", 1, *(["--starttls"] if tls else [])]
        server.start(Mode.CHECK)
        source(server, "--messages", 3 * CONNECTIONS, *words)
        wait_for_quiet(server.group)
        measurement = Measurement(server.group)
        sent = source(server, "--milliseconds", int(1000 * seconds), "--per-connection", PER_CONNECTION, *words)
        ((user, system),), other = measurement.end()
        server.stop()
    each = 1e6 / max(1, sent["accepted"])
    return {"accepted": sent["accepted"], "rate": sent["rate"], "errors": sent["errors"], "first_error": sent["first_error"],
            "user_us": round(user * each), "system_us": round(system * each), "other_cores": other}


def measure_filters(server, letter):
    headers, body = signed_letters.split(letter)
    server.launch_filters()

    def send(letters, results):
        filters = server.connect()
        for number in range(letters):
            if number and number % PER_CONNECTION == 0:
                for each in filters:
                    each.close()
                filters = server.connect()
            results.append(server.authenticate(filters, number, signed_letters.SENDER, signed_letters.RECIPIENT, headers, body))
        for each in filters:
            each.close()

    first = []
    send(1, first)
    said = " ".join(value for _, value in first[0])
    if not all(f"{method}=pass" in said for method in ("dkim", "dmarc", "spf")):
        raise RuntimeError(f"the filters do not find the letter right: {said}")
    wait_for_quiet(server.group)
    measurement = Measurement(server.group)
    results = []
    threads = [threading.Thread(target=send, args=(FILTERED // 4, results)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((user, system),), other = measurement.end()
    server.stop()
    each = 1e6 / max(1, len(results))
    return {"accepted": len(results), "user_us": round(user * each), "system_us": round(system * each), "other_cores": other}
