# SPDX-License-Identifier: BSD-3-Clause
"""Control alone, with a socket and a state folder that mean it ill."""

import array
import concurrent.futures
import json
import os
import random
import socket
import subprocess
import time
from pathlib import Path

import pytest

from harness import BUILD, PATIENCE

CONFIG = """
inbound-endpoints: [{name: in, addresses: [10.53.0.2]}]
outbound-endpoints: [{name: out, addresses: [10.54.0.2]}]
rulesets:
  - name: corp
    outbound-endpoints: [out]
    rules: [{name: first, domain: first.lab., targets: [10.54.0.11]}]
virtual-networks: [{name: hub, inbound-endpoints: [in], rulesets: [corp]}]
"""
BUSY, CONFLICT = -32003, -32002


class Daemon:
    """shunt-control in folders of its own; `wrap` goes before its command."""

    def __init__(self, folder, *wrap):
        self.folder, self.wrap = folder, wrap
        self.socket = folder / "run/control.sock"
        self.config = folder / "shunt.yaml"
        self.config.write_text(CONFIG)
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, str(BUILD / "control/shunt-control"), "-c", str(self.config),
                 "--run-dir", str(self.folder / "run"), "--state-dir", str(self.folder / "state")],
                stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                return self.call("status")["result"]
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"control did not come up: {self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        return (self.folder / "log").read_text()

    def connect(self):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(60)
        peer.connect(str(self.socket))
        return peer

    def call(self, method, **params):
        with self.connect() as peer:
            return self.say(peer, method, **params)

    @staticmethod
    def say(peer, method, **params):
        peer.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                 "params": params}).encode() + b"\n")
        return json.loads(peer.makefile("rb").readline())

    def create(self, name, **more):
        return self.call("rule.create", name=name, ruleset="corp", domain=f"{name}.lab.",
                         target=["10.54.0.12"], **more)

    def rules(self):
        return [rule["name"] for rule in self.call("rule.list")["result"]["rules"]]

    def descriptors(self):
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@pytest.fixture
def daemon(tmp_path):
    made = Daemon(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def cramped(tmp_path):
    """Control whose state folder is a small file system of its own."""
    (tmp_path / "state").mkdir()
    made = Daemon(tmp_path, "unshare", "-m", "sh", "-c",
                  f'mount -t tmpfs -o size=64k tmpfs {tmp_path}/state && exec "$@"', "sh")
    made.start()
    yield made, Path(f"/proc/{made.process.pid}/root{tmp_path}/state")
    made.kill()


def test_X40_a_full_disk_changes_nothing(cramped):
    daemon, state = cramped
    assert "result" in daemon.create("second")
    kept = {file.name: file.read_bytes() for file in state.iterdir()}
    ballast = state / "ballast"
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))
    refused = daemon.create("third")["error"]
    assert "can't be stored" in refused["message"] and "No space left" in refused["message"]
    assert daemon.rules() == ["first", "second"]
    ballast.unlink()
    assert {file.name: file.read_bytes() for file in state.iterdir()} == kept
    assert "result" in daemon.create("third")


def test_X41_a_crash_leaves_the_old_or_the_new(daemon, tmp_path):
    """A change adds as many rules as the generation says, and dies at some point of it."""
    rng = random.Random(1)
    for count in range(2000, 2012):
        file = tmp_path / "rules"
        file.write_text("".join(f"d{i}.lab\n" for i in range(count)))
        before = len(daemon.rules())
        with open(file, "rb") as rules, daemon.connect() as peer:
            request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ruleset.apply",
                                  "params": {"name": "corp", "target": ["10.54.0.12"]}})
            peer.sendmsg([request.encode() + b"\n"],
                         [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [rules.fileno()]))])
            time.sleep(rng.uniform(0, 0.06))
            daemon.kill()
        daemon.start()
        assert len(daemon.rules()) in (before, count)
        assert not list((tmp_path / "state").glob("*.tmp"))


def test_X42_many_at_once_get_one_definite_answer_each(daemon):
    def one(i):
        try:
            return daemon.create(f"r{i}")
        except (OSError, ValueError) as hung_up:
            return {"error": {"code": BUSY, "message": str(hung_up)}}

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        replies = list(pool.map(one, range(200)))
    done = {f"r{i}" for i, reply in enumerate(replies) if "result" in reply}
    assert all(reply["error"]["code"] == BUSY for reply in replies if "error" in reply)
    assert done and set(daemon.rules()) == done | {"first"}
    generations = [reply["result"]["generation"] for reply in replies if "result" in reply]
    assert len(set(generations)) == len(generations)


