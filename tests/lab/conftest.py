# SPDX-License-Identifier: BSD-3-Clause
"""Raises the lab once for each kind of port, and holds the path's laws after each test."""

import os
from pathlib import Path

import pytest

from harness import Lab, Script, Wire

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "tests.yaml"
PORTS = os.environ.get("SHUNT_LAB_PORTS", "xdp dpdk").split()


@pytest.fixture(scope="session", params=PORTS)
def raised(request):
    lab = Lab(request.param)
    lab.down()
    lab.up(CONFIG)
    yield lab
    lab.down()


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


@pytest.fixture
def script(lab):
    upstream = Script()
    yield upstream
    upstream.close()


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
