# SPDX-License-Identifier: BSD-3-Clause
"""Raises the lab once for each kind of port, and holds the path's laws after each test.

`xdp/2` is the kind of port, and the number of workers where it is not one.
"""

import os
from pathlib import Path

import pytest

from beside import ip
from harness import Lab, Script, Wire, sanitizer_reports
from upstream import Targets

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "tests.yaml"
PORTS = os.environ.get("SHUNT_LAB_PORTS", "xdp dpdk xdp/2 socket").split()


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "frames: looks below UDP, where over plain sockets the kernel is")
    config.addinivalue_line("markers", "ports(kind, ...): is about these kinds of port alone")


def is_of_its_port(item):
    if "raised" not in item.fixturenames:
        return True
    port = item.callspec.params["raised"]
    if "beside" in item.fixturenames:  # its ports are its own: once is enough
        return port == "xdp"
    ports = item.get_closest_marker("ports")
    if item.get_closest_marker("frames") and port == "socket":
        return False
    return not ports or port in ports.args


def pytest_collection_modifyitems(items):
    """A test is collected for the kinds of port that it says something about."""
    items[:] = [item for item in items if is_of_its_port(item)]


@pytest.fixture(scope="session", params=PORTS)
def raised(request):
    port, _, workers = request.param.partition("/")
    lab = Lab(port, int(workers or 1))
    lab.down()
    lab.up(CONFIG)
    yield lab
    lab.end()


@pytest.fixture
def lab(raised):
    """The lab with both daemons running; afterwards every packet is accounted for."""
    if not (raised.is_running("dataplane") and raised.is_running("control")):
        raised.down()
        raised.up(CONFIG)
    yield raised
    assert raised.is_running("dataplane"), f"the dataplane died:\n{raised.log('dataplane')}"
    assert raised.is_running("control"), f"control died:\n{raised.log('control')}"
    raised.settled_stats()
    for daemon in ("control", "dataplane"):
        assert not sanitizer_reports(raised.log(daemon)), raised.log(daemon)


@pytest.fixture
def script(lab):
    upstream = Script()
    yield upstream
    upstream.close()


@pytest.fixture
def targets(lab):
    made = Targets(lab)
    yield made
    made.close()


@pytest.fixture
def own_config(lab, tmp_path):
    """The lab on a copy of its config, for a test that edits and reloads it."""
    shared = lab.config()
    copy = tmp_path / "shunt.yaml"
    with open(shared, encoding="utf-8") as text:
        copy.write_text(text.read(), encoding="utf-8")
    lab.end()
    lab.up(copy)
    yield copy
    lab.end()
    lab.up(shared)


@pytest.fixture
def client_wire(lab):
    wire = Wire("client", "c0")
    yield wire
    wire.close()


@pytest.fixture
def upstream_wire(lab):
    wire = Wire("upstream", "u0")
    yield wire
    wire.close()


@pytest.fixture
def beside(raised):
    """An empty namespace, and one for its peers: AF_XDP on interfaces that are not the lab's."""
    for name in ("shunt-beside", "shunt-peer"):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    yield
    for name in ("shunt-beside", "shunt-peer"):
        ip("netns", "delete", name)
