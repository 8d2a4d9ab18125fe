#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steps, state and the hot part of core call nothing outside themselves: asked of the linker.

Their objects, compiled by plain gcc, are joined with `ld -r`; whatever `nm -u` still misses is a
call that leaves the hot path. Allowed are the few names that the compiler itself puts in.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/lint"

HOT = re.compile(
    r"dataplane/(path|state)/[^/]+\.c"
    r"|core/(suffix\w*|permutation\w*|aes128|cpu|edns|name|msg|siphash|prefix|image|chance|answer|zone|route|expand|ttl)\.c"
)
ALLOWED = re.compile(
    r"mem(cpy|move|set|cmp|chr)|bcmp|__mem\w+_chk|__stack_chk_fail|__popcountdi2"
    r"|_GLOBAL_OFFSET_TABLE_"
)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def configure():
    if (BUILD / "build.ninja").exists():
        return
    run("meson", "setup", str(BUILD), str(ROOT), "-Dhardening=false", "-Db_ndebug=true",
        "-Db_lto=false", "-Db_pie=false")


def hot_objects():
    """The source of each hot object, and the object, each source once."""
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    objects = {}
    for command in commands:
        source = (BUILD / command["file"]).resolve()
        if not source.is_relative_to(ROOT):
            continue
        name = str(source.relative_to(ROOT))
        if HOT.fullmatch(name):
            objects.setdefault(name, command["output"])
    return objects


def undefined(path):
    return [line.split()[-1] for line in run("nm", "-u", str(path)).splitlines()]


def report(symbol, objects):
    for name, built in objects.items():
        if symbol not in undefined(BUILD / built):
            continue
        line = 1
        for number, text in enumerate((ROOT / name).read_text().splitlines(), 1):
            if re.search(rf"\b{re.escape(symbol)}\b", text):
                line = number
                break
        print(f"{name}:{line}: calls {symbol}(), which no step or state may: "
              "no malloc, printf, clock, lock or syscall on the path; do it in worker.c")


def main():
    try:
        configure()
        run("ninja", "-C", str(BUILD), "build.ninja")  # the list of objects is made with it
        objects = hot_objects()
        if not objects:
            print("tests/lint/symbols.py:1: found no hot objects to look at")
            return 1
        run("ninja", "-C", str(BUILD), *objects.values())
        joined = BUILD / "hot.o"
        run("ld", "-r", "-o", str(joined), *(str(BUILD / built) for built in objects.values()))
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)} failed:\n{error.stdout}{error.stderr}")
        return 1
    bad = [symbol for symbol in undefined(joined) if not ALLOWED.fullmatch(symbol)]
    for symbol in bad:
        report(symbol, objects)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
