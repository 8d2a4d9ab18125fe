#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds regex rules against Python's re: the first pattern found in a name wins.

usage: test_regex.py PATH-OF-regex_names [--patterns FILE] [--names N]

Patterns come from a file, one a line, or are those below. Names are made to match a pattern, then
half of them are damaged.
"""

import argparse
import random
import re
import re._parser as parser
import string
import subprocess
import sys
import tempfile

PATTERNS = r"""
^ml-.*\.eastus\.notebooks\.azure\.net$
(^|\.)ad[sx]?[0-9]+\.example$
(\w+)-static-[0-9]+\.cdn\.net$
^[a-z0-9-]{8,12}\.(com|net|org)$
^(?!x)?a
tracker|beacon|pixel
\bads\b
(?:^|\.)[^.]+\.internal$
x{3,}
^([0-9]{1,3}-){3}[0-9]{1,3}\.dyn\.
\\000
\\(046|092|255)
^[^.]{63}\..{189}$
^www\d*\.
(foo|bar)+baz
[[:digit:]]{4}\.test
.{60}
_tcp\.
""".split()
UNSUPPORTED = re.compile(r"\(\?[!=<]|\[\[:")  # by Hyperscan, or by Python

# NULs, dots, backslashes and bytes beyond ASCII in labels, and the longest names there are.
UNUSUAL = [
    r"a\000b.example", r"a\046b.org", r"\092.x", r"\255\255.Foobaz.x", r"\000", r"\032\009.test",
    ".".join(["x" * 63] * 3 + ["y" * 61]), ".".join(["Q" * 63] * 3 + ["1" * 61]),
    ".".join("z" * 127), "www" + ".a" * 125, ".".join([r"\200" * 63] * 3 + [r"\046" * 61]),
]

LETTERS = string.ascii_lowercase + string.digits + "-"


def random_text(draw, shortest, longest):
    return "".join(draw.choice(LETTERS) for _ in range(draw.randint(shortest, longest)))


def choose_in(draw, items):
    """One character of a class."""
    if items and items[0][0] is parser.NEGATE:
        while True:
            made = draw.choice(LETTERS)
            if not any(is_in(made, item) for item in items[1:]):
                return made
    kind, value = draw.choice(items)
    if kind is parser.LITERAL:
        return chr(value)
    if kind is parser.RANGE:
        return chr(draw.randint(*value))
    return {parser.CATEGORY_DIGIT: draw.choice(string.digits)}.get(value, draw.choice(LETTERS[:36]))


def is_in(made, item):
    kind, value = item
    if kind is parser.LITERAL:
        return ord(made) == value
    return kind is parser.RANGE and value[0] <= ord(made) <= value[1]


def make_match(draw, tree):
    """A text that the pattern is likely to be found in."""
    text = ""
    for kind, value in tree:
        if kind is parser.LITERAL:
            text += chr(value)
        elif kind is parser.ANY:
            text += draw.choice(LETTERS + ".")
        elif kind is parser.IN:
            text += choose_in(draw, value)
        elif kind is parser.NOT_LITERAL:
            text += draw.choice(LETTERS)
        elif kind is parser.BRANCH:
            text += make_match(draw, draw.choice(value[1]))
        elif kind is parser.SUBPATTERN:
            text += make_match(draw, value[3])
        elif kind in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            low, high, inner = value
            for _ in range(draw.randint(low, min(high, low + 4))):
                text += make_match(draw, inner)
    return text


def damage(draw, text):
    at = draw.randrange(len(text) + 1)
    return draw.choice([
        text[:at] + draw.choice(LETTERS + ".") + text[at:],
        text[:at] + text[at + 1:],
        text + "." + random_text(draw, 1, 4),
        random_text(draw, 1, 4) + text,
    ])


def is_name(text):
    labels = text.split(".")
    return len(text) <= 250 and all(1 <= len(label) <= 63 for label in labels) and \
        all(c in LETTERS + "._" + string.ascii_uppercase for c in text)


def make_name(draw, trees):
    while True:
        if draw.random() < 0.2:
            text = ".".join(random_text(draw, 1, 12) for _ in range(draw.randint(1, 4)))
        else:
            text = make_match(draw, draw.choice(trees))
        if draw.random() < 0.3:
            text = random_text(draw, 1, 8) + "." + text
        if draw.random() < 0.5:
            text = damage(draw, text)
        if draw.random() < 0.2:
            text = text.upper()
        if is_name(text):
            return text


def expect(patterns, name):
    folded = name.lower()
    for number, pattern in enumerate(patterns):
        if pattern.search(folded):
            return number
    return -1


def match_by_shunt(tool, patterns, names):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{pattern}\n" for pattern in patterns))
        file.flush()
        done = subprocess.run([tool, file.name], input="".join(f"{name}\n" for name in names),
                              capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"not ok 1 - {done.stderr.strip()}")
    return [int(line) for line in done.stdout.split()]


def check_names(options):
    patterns = [text for text in PATTERNS if not UNSUPPORTED.search(text)]
    if options.patterns:
        with open(options.patterns, encoding="utf-8") as file:
            patterns = [line.rstrip("\n") for line in file if line.strip() and line[0] != "#"]
    draw = random.Random(1)
    trees = [parser.parse(pattern) for pattern in patterns]
    names = UNUSUAL + [make_name(draw, trees) for _ in range(options.names)]
    given = match_by_shunt(options.tool, patterns, names)
    compiled = [re.compile(pattern, re.IGNORECASE | re.ASCII) for pattern in patterns]
    wanted = [expect(compiled, name) for name in names]
    different = [(name, w, g) for name, w, g in zip(names, wanted, given) if w != g]
    for name, want, got in different[:10]:
        print(f"# {name}: re finds {want}, shunt {got}")
    found = sum(number >= 0 for number in wanted)
    print(f"# {len(patterns)} patterns, {len(names)} names, {found} of them matched, "
          f"{len(different)} differences")
    is_good = not different and len(given) == len(names) and 0.1 < found / len(names) < 0.95
    print(f"{'ok' if is_good else 'not ok'} 1 - first_pattern_found_wins_as_with_re")
    return is_good


def check_limit(options):
    """So many patterns under one domain that no machine compiles them in the ten seconds they have."""
    draw = random.Random(2)
    patterns = [fr"(^|\.){random_text(draw, 3, 9)}\.zone{draw.randrange(500)}\.example$"
                for _ in range(60_000)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{pattern}\n" for pattern in patterns))
        file.flush()
        done = subprocess.run([options.tool, file.name], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
    is_good = done.returncode != 0 and "takes over 10 s to compile" in done.stderr
    print(f"# {done.stderr.strip()}")
    print(f"{'ok' if is_good else 'not ok'} 2 - what_takes_over_10_s_to_compile_is_refused")
    return is_good


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tool")
    arguments.add_argument("--patterns")
    arguments.add_argument("--names", type=int, default=20000)
    options = arguments.parse_args()
    print("1..2", flush=True)
    are_good = [check_names(options), check_limit(options)]
    return 0 if all(are_good) else 1


if __name__ == "__main__":
    sys.exit(main())
