# SPDX-License-Identifier: BSD-3-Clause
"""What each rung says of its figures, and where it writes them: rows of row, value, unit, conditions."""

import json
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return f"{model.group(1) if model else platform.machine()}, Linux {platform.release()}"


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def row(name, value, unit, conditions):
    return {"row": name, "value": value, "unit": unit, "conditions": conditions}


def read(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write(kind, rows):
    """Those of one kind of port, and beside them those of all kinds as path.json."""
    one = BUILD / f"path-{kind}.json"
    one.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    every = [row for path in sorted(BUILD.glob("path-*.json")) for row in read(path)]
    (BUILD / "path.json").write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {one.relative_to(ROOT)}, and with other ports' to build/bench/path.json")
