# SPDX-License-Identifier: BSD-3-Clause
"""What we answer ourselves: rules that ask nobody, and private zones."""

import contextlib

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
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


@pytest.mark.parametrize("name, rdtype, data", [
    ("zone.lab.", "A", ["10.1.0.1"]),
    ("WS1.Zone.lab.", "AAAA", ["fd00::5"]),
    ("eastus.inference.zone.lab.", "A", ["10.1.0.7"]),
    ("a.b.inference.zone.lab.", "A", ["10.1.0.7"]),
    ("alias.zone.lab.", "CNAME", ["ws1.zone.lab."]),
    ("alias.zone.lab.", "A", ["ws1.zone.lab.", "10.1.0.5"]),
    ("mail.zone.lab.", "MX", ["10 ws1.zone.lab."]),
    ("svc.zone.lab.", "SRV", ["1 2 443 ws1.zone.lab."]),
    ("text.zone.lab.", "TXT", ['"one two" "three"']),
    ("auth.zone.lab.", "CAA", ['0 issue "ca.example.net"']),
    ("web.zone.lab.", "HTTPS", ['1 . alpn="h2,h3" port="443" ipv4hint="10.1.0.5"']),
    ("odd.zone.lab.", "TYPE65280", ["\\# 4 0a000001"]),
    ("5.0.1.10.in-addr.arpa.", "PTR", ["ws1.zone.lab."]),
])
def test_a_private_zone_answers(lab, name, rdtype, data):
    answer = lab.ask(name, rdtype)
    assert answer.rcode() == dns.rcode.NOERROR and answer.flags & dns.flags.AA
    assert [rr.to_text() for rrset in answer.answer for rr in rrset] == data
    tested = lab.ctl_json("rule", "test", name, "--type", rdtype, "--client", CLIENT)
    assert tested["winner"]["kind"] == "zone" and tested["winner"]["name"] == "zone.lab."


@pytest.mark.parametrize("name, rdtype, rcode", [
    ("gone.zone.lab.", "A", dns.rcode.NXDOMAIN),
    ("x.ws1.zone.lab.", "A", dns.rcode.NXDOMAIN),
    ("ws1.zone.lab.", "TXT", dns.rcode.NOERROR),
    ("deep.zone.lab.", "A", dns.rcode.NOERROR),
    ("inference.zone.lab.", "A", dns.rcode.NOERROR),
])
def test_what_a_private_zone_has_not_it_denies_with_its_SOA(lab, name, rdtype, rcode):
    answer = lab.ask(name, rdtype)
    assert answer.rcode() == rcode and not answer.answer
    assert [(rrset.name.to_text(), rrset.rdtype, rrset.ttl) for rrset in answer.authority] == [
        ("zone.lab.", dns.rdatatype.SOA, 10)]
    assert answer.authority[0][0].mname.to_text() == "zone.lab."


def test_a_zone_may_leave_names_to_the_next_match(lab):
    assert lab.addresses("own.partly.contoso.lab.") == ["10.1.1.1"]
    assert lab.addresses("other.partly.contoso.lab.") == ["192.0.2.11"]
    tested = lab.ctl_json("rule", "test", "other.partly.contoso.lab", "--client", CLIENT)
    assert tested["winner"]["name"] == "contoso"
    assert not lab.ask("own.partly.contoso.lab.", "TXT").answer


def test_a_zone_beats_rules_as_long_and_yields_to_longer_ones(lab):
    options = ("--match", "exact", "--target", "10.54.0.14")
    with rule(lab, "apex", "--domain", "zone.lab.", *options):
        assert lab.addresses("zone.lab.") == ["10.1.0.1"]
        tested = lab.ctl_json("rule", "test", "zone.lab", "--client", CLIENT)
        assert {"ruleset": "corp", "name": "apex", "domain": "zone.lab.",
                "reason": "zone"} in tested["beaten"]
    with rule(lab, "longer", "--domain", "ws1.zone.lab.", *options):
        assert lab.addresses("ws1.zone.lab.") == ["192.0.2.14"]
    assert lab.addresses("ws1.zone.lab.") == ["10.1.0.5"]


def test_a_ring_of_CNAMEs_ends_in_SERVFAIL(lab):
    answer = lab.ask("ring.zone.lab.", use_edns=0)
    assert answer.rcode() == dns.rcode.SERVFAIL and errors(answer)[0][0] == 0


def test_zones_outlive_control(lab):
    lab.stop("control")
    lab.start("control")
    with rule(lab, "new", "--domain", "new.lab.", "--target", "10.54.0.11"):
        assert lab.addresses("ws1.zone.lab.") == ["10.1.0.5"]