def test_X42_of_two_that_looked_at_the_same_one_wins(daemon):
    generation = daemon.call("status")["result"]["generation"]
    replies = [daemon.create(name, if_generation=generation) for name in ("one", "two")]
    assert "result" in replies[0] and replies[1]["error"]["code"] == CONFLICT


def test_X43_what_is_said_slowly_or_never_ends_is_hung_up_on(daemon):
    before = daemon.descriptors()
    slow = [daemon.connect() for _ in range(8)]
    for peer in slow:
        peer.sendall(b'{"jsonrpc":')
    endless = daemon.connect()
    with pytest.raises(OSError):  # closed once it is longer than a message may be
        while True:
            endless.sendall(b"x" * (1 << 20))
    assert "result" in daemon.create("meanwhile")
    for peer in slow:
        while peer.recv(4096):
            pass
        peer.close()
    endless.close()
    assert daemon.call("status")["result"]["generation"] == 2
    assert daemon.descriptors() <= before + 1


def test_X43_replies_that_nobody_reads_hold_up_nobody(daemon):
    deaf = daemon.connect()
    deaf.setblocking(False)
    request = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'
    with pytest.raises(BlockingIOError):
        while True:
            deaf.send(request * 100)
    assert "result" in daemon.create("meanwhile")
    deaf.close()


def test_X43_descriptors_that_nobody_asked_for_are_closed(daemon):
    before = daemon.descriptors()
    with open("/dev/null", "rb") as null, daemon.connect() as peer:
        many = array.array("i", [null.fileno()] * 253)
        peer.sendmsg([b"{"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, many)])
        said = peer.recv(4096)
        assert said == b"" or "descriptor" in json.loads(said)["error"]["message"]
    assert "result" in daemon.create("meanwhile")
    assert daemon.descriptors() <= before + 1


def test_X43_a_change_whose_asker_leaves_is_whole_or_nothing(daemon):
    for i in range(20):
        peer = daemon.connect()
        peer.sendall(json.dumps({
            "jsonrpc": "2.0", "id": 1, "method": "rule.create", "params": {
                "name": f"gone{i}", "ruleset": "corp", "domain": f"gone{i}.lab.",
                "target": ["10.54.0.12"]}}).encode() + (b"\n" if i % 2 else b""))
        peer.close()
    assert "result" in daemon.create("last")
    names = daemon.rules()
    assert not [name for name in names if name.startswith("gone") and int(name[4:]) % 2 == 0]
    assert names == daemon.rules() and "last" in names


def test_X44_a_stranger_is_not_listened_to(daemon):
    os.chmod(daemon.socket, 0o666)  # the folder's and the socket's modes are not all there is
    for folder in (daemon.folder, *daemon.folder.parents):
        if str(folder) != "/" and os.stat(folder).st_uid == os.getuid():
            os.chmod(folder, os.stat(folder).st_mode | 0o011)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        peer = daemon.connect()
        try:
            peer.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
            heard = peer.recv(4096)
        except OSError:
            heard = b""
        os._exit(0 if heard == b"" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert "user 65534" in daemon.log() and "may not use the control socket" in daemon.log()


def test_X39_a_second_instance_and_a_check_touch_nothing(daemon, tmp_path):
    daemon.config.write_text(CONFIG.replace("targets", "goals"))
    command = [str(BUILD / "control/shunt-control"), "-c", str(daemon.config),
               "--run-dir", str(tmp_path / "run"), "--state-dir", str(tmp_path / "state")]
    kept = {file.name: file.read_bytes() for file in (tmp_path / "state").iterdir()}
    checked = subprocess.run([*command, "--check-config"], capture_output=True, text=True,
                             timeout=60)
    assert checked.returncode == 1 and f"{daemon.config}:7:" in checked.stderr
    daemon.config.write_text(CONFIG)
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "already running" in second.stderr
    assert {file.name: file.read_bytes() for file in (tmp_path / "state").iterdir()} == kept
    assert daemon.call("status")["result"]["generation"] == 1
