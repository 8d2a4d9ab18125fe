#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads the C files and says where one breaks a rule of the house: includes, licence, length."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

C_FOLDERS = ["core", "dataplane", "control", "ctl", "bpf", "bench", "tests"]
LONGEST_FUNCTION = 100

# What pure code may take from outside: the freestanding headers, string.h, assert.h for
# static_assert, and the compiler's intrinsics.
PURE = (
    r"<(assert|float|iso646|limits|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdnoreturn"
    r"|string|cpuid|immintrin|x86intrin|wmmintrin|emmintrin|tmmintrin|smmintrin|nmmintrin)\.h>"
)

# Who may include what: the first row whose path matches a file decides. Each row: the files, what
# they may include, and what to do about anything else.
MAY_INCLUDE = [
    (r"core/.*", [r'"core/', PURE],
     "core is pure: it includes core/ and the freestanding part of libc; "
     "let the caller do what needs more"),
    (r"dataplane/path/.*", [r'"core/', r'"dataplane/path/(path|frame|compose|profile|pairs|share)\.h"', r'"dataplane/state/',
                            r'"dataplane/port/port\.h"', PURE],
     "a step includes path.h, frame.h, compose.h and the state it uses, never another step nor what is above it; "
     "hand it over in struct query or through path.h"),
    (r"dataplane/state/.*", [r'"core/', r'"dataplane/state/', PURE],
     "state knows neither steps nor ports; take what it needs as arguments"),
    (r"dataplane/port/(xdp|xdp_\w+|steer|steer_maps)\.[ch]", [r'"core/', r'"dataplane/port/', r'"bpf/', r"<(?!rte_)"],
     "AF_XDP ports know core/, port/ and bpf/, and no DPDK"),
    (r"dataplane/port/dpdk\.c", [r'"core/', r'"dataplane/port/', r"<(?!xdp/|bpf/)"],
     "the DPDK port knows core/ and port/, and neither libxdp nor libbpf"),
    (r"dataplane/port/.*", [r'"core/', r'"dataplane/port/', r"<(?!rte_|xdp/|bpf/)"],
     "a port knows core/ and port/; rte_* stays in port/dpdk.c and main.c, "
     "xdp/ and bpf/ in port/xdp*.c and port/steer*.c"),
    (r"dataplane/main\.c", [r'"core/', r'"dataplane/', r"<(?!xdp/|bpf/)"],
     "dataplane never includes control/ or ctl/; they meet in core/"),
    (r"dataplane/.*", [r'"core/', r'"dataplane/', r"<(?!rte_|xdp/|bpf/)"],
     "dataplane never includes control/ or ctl/ (they meet in core/); "
     "rte_* stays in port/dpdk.c and main.c"),
    (r"control/.*", [r'"core/', r'"control/', r"<(?!rte_|xdp/|bpf/)"],
     "control never includes dataplane/ or ctl/; they meet in core/"),
    (r"ctl/.*", [r'"ctl/', r"<(?!rte_|xdp/|bpf/)"],
     "ctl speaks to the control socket and includes nothing else of the house"),
    (r"bpf/.*", [r'"bpf/', r"<(linux|bpf)/"],
     "a BPF program includes bpf/ and the kernel's headers"),
    (r".*", [r'"', r"<"], ""),
]

# A step has no header of its own beside path.h, except where another file needs one.
INCLUDE = re.compile(r'^\s*#\s*include\s+("[^"]+"|<[^>]+>)')
SPDX = re.compile(r"SPDX-License-Identifier: .*BSD-3-Clause")


def rule_for(name):
    for files, allowed, advice in MAY_INCLUDE:
        if re.fullmatch(files, name):
            return allowed, advice
    raise AssertionError("the last row of MAY_INCLUDE matches every file")


def own_header(name, include):
    return include == f'"{name[:-2]}.h"'


def check_includes(name, lines):
    allowed, advice = rule_for(name)
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        include = found.group(1)
        if include[0] == '"' and not is_from_root(include[1:-1]):
            yield number, f"{include} is not written from the root; write \"folder/name.h\""
        elif not own_header(name, include) and not any(re.match(p, include) for p in allowed):
            yield number, f"{include} is out of bounds here: {advice}"


def is_from_root(include):
    # A skeleton is made during the build, next to its source.
    made = include.replace(".skel.h", ".bpf.c")
    return "/" in include and ((ROOT / include).exists() or (ROOT / made).exists())


def check_licence(name, lines):
    head = lines[:2]
    if not any(SPDX.search(line) for line in head):
        yield 1, "no SPDX line: begin with '// SPDX-License-Identifier: BSD-3-Clause'"
    elif name.endswith((".c", ".h")):
        if not SPDX.search(lines[0]):
            yield 1, "the SPDX line is not the first"
        elif len(lines) < 2 or not lines[1].startswith("//"):
            yield 2, "no sentence below the SPDX line saying what this file is"


def check_once(name, lines):
    if name.endswith(".h") and "#pragma once" not in (line.strip() for line in lines):
        yield 1, "a header without '#pragma once'"


# clang-format puts the braces of a function, and no others, alone into the first column.
def check_length(name, lines):
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            begin = number
        elif line == "}" and begin:
            if number - begin - 1 > LONGEST_FUNCTION:
                yield begin, (f"a function of {number - begin - 1} lines; "
                              f"split it (at most {LONGEST_FUNCTION}, better 40)")
            begin = None


CHECKS_OF_C = [check_includes, check_licence, check_once, check_length]
CHECKS_OF_SCRIPTS = [check_licence]


def files():
    for folder in C_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            yield path, CHECKS_OF_C
    for path in sorted((ROOT / "bench").rglob("*.cpp")):
        yield path, [check_includes, check_licence]
    scripts = [ROOT / "dev", ROOT / ".ci/run", *(ROOT / "bench").rglob("*.sh"),
               *(ROOT / "tests").rglob("*.sh"),
               *(ROOT / "tests").rglob("*.py")]
    for path in scripts:
        yield path, CHECKS_OF_SCRIPTS


def main():
    bad = 0
    for path, checks in files():
        name = str(path.relative_to(ROOT))
        lines = path.read_text(encoding="utf-8").splitlines()
        for check in checks:
            for number, message in check(name, lines):
                print(f"{name}:{number}: {message}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
