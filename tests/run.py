#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs every test there is, stage by stage; the last line counts them: `N passed, N failed`."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"
FUZZ_SECS = int(os.environ.get("SHUNT_FUZZ_SECS", "20"))

# What is run over plain sockets: there a sanitizer follows all that the daemons do.
OVER_SOCKETS = ["test_faults.py", "test_ipv6.py", "test_mutated.py", "test_queries.py",
                "test_rules.py", "test_user.py"]

# Builds by clang with sanitizers: what it finds, folder, options, files of the lab's tests. A thread sanitizer follows only code
# that it compiled, so that one goes without DPDK and AF_XDP.
SANITIZED = {
    "address and undefined-behaviour sanitizers":
        ("build/sanitized", ["-Db_sanitize=address,undefined", "-Db_lundef=false"],
         [*OVER_SOCKETS, "test_interfaces.py"]),
    "the thread sanitizer":
        ("build/threads", ["-Db_sanitize=thread", "-Db_lundef=false", "-Ddpdk=disabled",
                           "-Dxdp=disabled"], OVER_SOCKETS),
}
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
SANITIZED_MUTATED_PACKETS = 20000
TRIMMED = {"no-dpdk": "-Ddpdk=disabled", "no-xdp": "-Dxdp=disabled"}


def say(text):
    print(f"\n== {text}", flush=True)


def run(*command, **env):
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False).returncode


def run_quietly(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def verdict(is_passed, what):
    print(f"{'ok' if is_passed else 'FAILED'}: {what}", flush=True)
    return (1, 0) if is_passed else (0, 1)


def configure(folder, *options, **env):
    if (ROOT / folder / "build.ninja").exists():
        return True
    return run("meson", "setup", folder, *options, **env) == 0


def count_tap(log):
    """Passed and failed in meson's log: a TAP line a test, or one failure for a crash."""
    passed = failed = 0
    for line in log.read_text().splitlines():
        test = json.loads(line)
        tap = test.get("stdout", "")
        good = len(re.findall(r"^ok\b", tap, re.MULTILINE))
        bad = len(re.findall(r"^not ok\b", tap, re.MULTILINE))
        if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
            bad = max(bad, 1)
            print(f"FAILED: {test['name']}\n{tap}{test.get('stderr', '')}")
        elif not good:
            good = 1
        passed += good
        failed += bad
    return passed, failed


def unit(folder):
    log = ROOT / folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    status = run("meson", "test", "-C", folder, "--quiet")
    if not log.exists():
        return verdict(status == 0, f"unit tests of {folder}: there is no log of them")
    passed, failed = count_tap(log)
    if status and not failed:
        failed = 1
    print(f"{folder}: {passed} passed, {failed} failed", flush=True)
    return passed, failed


def unit_tests():
    say("unit tests")
    return unit("build")


def sanitized_unit_tests():
    passed = failed = 0
    for name, (folder, options, _) in SANITIZED.items():
        say(f"unit tests under {name}")
        if configure(folder, *options, CC="clang-14"):
            good, bad = unit(folder)
        else:
            good, bad = verdict(False, f"{folder} cannot be configured")
        passed, failed = passed + good, failed + bad
    return passed, failed


def trimmed_builds():
    say("the tree builds without DPDK, and without AF_XDP")
    passed = failed = 0
    for name, option in TRIMMED.items():
        folder = f"build/{name}"
        built = configure(folder, option) and run("ninja", "-C", folder, "--quiet") == 0
        good, bad = verdict(built, f"build with {option}")
        passed, failed = passed + good, failed + bad
    return passed, failed


def fuzzers():
    say(f"fuzzers, {FUZZ_SECS} s each from the kept corpus")
    status, listed = run_quietly("./dev", "fuzz")
    targets = [line for line in listed.splitlines() if re.fullmatch(r"[a-z0-9_]+", line)]
    if status or not targets:
        print(listed)
        return verdict(False, "fuzzers: none could be built")
    passed = failed = 0
    for target in targets:
        status, output = run_quietly("./dev", "fuzz", target, str(FUZZ_SECS))
        if status:
            print(output)
        good, bad = verdict(status == 0, f"fuzz {target}: {output.splitlines()[-1]}")
        passed, failed = passed + good, failed + bad
    return passed, failed


def drawing():
    say("the drawing in docs/architecture.md")
    return verdict(run("tests/lint/drawing.py") == 0, "the drawing is that of path.h")


def count_junit(file):
    suite = ElementTree.parse(file).getroot().find("testsuite")
    number = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    return number["tests"] - failed - number["skipped"], failed


# A mount namespace of its own keeps the lab's names and folders apart from a lab that stands.
def lab(folder, *tests, **env):
    report = ROOT / folder / "lab.xml"
    report.unlink(missing_ok=True)
    if run("ninja", "-C", folder, "--quiet") != 0:
        return verdict(False, f"{folder} cannot be built")
    status = run("unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh",
                 PYTHON, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q",
                 f"--junitxml={report}", *sys.argv[1:], *(f"tests/lab/{test}" for test in tests),
                 SHUNT_BUILD=str(ROOT / folder), **env)
    if not report.exists():
        return verdict(False, "the lab's tests did not run to their end")
    passed, failed = count_junit(report)
    if status and not failed:
        failed = 1
    return passed, failed


def lab_tests():
    say("the lab: real processes between namespaces")
    return lab("build", "")


def sanitized_lab_tests():
    passed = failed = 0
    for name, (folder, _, tests) in SANITIZED.items():
        say(f"the lab over plain sockets under {name}")
        good, bad = lab(folder, *tests, SHUNT_LAB_PORTS="socket",
                        SHUNT_MUTATED_PACKETS=str(SANITIZED_MUTATED_PACKETS),
                        **SANITIZER_OPTIONS)
        passed, failed = passed + good, failed + bad
    return passed, failed


STAGES = [unit_tests, sanitized_unit_tests, trimmed_builds, fuzzers, drawing, lab_tests,
          sanitized_lab_tests]


def main():
    passed = failed = 0
    for stage in STAGES:
        good, bad = stage()
        passed, failed = passed + good, failed + bad
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
