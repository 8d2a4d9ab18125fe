# SPDX-License-Identifier: BSD-3-Clause
"""Plain sockets, all of it run by an ordinary user on loopback: no root, no /run/shunt, no capability."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness import BUILD, PATIENCE, Script, sanitizer_reports, udp_socket

USER = "nobody"
SPACE = "alone"
PROGRAMS = ["dataplane/shunt-dataplane", "control/shunt-control", "ctl/shuntctl"]
CONFIG = """\
inbound-endpoints:
  - {name: in, addresses: ["127.0.0.1:5300"]}
outbound-endpoints:
  - {name: out, addresses: [127.0.0.1]}
rulesets:
  - name: corp
    outbound-endpoints: [out]
    rules:
      - {name: all, domain: lab., targets: ["127.0.0.1:5399"]}
virtual-networks:
  - {name: me, prefixes: [127.0.0.0/8], inbound-endpoints: [in], rulesets: [corp]}
"""


@pytest.fixture
def space():
    """A network namespace with nothing but loopback."""
    subprocess.run(["ip", "netns", "add", f"shunt-{SPACE}"], check=True)
    subprocess.run(["ip", "-n", f"shunt-{SPACE}", "link", "set", "lo", "up"], check=True)
    yield
    subprocess.run(["ip", "netns", "delete", f"shunt-{SPACE}"], check=True)


@pytest.fixture
def home():
    """A folder of the user's with programs that the user may run, wherever they were built."""
    with tempfile.TemporaryDirectory(prefix="shunt-") as name:
        folder = Path(name)
        for program in PROGRAMS:
            shutil.copy(BUILD / program, folder)
        (folder / "shunt.yaml").write_text(CONFIG)
        for path in (folder, *folder.iterdir()):
            os.chown(path, pwd.getpwnam(USER).pw_uid, -1)
        yield folder


def as_user(*command):
    return ["ip", "netns", "exec", f"shunt-{SPACE}", "setpriv", "--reuid", USER,
            "--regid", str(pwd.getpwnam(USER).pw_gid), "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", "--no-new-privs", *command]


@contextlib.contextmanager
def running(home, program, *arguments):
    """A daemon of the user's, until it is told to end; it ends well."""
    log = home / f"{program}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            as_user(str(home / program), *arguments, "--run-dir", str(home / "run"),
                    "--state-dir", str(home / "state")), stdout=out, stderr=out)
    try:
        yield process
        process.terminate()
        assert process.wait(PATIENCE) == 0, log.read_text()
        assert not sanitizer_reports(log.read_text())
    finally:
        process.kill()
        process.wait()


def until(what, is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(0.05)


def dig(*arguments):
    return subprocess.run(as_user("dig", "@127.0.0.1", "-p", "5300", "+tries=1", *arguments),
                          capture_output=True, text=True, timeout=60)


def ctl(home, *arguments):
    return subprocess.run(as_user(str(home / "shuntctl"), "-s", str(home / "run/control.sock"),
                                  *arguments), capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def upstream():
    """Answers every question at 127.0.0.1:5399."""
    with udp_socket(SPACE, "127.0.0.1", 5399) as sock:
        def answer():
            while (datagram := sock.recvfrom(4096))[0]:
                sock.sendto(Script.reply_to(datagram[0]), datagram[1])

        sock.settimeout(None)
        thread = threading.Thread(target=answer)
        thread.start()
        yield
        with udp_socket(SPACE, "127.0.0.1") as end:
            end.sendto(b"", ("127.0.0.1", 5399))
        thread.join()


def capabilities(pid):
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split()[1] for line in status if line.startswith("Cap")}


def test_an_ordinary_user_serves_dig_on_loopback(space, home):
    with upstream(), \
            running(home, "shunt-dataplane", "--port", "socket:") as dataplane, \
            running(home, "shunt-control", "-c", str(home / "shunt.yaml")) as control:
        until("control to serve", lambda: "serves generation 1" in ctl(home, "status").stdout)
        assert dig("+short", "www.lab.").stdout == "192.0.2.99\n"
        assert "status: REFUSED" in dig("www.nolab.").stdout
        assert "24 bits" in ctl(home, "status").stdout
        assert ctl(home, "rule", "disable", "all", "--ruleset", "corp").returncode == 0
        assert "status: REFUSED" in dig("www.lab.").stdout
        for process in (dataplane, control):
            assert capabilities(process.pid) == {"0000000000000000"}
            assert os.stat(f"/proc/{process.pid}").st_uid == pwd.getpwnam(USER).pw_uid
    assert not Path("/run/shunt").exists()


def test_a_port_that_only_root_may_bind_is_refused_with_the_reason(space, home):
    (home / "shunt.yaml").write_text(CONFIG.replace("127.0.0.1:5300", "127.0.0.1:53"))
    command = ["sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=1024"]
    subprocess.run(["ip", "netns", "exec", f"shunt-{SPACE}", *command], check=True)
    with running(home, "shunt-dataplane", "--port", "socket:"), \
            running(home, "shunt-control", "-c", str(home / "shunt.yaml")):
        until("the refusal", lambda: "last refusal" in ctl(home, "status").stdout)
        refusal = ctl(home, "status").stdout
        assert "127.0.0.1:53" in refusal and "CAP_NET_BIND_SERVICE" in refusal


def test_two_workers_are_refused(space, home):
    done = subprocess.run(as_user(str(home / "shunt-dataplane"), "--port", "socket:",
                                  "--workers", "2", "--run-dir", str(home / "run"),
                                  "--state-dir", str(home / "state")),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "one worker" in done.stderr
    assert len(done.stderr.splitlines()) == 1
