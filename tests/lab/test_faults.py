# SPDX-License-Identifier: BSD-3-Clause
"""Processes that die, and processes that should never have been started."""

import dns.rcode

from harness import BUILD, LAB, Load

NAMES = [f"www{n}.contoso.lab." for n in range(1000)]


def test_control_killed_under_load_loses_nothing(lab):
    with Load(lab, NAMES) as load:
        lab.stop("control", "KILL")
        assert lab.addresses("www.azure.contoso.lab.") == ["192.0.2.12"]
        lab.start("control")
        assert lab.addresses("www.azure.contoso.lab.") == ["192.0.2.12"]
    load.assert_nothing_lost()


def test_X34_a_killed_dataplane_answers_again_by_the_last_rules_without_control(lab):
    lab.ctl("rule", "update", "live", "--ruleset", "corp", "--target", "10.54.0.16")
    assert lab.addresses("www.live.lab.") == ["192.0.2.16"]
    lab.stop("control", "KILL")
    lab.stop("dataplane", "KILL")
    lab.start("dataplane")
    assert lab.addresses("www.live.lab.") == ["192.0.2.16"]
    assert lab.addresses("www.azure.contoso.lab.") == ["192.0.2.12"]
    lab.start("control")
    lab.ctl("rule", "update", "live", "--ruleset", "corp", "--target", "10.54.0.15")
    assert lab.addresses("www.live.lab.") == ["192.0.2.15"]


def second(lab, program, *arguments):
    return lab.command("host", str(BUILD / program), *arguments,
                       "--run-dir", str(LAB / "run"), "--state-dir", str(LAB / "state"))


def test_X51_a_second_dataplane_is_refused_and_the_first_goes_on(lab):
    done = second(lab, "dataplane/shunt-dataplane", "--port", "xdp:h0", "--port", "xdp:h1",
                  "--workers", "1")
    assert done.returncode != 0
    assert "already running" in done.stderr
    assert lab.addresses("www.contoso.lab.") == ["192.0.2.11"]


def test_X51_a_second_control_is_refused_and_the_first_goes_on(lab):
    done = second(lab, "control/shunt-control", "-c", lab.config())
    assert done.returncode != 0
    assert "already running" in done.stderr
    assert lab.ctl("status")


def test_X51_checking_a_config_and_every_reading_verb_disturb_nothing(lab):
    with Load(lab, NAMES) as load:
        done = second(lab, "control/shunt-control", "-c", lab.config(), "--check-config")
        assert done.returncode == 0, done.stderr
        for verb in (["status"], ["stats"], ["path"], ["rule", "list", "--ruleset", "corp"],
                     ["ruleset", "show", "corp"], ["rule", "test", "www.contoso.lab."]):
            assert lab.ctl(*verb)
    load.assert_nothing_lost()


def test_an_upstream_that_stays_silent_ends_in_servfail(lab, script):
    assert lab.ask("silent.script.lab.").rcode() == dns.rcode.SERVFAIL
