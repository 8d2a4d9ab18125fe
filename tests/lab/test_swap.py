# SPDX-License-Identifier: BSD-3-Clause
"""Two images that were built before, adopted in turn under load.

SHUNT_SWAP_RULES and SHUNT_SWAP_COUNT say how large the images are and how often they are swapped;
1000000 and 60 is the full length.
"""

import os
import random
import shutil
import struct
import subprocess

import pytest

from harness import BUILD, LAB, Load
from test_rules import Asker, many_domains
from test_upstream import wait_until

RULES = int(os.environ.get("SHUNT_SWAP_RULES", "20000"))
COUNT = int(os.environ.get("SHUNT_SWAP_COUNT", "5"))
PERIOD_MS = 1000
TARGETS = {"10.54.0.17": "192.0.2.17", "10.54.0.18": "192.0.2.18"}


def kept_generation():
    """Of the image that the dataplane keeps: bytes 24 to 31 of its header."""
    with open(LAB / "state/last-image", "rb") as image:
        return struct.unpack_from("<24xQ", image.read(32))[0]


def build_image(lab, domains, target, path):
    """The image that control makes of these rules, as the dataplane keeps it."""
    lab.ctl("ruleset", "apply", "corp", "--file", str(domains), "--target", target)
    generation = lab.ctl_json("status")["generation"]
    wait_until(lambda: kept_generation() == generation)
    shutil.copy(LAB / "state/last-image", path)
    return path


@pytest.mark.ports("xdp", "socket")
def test_X31_prebuilt_images_swap_under_load_without_a_lost_or_strange_answer(lab, tmp_path):
    domains = many_domains(RULES)
    file = tmp_path / "domains.txt"
    file.write_text("".join(f"{domain}\n" for domain in domains))
    names = [f"www.{domain}." for domain in random.Random(4).sample(domains, 1000)]
    try:
        images = [build_image(lab, file, target, tmp_path / target) for target in TARGETS]
        lab.stop("control")
        with Load(lab, names) as load, Asker(lab, names, [[a] for a in TARGETS.values()]) as asker:
            swapped = subprocess.run(
                [BUILD / "tests/unit/swapper", LAB / "run/link.sock", *images, str(COUNT),
                 str(PERIOD_MS)], capture_output=True, text=True,
                timeout=COUNT * PERIOD_MS / 1000 + 60, check=False)
        assert swapped.returncode == 0, swapped.stderr
        assert len(swapped.stdout.splitlines()) == COUNT
        asker.assert_all_expected()
        load.assert_nothing_lost()
        print(f"{asker.asked} answers, {COUNT} swaps of {len(domains)} rules")
        print(swapped.stdout)
    finally:
        if not lab.is_running("control"):
            lab.start("control")
        lab.again()  # the other tests want their own rules
