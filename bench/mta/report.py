#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The tables: for each case a row, the median over the rounds, and postseal's ratio to Postfix and to the best peer."""
import json
import statistics
import sys
from pathlib import Path

from places import RESULTS

OURS, FLOOR = "postseal", "floor"


def show(path):
    if not path.exists():
        return
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for part, table in (("limits", show_limits), ("inbound", show_inbound), ("proof", show_proof),
                        ("outbound", show_outbound), ("relay", show_outbound), ("idle", show_idle),
                        ("authenticate", show_authenticate)):
        if rows := [line for line in lines if line["part"] == part]:
            print(f"\n### {part}\n")
            table(rows)
    if others := [line["other_cores"] for line in lines if "other_cores" in line]:
        print(f"\nOther work on this machine meanwhile: {statistics.median(others):.2f} cores (median), {max(others):.2f} at most.")


def title(case):
    return f"{case['size'] // 1024} KiB {'STARTTLS' if case['tls'] else 'plain'} {case['connections']}/{case['per_connection']}"


def median(lines, value):
    return statistics.median(map(value, lines)) if lines else None


def by_server(lines):
    return {name: [line for line in lines if line["server"] == name] for name in dict.fromkeys(line["server"] for line in lines)}


def ratios(values, least_is_best=True):
    """How many times better than Postfix, and than the best peer, ours is."""
    ours, postfix = values.get(OURS), values.get("postfix")
    peers = [value for name, value in values.items() if name not in (OURS, FLOOR) and value]
    if not ours or not peers:
        return "-", "-"
    better = (lambda other: other / ours) if least_is_best else (lambda other: ours / other)
    return f"{better(postfix):.1f}" if postfix else "-", f"{better((min if least_is_best else max)(peers)):.1f}"


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def show_limits(lines):
    head("at the most", "per second")
    for what in dict.fromkeys(line["what"] for line in lines):
        row(what, f"{median([line for line in lines if line['what'] == what], lambda line: line['rate']):,.0f}")


def show_inbound(lines):
    servers = list(by_server(lines))
    cases = dict.fromkeys(map(title, lines))
    views = (("CPU µs per letter", lambda line: line["user_us"] + line["system_us"], True, "{:,.0f}"),
             ("letters per second", lambda line: line["rate"], False, "{:,.0f}"),
             ("latency p50, ms", lambda line: line["p50_ms"], True, "{:.1f}"),
             ("latency p99, ms", lambda line: line["p99_ms"], True, "{:.1f}"))
    for view, value, least, shape in views:
        print(f"{view}:\n")
        head("case (connections / letters each)", *servers, "Postfix ÷ ours" if least else "ours ÷ Postfix", "best peer")
        for case in cases:
            same = by_server([line for line in lines if line["accepted"] > 0 and title(line) == case])
            values = {name: median(found, value) for name, found in same.items()}
            row(case, *(shape.format(values[name]) if name in values else "-" for name in servers), *ratios(values, least))
        print()
    for line in lines:
        if line["queued"] != line["accepted"] or line["errors"]:
            print(f"NOT EQUAL: {line['server']} {title(line)}: acknowledged "
                  f"{line['accepted']}, queued {line['queued']}, errors {line['errors']} {line['first_error']}")


def show_proof(lines):
    head("server", "letters", "delivered to hosts with wrong certificates", "sessions", "still queued")
    for line in lines:
        row(line["server"], line["letters"], line["delivered"], line["sessions"], line["queued"])


def show_outbound(lines):
    head("server", "letters", "delivered", "per second", "CPU ms each, without DNS", "with its resolver", "full handshakes",
         "resumed", "sessions", "left")
    costs, rates = {}, {}
    for name, found in by_server(lines).items():
        own = median(found, lambda line: line["user_ms"] + line["system_ms"])
        complete = all(line["delivered"] == line["letters"] for line in found)
        if complete:
            costs[name], rates[name] = own, median(found, lambda line: line["rate"])
        resolver = median(found, lambda line: line["resolver_ms"])
        # Ours resolves in its own process: its figure has DNS in it, and there is none without.
        row(name, found[0]["letters"], min(line["delivered"] for line in found), f"{median(found, lambda line: line['rate']):,.0f}",
            f"{own:.2f} (DNS in it)" if name == OURS else f"{own:.2f}", f"{own + resolver:.2f}",
            *(f"{median(found, lambda line, key=key: line[key]):.0f}" for key in ("full", "resumed", "sessions", "left")))
    print("\nCPU, peers without their resolver ÷ ours with ours: Postfix {}, best peer {}. Rate, ours ÷ theirs: {}, {}.".format(
        *ratios(costs), *ratios(rates, least_is_best=False)))


def show_idle(lines):
    head("server", "KiB per connection, plain", "in TLS", "processes", "idle")
    values = {}
    for name, found in by_server(lines).items():
        cells = []
        for tls in (False, True):
            same = [line for line in found if line["tls"] == tls]
            values.setdefault(tls, {})[name] = median(same, lambda line: line["kib_each"])
            cells.append(f"{values[tls][name]:,.1f}" if same else "-")
        row(name, *cells, max(line["processes"] for line in found), min(line["idle"] for line in found))
    for tls in (False, True):
        print("\n{}: Postfix ÷ ours {}, best peer {}.".format("In TLS" if tls else "Plain", *ratios(values[tls])))


def show_authenticate(lines):
    head("letter", "taken unchecked, µs", "checked", "checking alone", "rate checked ÷ unchecked", "filters, µs", "filters ÷ ours")
    for size, tls in dict.fromkeys((line["size"], line["tls"]) for line in lines if line["server"] == OURS):
        def cost(**wanted):
            found = [line for line in lines if line["size"] == size and wanted.items() <= line.items()]
            return median(found, lambda line: line["user_us"] + line["system_us"]), median(found, lambda line: line.get("rate"))
        unchecked, checked = cost(server=OURS, tls=tls, checked=False), cost(server=OURS, tls=tls, checked=True)
        filters = median([line for line in lines if line["size"] == size and line["server"] != OURS],
                         lambda line: line["user_us"] + line["system_us"])
        own = checked[0] - unchecked[0] if checked[0] and unchecked[0] else None
        row(f"{size // 1024} KiB {'STARTTLS' if tls else 'plain'}", unchecked[0], checked[0], own, f"{checked[1] / unchecked[1]:.2f}" if own else "-", filters or "-",
            f"{filters / own:.1f}" if own and filters else "-")


if __name__ == "__main__":
    show(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)
