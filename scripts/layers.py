#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every include against the rooms' manifests (room.txt) and the order of the storeys.

A file may include its own room, the rooms in its room's "uses:" (directly, not through another), and the libraries in
"links:". Tests (*_test.cc) may also use "test_uses:". Fuzz targets and benchmarks name their rooms in a "// rooms:" line.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Includes point down only: from a later storey to the same or an earlier one.
STOREYS = ["vocab", "protocol", "edge", "flow", "lab", "face", "app", "tests"]
# Programs' tests with a library that is put before the program under test, and is part of none.
PRELOADED = {ROOT / "tests/crash", ROOT / "tests/serve"}
BANNED = {"utils", "util", "common", "misc", "helpers", "helper", "base", "manager"}
# Header prefix -> the name that a room must have in "links:". Everything else in <> is the language or the system.
LIBRARIES = [
    ("boost/asio", "asio"), ("boost/system", "asio"), ("boost/json", "json"), ("boost/beast", "beast"), ("openssl/", "openssl"),
    ("unbound.h", "unbound"), ("curl/", "curl"), ("toml++/", "toml"), ("toml.hpp", "toml"), ("CLI/", "cli11"),
    ("fmt/", "fmt"), ("idn2.h", "idn2"), ("boost/", "boost"), ("rocksdb/", "rocksdb"),
    ("prometheus/", "prometheus"), ("argon2.h", "argon2"),
]
# Asio costs seconds in each file that sees its operations; protocol rooms see it through these alone.
VOCAB_ASIO = ("awaitable.h", "await_all.h")
TEST_LIBRARIES = ("gtest/", "gmock/", "rapidcheck", "benchmark/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


class Room:
    def __init__(self, manifest):
        self.folder = manifest.parent
        path = self.folder.relative_to(ROOT)
        self.name = str(path.relative_to("src")) if path.parts[0] == "src" else str(path)
        fields = {}
        for line in manifest.read_text().splitlines():
            key, _, value = line.partition(":")
            fields[key.strip()] = value.strip()
        self.fields = fields
        self.storey = fields.get("storey", "")
        self.uses = fields.get("uses", "").split()
        self.links = fields.get("links", "").split()
        self.test_uses = fields.get("test_uses", "").split()


def load_rooms():
    manifests = [m for top in ("src", "lab", "tests") for m in sorted((ROOT / top).rglob("room.txt"))]
    return {room.name: room for room in map(Room, manifests)}


def find_cycle(rooms):
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done or name not in rooms:
            return None
        path.append(name)
        for used in rooms[name].uses:
            if cycle := visit(used):
                return cycle
        path.pop()
        done.add(name)
        return None

    for name in rooms:
        if cycle := visit(name):
            return cycle
    return None


def check_manifests(rooms, problem):
    for room in rooms.values():
        where = room.folder.relative_to(ROOT) / "room.txt"
        for key in ("storey", "what", "start"):
            if not room.fields.get(key):
                problem(where, f"has no '{key}:' line")
        if room.storey not in STOREYS:
            problem(where, f"storey '{room.storey}' is none of {' '.join(STOREYS)}")
            continue
        start = room.fields.get("start")
        if start and not (room.folder / start).exists():
            problem(where, f"start: {start} does not exist")
        for used in room.uses + room.test_uses:
            if used not in rooms:
                problem(where, f"uses '{used}', which is no room")
        for used in room.uses:
            if used in rooms and STOREYS.index(rooms[used].storey) > STOREYS.index(room.storey):
                problem(where, f"storey {room.storey} uses {used} of the higher storey {rooms[used].storey}")
            if used in rooms and rooms[used].storey == "tests" and room.storey != "tests":
                problem(where, f"uses {used}: fakes belong in test_uses")
    if cycle := find_cycle(rooms):
        problem("room.txt", "rooms use each other in a circle: " + " -> ".join(cycle))


def check_folders(problem):
    for top in ("src", "lab", "tests"):
        for folder in [ROOT / top, *sorted((ROOT / top).rglob("*"))]:
            if not folder.is_dir():
                continue
            if folder.name in BANNED:
                problem(folder.relative_to(ROOT), "a room is named after what happens in it, not an attic")
            if folder in PRELOADED:
                continue
            if any(folder.glob("*.cc")) and not (folder / "room.txt").exists():
                problem(folder.relative_to(ROOT), "has sources but no room.txt")


def resolve(target):
    """The room-relative path of a quoted include: under src/ or at the top."""
    for top in (ROOT / "src", ROOT):
        if (top / target).exists():
            return top / target
    return None


def library_of(header):
    for prefix, name in LIBRARIES:
        if header.startswith(prefix):
            return name
    return None


def room_name_of(path, rooms):
    for room in rooms.values():
        if path.parent == room.folder:
            return room.name
    return None


def headers_of_tests(room):
    """Headers without a source that only the room's tests include: fixtures, which may use what tests may."""
    def included_by(paths):
        return {resolve(target) for path in paths for kind, target in INCLUDE.findall(path.read_text()) if kind == '"'}

    headers = {header for header in room.folder.glob("*.h") if not header.with_suffix(".cc").exists()}
    tests = set(room.folder.glob("*_test.cc"))
    fixtures = headers & included_by(tests)
    return fixtures - included_by(set(room.folder.glob("*.cc")) - tests) - included_by(set(room.folder.glob("*.h")) - fixtures)


def check_file(path, allowed, links, is_test, rooms, problem, used):
    text = path.read_text()
    where = path.relative_to(ROOT)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        kind, target = match.groups()
        place = f"{where}:{line}"
        if kind == '"':
            found = resolve(target)
            if found is None:
                problem(place, f'"{target}" is neither under src/ nor at the top')
                continue
            room = room_name_of(found, rooms)
            if room is None:
                problem(place, f'"{target}" belongs to no room')
            elif room not in allowed:
                problem(place, f'includes "{target}", but its room may not use {room}')
            else:
                used.add(room)
            continue
        if target.startswith(TEST_LIBRARIES):
            if not is_test:
                problem(place, f"<{target}> is for tests and benchmarks")
            continue
        library = library_of(target)
        if library is None or library in links or (is_test and library == "asio"):
            if where.parts[:2] == ("src", "vocab") and library == "asio" and not is_test and where.name not in VOCAB_ASIO:
                problem(place, f"<{target}>: in vocab, only {' and '.join(VOCAB_ASIO)} include Asio")
            continue
        problem(place, f"<{target}> needs '{library}' in links: of its room.txt")


def check_own_header(path, problem):
    own = path.with_suffix(".h")
    if not own.exists():
        return
    first = INCLUDE.search(path.read_text())
    if first is None or resolve(first.group(2)) != own:
        problem(path.relative_to(ROOT), "must include its own header first, so that every header compiles alone")


def check_card(path, problem):
    head = path.read_text()[:400].splitlines()[:2]
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
        problem(path.relative_to(ROOT), "has no SPDX line at its top")
    if path.suffix == ".h" and (not head or head[0] != "#pragma once"):
        problem(path.relative_to(ROOT), "must begin with #pragma once")


def main():
    problems = []

    def problem(where, what):
        problems.append(f"{where}: {what}")

    rooms = load_rooms()
    check_manifests(rooms, problem)
    check_folders(problem)
    files = 0
    for room in rooms.values():
        used, fixtures = set(), headers_of_tests(room)
        for path in sorted([*room.folder.glob("*.h"), *room.folder.glob("*.cc")]):
            files += 1
            is_test = path.stem.endswith("_test") or room.storey == "tests" or path in fixtures
            allowed = {room.name, *room.uses, *(room.test_uses if is_test else [])}
            check_file(path, allowed, room.links, is_test, rooms, problem, used)
            check_card(path, problem)
            if path.suffix == ".cc" and not is_test:
                check_own_header(path, problem)
        if "--unused" in sys.argv:
            for name in sorted(set(room.uses) - used):
                print(f"note: {room.name} could do without '{name}' in uses:")
    for path in sorted([*(ROOT / "fuzz").glob("*.cc"), *(ROOT / "bench").glob("*.cc")]):
        files += 1
        line = re.search(r"^// rooms:(.*)$", path.read_text(), re.M)
        named = line.group(1).split() if line else []
        for name in named:
            if name not in rooms:
                problem(path.relative_to(ROOT), f"names '{name}' in its rooms: line, which is no room")
        links = [library for name in named if name in rooms for library in rooms[name].links]
        check_file(path, set(named), links, True, rooms, problem, set())
        check_card(path, problem)

    for line in problems:
        print(line)
    print(f"layers: {len(rooms)} rooms, {files} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
