# SPDX-License-Identifier: BSD-3-Clause
"""Whom the dataplane runs as, and what it may still do."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import dns.rcode
import pytest

from beside import Beside, config, forwarded, inside, pair, xdp_of
from harness import BUILD, PATIENCE

NOBODY = "65534"
NET_ADMIN = 1 << 12
START_CAPABILITIES = "+net_admin,+net_raw,+bpf,+ipc_lock"


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def processes(shunt):
    """The dataplane and its helper, by the folder that they were given."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (NotADirectoryError, FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(b"shunt-dataplane") and str(shunt.path).encode() in words:
            found.append(int(folder.name))
    return sorted(found)


def capabilities(pid, which="CapEff"):
    return int(status(pid)[which], 16)


@pytest.fixture
def as_nobody(beside):
    pair("b0", "p0", 60)
    with Beside("beside", ["xdp:b0"], config(60, "10.60.0.1"), "--workers", "2", "--user",
                "nobody") as shunt:
        yield shunt


def test_the_dataplane_keeps_no_capability_and_the_helper_one(as_nobody):
    dataplane, helper = processes(as_nobody)
    for pid in (dataplane, helper):
        assert status(pid)["Uid"].split() == [NOBODY] * 4
        assert status(pid)["Gid"].split() == [NOBODY] * 4
        assert status(pid)["Groups"].strip() == ""
        assert status(pid)["NoNewPrivs"] == "1"
        assert capabilities(pid, "CapBnd") == capabilities(pid, "CapInh") == 0
    assert capabilities(dataplane) == capabilities(dataplane, "CapPrm") == 0
    assert capabilities(helper) == capabilities(helper, "CapPrm") == NET_ADMIN
    for task in Path(f"/proc/{dataplane}/task").iterdir():
        assert int(status(f"{dataplane}/task/{task.name}")["CapEff"], 16) == 0
    assert len(list(Path(f"/proc/{helper}/fd").iterdir())) == 5  # stdio, requests, netlink


def test_queries_are_forwarded_and_new_addresses_taken_without_privileges(as_nobody):
    assert forwarded(60).rcode() == dns.rcode.NOERROR
    text = config(60, "10.60.0.1").replace('["10.60.0.2"]}]\noutbound',
                                           '["10.60.0.2", "10.60.0.2:5353"]}]\noutbound')
    (as_nobody.path / "shunt.yaml").write_text(text)
    as_nobody.ctl_json("reload")
    as_nobody.wait_until(lambda: as_nobody.status()["generation"] == 2)
    before = as_nobody.counter("received")
    with_port = subprocess.run(
        ["ip", "netns", "exec", "shunt-peer", "dig", "+time=5", "+tries=1", "-p", "5353",
         "@10.60.0.2", "nothing.lab."], capture_output=True, text=True, timeout=60)
    assert "status: REFUSED" in with_port.stdout
    assert as_nobody.counter("received") == before + 1


def forget_neighbours():
    """ip gives up, with an error, where what it deletes is back as fast: that is what we are after."""
    inside("ip", "neigh", "flush", "dev", "b0", check=False)


def test_the_helper_has_forgotten_neighbours_probed(as_nobody):
    assert forwarded(60).rcode() == dns.rcode.NOERROR
    forget_neighbours()
    deadline = time.monotonic() + PATIENCE
    while "REACHABLE" not in inside("ip", "neigh", "show", "10.60.0.1", "dev", "b0").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "managed" in inside("ip", "neigh", "show", "10.60.0.1", "dev", "b0").stdout
    assert forwarded(60).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_the_helper_ends_with_the_dataplane(as_nobody, signal):
    dataplane, _ = processes(as_nobody)
    subprocess.run(["kill", "-s", signal, str(dataplane)], check=True)
    deadline = time.monotonic() + PATIENCE
    while processes(as_nobody):
        assert time.monotonic() < deadline, processes(as_nobody)
        time.sleep(0.05)
    as_nobody.dataplane.wait()
    as_nobody.processes.remove(as_nobody.dataplane)
    assert xdp_of("b0") == 0


def test_a_helper_that_died_is_named_and_queries_go_on(as_nobody):
    _, helper = processes(as_nobody)
    subprocess.run(["kill", "-s", "KILL", str(helper)], check=True)
    forget_neighbours()
    as_nobody.wait_until(lambda: "the helper is gone" in as_nobody.log())
    assert as_nobody.dataplane.poll() is None


@pytest.fixture
def program():
    """One that anybody can reach and write to, with the program in it."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        Path(folder).chmod(0o777)
        yield Path(shutil.copy(BUILD / "dataplane/shunt-dataplane", folder))


def test_four_capabilities_suffice_to_start(beside, program):
    pair("b0", "p0", 60)
    run = str(program.parent)
    done = inside("timeout", "-s", "TERM", "2", "setpriv", "--reuid", NOBODY, "--regid", NOBODY,
                  "--clear-groups", "--inh-caps", START_CAPABILITIES, "--ambient-caps",
                  START_CAPABILITIES, "--bounding-set", START_CAPABILITIES,
                  str(program), "--port", "xdp:b0", "--user", "nobody", "--run-dir", run,
                  "--state-dir", f"{run}/state", check=False)
    assert "polling 1 port(s)" in done.stderr, done.stderr


@pytest.mark.parametrize("options, says", [
    (["--user", "no-such-user"], "can't become no-such-user: there is no such user"),
    (["--port", "dpdk:net_null0", "--user", "nobody"], "leave --user out"),
])
def test_what_can_not_be_is_refused_in_one_line(beside, tmp_path, options, says):
    done = inside(str(BUILD / "dataplane/shunt-dataplane"), "--port", "xdp:lo", *options,
                  "--run-dir", str(tmp_path), "--state-dir", str(tmp_path), check=False)
    assert done.returncode == 1
    assert says in done.stderr and done.stderr.count("\n") == 1, done.stderr
