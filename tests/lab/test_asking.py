# SPDX-License-Identifier: BSD-3-Clause
"""How questions are put to upstreams, and what of their replies is believed."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

import upstream
from harness import INBOUND, question_end
from upstream import answer


def assert_answered(lab, address):
    assert lab.addresses("a.targets.lab.") == [address]


def shown(lab, server):
    return lab.ctl_json("upstream", "show", f"{upstream.ADDRESS}:{server.port}")["upstream"]


def spellings(server):
    """The names that it was asked for, as they were written."""
    return [query[12:question_end(query) - 4] for _, query, _ in server.asked]


def test_I06_letter_case_is_drawn_and_the_client_gets_its_own(lab, targets):
    (server,) = targets.serve(answer)
    name = "aVeryLongNameOfManyLetters.targets.lab."
    for _ in range(20):
        reply = lab.ask(name)
        assert reply.question[0].name.to_text() == name
        assert reply.answer[0].name.to_text() == name
    assert len(set(spellings(server))) == 20
    assert len({spelling.lower() for spelling in spellings(server)}) == 1


def test_X10_a_reply_in_another_case_has_the_question_asked_again_without_0x20(lab, targets):
    (server,) = targets.serve([upstream.folded, answer])
    counted = lab.count(lambda: assert_answered(lab, "192.0.2.1"))
    assert counted.refused == {"upstream_wrong_case": 1}
    first, second = spellings(server)
    assert first != second == b"\1a\7targets\3lab\0"
    assert len({peer for _, _, peer in server.asked}) == 2
    assert shown(lab, server)["missed"] == 0


def test_two_lost_cases_in_a_row_suspend_0x20_and_a_reset_ends_that(lab, targets):
    (server,) = targets.serve(upstream.folded)
    for _ in range(4):
        assert_answered(lab, "192.0.2.1")
    if lab.workers == 1:
        assert len(server.asked) == 6
    assert shown(lab, server)["case_randomisation"] == "suspended"
    lab.ctl("upstream", "reset", f"{upstream.ADDRESS}:{server.port}")
    assert "0x20 on" in " ".join(
        lab.ctl("upstream", "show", f"{upstream.ADDRESS}:{server.port}").split())


def test_0x20_may_be_off_for_an_upstream(lab, own_config, targets):
    (server,) = targets.serve(answer)
    with open(own_config, "a", encoding="utf-8") as text:
        text.write(f"upstreams: [{{address: '{upstream.ADDRESS}:{server.port}',"
                   " case-randomisation: off}]\n")
    lab.ctl("reload")
    for _ in range(5):
        assert lab.addresses("aVeryLongName.targets.lab.") == ["192.0.2.1"]
    assert shown(lab, server)["case_randomisation"] == "off"
    assert set(spellings(server)) == {b"\x0daVeryLongName\7targets\3lab\0"}


def options_of(message):
    return [(int(option.otype), option.to_wire()) for option in message.options]


COOKIE, PADDING, OTHER = (10, b"cookie.."), (12, b"\0" * 8), (65001, b"whatever it is")


def test_D01_D15_D18_unknown_options_pass_both_ways_and_hop_by_hop_ones_stay(lab, targets):
    (server,) = targets.serve(upstream.with_options(COOKIE, (65002, b"back"), PADDING))
    asked = [dns.edns.GenericOption(*option) for option in (COOKIE, OTHER, PADDING)]
    reply = lab.ask("a.targets.lab.", use_edns=0, options=asked)
    assert options_of(dns.message.from_wire(server.asked[0][1])) == [OTHER]
    assert options_of(reply) == [(65002, b"back")]


def test_D01_options_of_a_thousand_bytes_reach_the_upstream_once(lab, targets):
    first, second = targets.serve(upstream.silent, answer)
    large = (65001, bytes(range(250)) * 4)
    reply = lab.ask("a.targets.lab.", use_edns=0, options=[dns.edns.GenericOption(*large)])
    assert options_of(dns.message.from_wire(first.asked[0][1])) == [large]
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_D02_D03_a_client_gets_an_OPT_if_it_sent_one(lab, targets):
    targets.serve(upstream.with_options((65002, b"back")))
    assert lab.ask("a.targets.lab.").edns == -1
    reply = lab.ask("a.targets.lab.", use_edns=0, payload=4096)
    assert (reply.edns, reply.payload, reply.options) == (0, 1232, ())


@pytest.mark.parametrize("rcode", [1, 4])
def test_C13_a_server_without_EDNS_is_asked_without(lab, targets, rcode):
    (server,) = targets.serve(upstream.knows_no_edns(rcode))
    for _ in range(2):
        assert_answered(lab, "192.0.2.1")
    with_opt = [query[10:12] != b"\0\0" for _, query, _ in server.asked]
    assert with_opt == [True, False, False]
    assert lab.ask("a.targets.lab.", use_edns=0).rcode() == rcode  # an OPT of the client is relayed
    assert len(server.asked) == 4


def test_D13_a_rule_says_what_becomes_of_the_clients_subnet(lab, own_config):
    server = upstream.Upstream(5399)
    text = own_config.read_text()
    rule = "{{name: ecs-{0}, domain: {0}.ecs.lab., targets: ['{1}'], ecs: {0}}}"
    rules = "".join(f"      - {rule.format(word, f'{upstream.ADDRESS}:{server.port}')}\n"
                    for word in ("strip", "pass", "add"))
    own_config.write_text(text.replace("    rules:\n", "    rules:\n" + rules))
    lab.ctl("reload")
    asked = dns.edns.ECSOption("192.0.2.0", 24)
    for word in ("strip", "pass", "add"):
        lab.ask(f"{word}.ecs.lab.", use_edns=0, options=[asked])
    server.close()
    sent = [dns.message.from_wire(query).options for _, query, _ in server.asked]
    assert [[(option.address, option.srclen) for option in options] for options in sent] == [
        [], [("192.0.2.0", 24)], [("10.53.0.0", 24)]]


@pytest.fixture
def way_back(lab, own_config):
    """The upstream's addresses are clients too, and know the way."""
    def route(verb):
        lab.command("upstream", "ip", "route", verb, f"{INBOUND}/32", "via", "10.54.0.2", check=True)

    text = own_config.read_text().replace("prefixes: [10.53.0.0/16",
                                          "prefixes: [10.54.0.0/16, 10.53.0.0/16")
    own_config.write_text(text)
    lab.ctl("reload")
    route("add")
    yield
    route("del")


def loops_of(lab, rule):
    return sum(seen["loops"] for seen in lab.ctl_json("stats")["rules"] if seen["name"] == rule)


@pytest.mark.ports("xdp", "dpdk")
def test_G10_X20_a_loop_breaks_at_the_first_return_with_the_rule_named(lab, way_back, targets):
    (server,) = targets.serve(upstream.bounced)
    reply = lab.ask("a.targets.lab.", use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert len(server.asked) == 1
    (came_back,) = server.bounces
    assert came_back.rcode() == dns.rcode.SERVFAIL
    (error,) = came_back.options
    assert (error.code, error.text) == (
        0, "a loop: you are being asked this by the rule for targets.lab.")
    assert loops_of(lab, "targets") == 1
