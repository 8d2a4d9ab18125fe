# SPDX-License-Identifier: BSD-3-Clause
"""What we answer ourselves: rules that ask nobody."""

import contextlib

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from harness import CLIENT, ControlError

CORP = ("--ruleset", "corp")


@contextlib.contextmanager
def rule(lab, name, *options):
    lab.ctl("rule", "create", name, *CORP, *options)
    try:
        yield
    finally:
        lab.ctl("rule", "delete", name, *CORP)


def errors(answer):
    return [(option.code, option.text) for option in answer.options
            if option.otype == dns.edns.OptionType.EDE]


@pytest.mark.parametrize("action, rcode, code", [
    ("nxdomain", dns.rcode.NXDOMAIN, 15), ("nodata", dns.rcode.NOERROR, 15),
    ("refuse", dns.rcode.REFUSED, 18),
])
def test_an_action_answers_without_asking(lab, action, rcode, code):
    with rule(lab, "block", "--domain", "block.contoso.lab.", "--action", action):
        answer = lab.ask("www.block.contoso.lab.", use_edns=0)
        assert answer.rcode() == rcode and not answer.answer
        assert errors(answer) == [(code, "rule block of ruleset corp")]
        assert bool(answer.flags & dns.flags.AA) == (action != "refuse")
        assert [rrset.name.to_text() for rrset in answer.authority] == (
            [] if action == "refuse" else ["block.contoso.lab."])
        assert not lab.ask("www.block.contoso.lab.").options
        tested = lab.ctl_json("rule", "test", "www.block.contoso.lab", "--client", CLIENT)
        assert tested["winner"]["action"] == action and tested["targets"] == []
    assert lab.addresses("www.block.contoso.lab.") == ["192.0.2.11"]


def test_drop_is_silence(lab):
    with rule(lab, "mute", "--domain", "mute.lab.", "--action", "drop"):
        query = dns.message.make_query("www.mute.lab.", "A").to_wire()
        counted = lab.count(lambda: lab.is_silent_about(query))
        assert counted.exits == {"match_dropped": 1} and lab.rule_queries("mute") == 1
        assert lab.is_silent_about(query)


def test_addresses_are_answered_by_type_and_other_types_are_not_there(lab):
    options = ["--domain", "host.lab.", "--action", "addresses", "--ttl", "77"]
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        options += ["--address", address]
    with rule(lab, "host", *options):
        assert lab.addresses("a.host.lab.") == ["192.0.2.1", "192.0.2.2"]
        assert lab.addresses("a.host.lab.", "AAAA") == ["2001:db8::1"]
        assert lab.ask("host.lab.").answer[0].ttl == 77
        answer = lab.ask("host.lab.", "TXT")
        assert answer.rcode() == dns.rcode.NOERROR and not answer.answer and answer.authority
        shown = lab.ctl_json("rule", "show", "host", *CORP)["rule"]
        assert shown["addresses"] == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        lab.ctl("rule", "update", "host", *CORP, "--action", "forward", "--target", "10.54.0.14")
        assert lab.addresses("host.lab.") == ["192.0.2.14"]


def test_more_addresses_than_the_client_takes_are_cut(lab):
    options = ["--domain", "many.lab.", "--action", "addresses"]
    for i in range(64):
        options += ["--address", f"192.0.2.{i}"]
    with rule(lab, "many", *options):
        answer = lab.ask("many.lab.")
        assert answer.flags & dns.flags.TC and not answer.answer
        assert len(lab.addresses("many.lab.", use_edns=0, payload=1232)) == 64


def test_a_carve_out_goes_to_the_rule_for_all_names(lab):
    with rule(lab, "out", "--domain", "out.contoso.lab.", "--action", "default"):
        assert lab.addresses("www.out.contoso.lab.") == ["192.0.2.13"]
        tested = lab.ctl_json("rule", "test", "www.out.contoso.lab", "--client", CLIENT)
        assert tested["winner"]["name"] == "out" and tested["winner"]["action"] == "default"
        assert [target["address"] for target in tested["targets"]] == ["10.54.0.13"]


def test_an_action_keeps_what_it_was_given_over_a_restart(lab):
    with rule(lab, "kept", "--domain", "kept.lab.", "--action", "addresses", "--ttl", "5",
              "--address", "192.0.2.5"):
        before = lab.ctl_json("rule", "show", "kept", *CORP)["rule"]
        lab.stop("control")
        lab.start("control")
        assert lab.ctl_json("rule", "show", "kept", *CORP)["rule"] == before


def test_an_action_that_is_none_changes_nothing(lab):
    with pytest.raises(ControlError, match="sinkhole.*is not one of its words"):
        lab.ctl("rule", "create", "x", *CORP, "--domain", "x.lab.", "--action", "sinkhole")
    with pytest.raises(ControlError, match="targets|target"):
        lab.ctl("rule", "create", "x", *CORP, "--domain", "x.lab.", "--action", "drop",
                "--target", "10.54.0.11")
