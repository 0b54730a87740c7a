# SPDX-License-Identifier: Apache-2.0
"""Where the benchmark keeps its things. Everything is below build/bench/mta, on the disk that is measured."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build/bench/mta"
WORLD = WORK / "world"
TOOLS = WORK / "tools"
RESULTS = WORK / "results.jsonl"
PEERS = ROOT / "build/peers"
PROGRAM = Path(os.environ.get("POSTSEAL_PROGRAM", ROOT / "build/bench/postseal")).resolve()

# How the work folder is seen inside the namespaces: short enough for a socket, and open to every user on the way.
HERE = Path("/run/mta")
