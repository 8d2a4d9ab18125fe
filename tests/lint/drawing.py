#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws a query's way from the table in path.h, and holds docs/architecture.md against it.

Without arguments: says whether the drawing in the document is that of the table. With --write:
puts it there.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "dataplane/path/path.h"
DOCUMENT = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- path:begin -->", "<!-- path:end -->"

INDENT = 9   # columns before the first step: "frame ─▶ "
STRIDE = 9   # columns from one step to the next
ROW = r'\b{name}\(\s*(\w+)\s*,\s*(?:(\w+)\s*,\s*)?(?:"((?:[^"\\]|\\.)*)"|(\w+))\s*\)'
MARKS = {"EXIT": "✕", "ANSWERED": "◀", "ACCEPTED": "◀", "HANDED_OVER": "▶",
         "REFUSAL": "✕"}  # by enum counter_kind


def rows(table, name):
    """The rows of an X-macro list: (first, middle or None, last)."""
    text = re.sub(r"\\\n", " ", TABLE.read_text(encoding="utf-8"))
    body = re.search(rf"#define {table}\({name}\)(.*)", text)
    if not body:
        raise SystemExit(f"{TABLE.relative_to(ROOT)}:1: no table {table}({name})")
    return [(first, middle, text or word)
            for first, middle, text, word in re.findall(ROW.format(name=name), body.group(1))]


def read_table():
    steps = [(name, what) for name, _, what in rows("PATH_STEPS", "STEP")]
    doors = [(come, go) for come, _, go in rows("PATH_DOORS", "DOOR")]
    exits = [(name, kind.removeprefix("COUNTER_"), why)
             for name, kind, why in rows("PATH_EXITS", "EXIT")]
    counts = rows("PATH_COUNTS", "COUNT")
    return steps, doors, exits, counts


def joint(is_live, is_last):
    if is_live:
        return "┤" if is_last else "┼"
    return "┐" if is_last else "┬"


def staircase(steps, doors):
    """A step a line, each below and right of the one before; lines lead down to what follows."""
    names = [name for name, _ in steps]
    column = {name: INDENT + STRIDE * number for number, name in enumerate(names)}
    lanes = set()  # steps that some line leads down to
    lines = []
    for number, name in enumerate(names):
        targets = sorted((go for come, go in doors if come == name), key=names.index)
        if any(names.index(go) <= number for go in targets):
            raise SystemExit(f"{TABLE.relative_to(ROOT)}:1: a door leads back from {name}")
        row = {}
        for lane in lanes:
            row[column[lane] + 1] = "│"
        if targets:
            last = column[targets[-1]] + 1
            for place in range(column[name] + len(name) + 1, last):
                row.setdefault(place, "─")
            for go in targets:
                row[column[go] + 1] = joint(go in lanes, go == targets[-1])
        text = "frame ─▶ " if number == 0 else " " * column[name]
        text += name
        if number == len(names) - 1:
            text += " ─▶ frame"
        width = max(row, default=0) + 1
        text += "".join(row.get(place, " ") for place in range(len(text), width))
        lines.append(text.rstrip())
        lanes |= set(targets)
        if number + 1 < len(names):
            below = names[number + 1]
            lanes.discard(below)
            arrows = {column[lane] + 1: "│" for lane in lanes}
            arrows[column[below] + 1] = "▼"
            lines.append("".join(arrows.get(p, " ") for p in range(max(arrows) + 1)))
    return lines


def tables(steps, exits, counts):
    lines = ["| step | what happens there |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in steps]
    lines += ["", "| end | | why |", "|---|---|---|"]
    lines += [f"| `{name}` | {MARKS[kind]} {kind.lower().replace('_', ' ')} | {why} |" for name, kind, why in exits]
    lines += ["", "| also counted | what |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, _, what in counts]
    return lines


def draw():
    steps, doors, exits, counts = read_table()
    return "\n".join([BEGIN, "```", *staircase(steps, doors), "```", "",
                      *tables(steps, exits, counts), END])


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"docs/architecture.md:1: the markers {BEGIN} and {END} are missing")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    wanted = before + draw() + after
    if "--write" in sys.argv:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        line = before.count("\n") + 1
        print(f"docs/architecture.md:{line}: the drawing is not that of dataplane/path/path.h; "
              "run tests/lint/drawing.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
