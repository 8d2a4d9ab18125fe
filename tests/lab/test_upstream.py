# SPDX-License-Identifier: BSD-3-Clause
"""Asking upstream: which target is asked, and what becomes of answers, failures, lies and silence."""

import contextlib
import itertools
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

import upstream
from harness import CLIENT, INBOUND, PATIENCE, ControlError, Load, udp_socket
from upstream import Upstream, after, answer, each_of, failing, silent

def ede(reply):
    return [option.code for option in reply.options if option.otype == dns.edns.OptionType.EDE]


def assert_answered(lab, address):
    assert lab.addresses("a.targets.lab.") == [address]


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_the_first_target_is_asked_and_no_other(lab, targets):
    first, second = targets.serve(answer, answer)
    for _ in range(5):
        assert lab.addresses("a.targets.lab.") == ["192.0.2.1"]
    assert (len(first.asked), len(second.asked)) == (5, 0)


def test_X01_a_silent_target_is_passed_by(lab, targets):
    first, second = targets.serve(silent, answer)
    assert lab.addresses("a.targets.lab.") == ["192.0.2.2"]
    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_G01_silence_of_all_ends_in_SERVFAIL_with_EDE_22(lab, targets):
    servers = targets.serve(silent, silent)
    reply = lab.ask("a.targets.lab.", use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert ede(reply) == [22]
    assert all(1 < len(server.asked) <= 3 for server in servers)


def test_C12_a_single_target_is_asked_three_times_at_most(lab, targets):
    (server,) = targets.serve(silent)
    assert lab.ask("a.targets.lab.").rcode() == dns.rcode.SERVFAIL
    assert len(server.asked) == 3
    ports = {peer[1] for _, _, peer in server.asked}
    idents = {query[:2] for _, query, _ in server.asked}
    assert len(ports) + len(idents) > 4  # each drawn anew


@pytest.mark.parametrize("seconds", [1, 3])
def test_X04_a_slow_answer_is_delivered(lab, targets, seconds):
    targets.serve(after(seconds, answer))
    assert lab.addresses("a.targets.lab.") == ["192.0.2.1"]


def test_X04_an_answer_after_the_deadline_reaches_nobody(lab, targets):
    (server,) = targets.serve([after(4.5, answer), silent])

    def ask_and_wait():
        assert lab.ask("a.targets.lab.").rcode() == dns.rcode.SERVFAIL
        time.sleep(1)

    counted = lab.count(ask_and_wait)
    assert counted.answered == 1
    assert sum(counted.refused.values()) == counted.replies == 1
    assert server.asked


def ask_from_many(sockets, each, name):
    """The same question from each of so many sockets so many times at once, each in a letter case and with an ID of its own, every
    other with EDNS. The replies."""
    queries = {}
    replies = []
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(udp_socket("client", CLIENT)) for _ in range(sockets)]
        for number in range(sockets * each):
            letters = "".join(letter.upper() if number >> i & 1 else letter
                              for i, letter in enumerate(name))
            query = dns.message.make_query(letters, "A", use_edns=0 if number % 2 else False)
            query.id = number
            queries[number] = query
            socks[number % sockets].sendto(query.to_wire(), (INBOUND, 53))
        for number in range(sockets * each):
            sock = socks[number % sockets]
            sock.settimeout(PATIENCE)
            reply = dns.message.from_wire(sock.recv(65535))
            query = queries.pop(reply.id)
            assert reply.id % sockets == number % sockets
            assert str(reply.question[0].name) == str(query.question[0].name)
            assert (reply.edns >= 0) == (query.edns >= 0)
            replies.append(reply)
    return replies


def test_G05_a_thousand_clients_who_ask_one_cold_name_cost_one_question_a_worker(lab, targets):
    (server,) = targets.serve(after(0.5, answer))
    replies = ask_from_many(100, 10, "cold.targets.lab.")
    assert len(replies) == 1000
    assert all(reply.rcode() == dns.rcode.NOERROR for reply in replies)
    questions = {query[:2] + str(peer).encode() for _, query, peer in server.asked}
    workers = len(lab.ctl_json("status")["dataplane"]["workers"]) if False else lab.workers
    assert len(questions) == len(server.asked) <= 3 * workers
    assert lab.stats()["in_flight"] == 0


def test_X07_the_first_of_several_answers_wins(lab, targets):
    targets.serve(each_of(answer, answer), answer)
    counted = lab.count(lambda: lab.addresses("a.targets.lab."))
    assert counted.answered == counted.accepted == 1
    assert counted.replies == 2


@pytest.mark.parametrize("rcode", [upstream.SERVFAIL, upstream.REFUSED])
def test_a_failure_has_the_next_asked(lab, targets, rcode):
    servers = targets.serve(failing(rcode), failing(rcode), answer)
    assert lab.addresses("a.targets.lab.") == ["192.0.2.3"]
    assert [len(server.asked) for server in servers] == [1, 1, 1]


def test_all_failed_the_last_code_is_the_answer(lab, targets):
    servers = targets.serve(failing(upstream.SERVFAIL), failing(upstream.REFUSED))
    assert lab.ask("a.targets.lab.").rcode() == dns.rcode.REFUSED
    assert [len(server.asked) for server in servers] == [1, 1]


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_C05_a_failure_without_question_has_the_next_asked(lab, targets, rcode):
    targets.serve(upstream.failing_without_question(rcode), answer)
    assert lab.addresses("a.targets.lab.") == ["192.0.2.2"]


@pytest.mark.parametrize("rcode", [1, 3, 4, 9, 11])
def test_C11_X17_any_other_code_is_an_answer(lab, targets, rcode):
    _, second = targets.serve(failing(rcode), answer)
    assert lab.ask("a.targets.lab.").rcode() == rcode
    assert not second.asked


def test_C08_a_truncated_answer_is_passed_on(lab, targets):
    targets.serve(upstream.truncated)
    assert lab.ask("a.targets.lab.").flags & dns.flags.TC


LIES = {
    "upstream_unknown": upstream.wrong_id,
    "upstream_bad_question": upstream.wrong_question,
    "upstream_bad_header": upstream.no_reply_at_all,
    "upstream_malformed": upstream.malformed,
}


@pytest.mark.parametrize("refusal", LIES)
def test_C02_X09_X12_a_lie_is_counted_and_the_answer_after_it_counts(lab, targets, refusal):
    targets.serve(each_of(LIES[refusal], after(0.1, answer)))
    counted = lab.count(lambda: assert_answered(lab, "192.0.2.1"))
    assert counted.refused == {refusal: 1}
    assert counted.accepted == 1


@pytest.mark.parametrize("lie", [upstream.wrong_port, upstream.wrong_source])
def test_C01_X11_a_reply_from_elsewhere_is_counted_and_dropped(lab, targets, lie):
    targets.serve(each_of(lie, after(0.1, answer)))
    counted = lab.count(lambda: assert_answered(lab, "192.0.2.1"))
    assert counted.refused == {"upstream_bad_source": 1}


def test_C03_X21_a_flood_of_forged_replies_harms_nobody(lab, targets):
    first, second = targets.serve(each_of(upstream.flood(200), answer), answer)
    for name in "abcde":
        assert lab.addresses(f"{name}.targets.lab.") == ["192.0.2.1"]
    assert (len(first.asked), len(second.asked)) == (5, 0)


def test_a_dead_target_rests_and_comes_back_by_a_probe(lab, targets):
    first, second = targets.serve(silent, answer)
    for name in "abc":
        assert lab.addresses(f"{name}.targets.lab.") == ["192.0.2.2"]

    def is_passed_by():
        before = len(first.asked)
        assert lab.addresses("rests.targets.lab.") == ["192.0.2.2"]
        return len(first.asked) == before

    wait_until(is_passed_by)  # the third miss takes a second to be one
    first.manner = answer

    def is_back():
        return lab.addresses("back.targets.lab.") == ["192.0.2.1"]

    wait_until(is_back)  # the first question after two seconds goes to it too
    for number in range(5):
        assert lab.addresses(f"steady{number}.targets.lab.") == ["192.0.2.1"]
    assert not any(b"steady" in query.lower() for _, query, _ in second.asked)


def test_G08_one_name_that_is_not_answered_makes_nobody_rest(lab, targets):
    def answers_all_but_one(server, query, peer):
        if not query[12:].lower().startswith(b"\x05never"):
            answer(server, query, peer)

    first, _ = targets.serve(answers_all_but_one, answer)
    for _ in range(4):
        assert lab.addresses("never.targets.lab.") == ["192.0.2.2"]
    time.sleep(1.5)  # until each is known for a miss
    assert lab.addresses("other.targets.lab.") == ["192.0.2.1"]
    assert len(first.asked) == 5


def shown(lab, server):
    return lab.ctl_json("upstream", "show", f"{upstream.ADDRESS}:{server.port}")["upstream"]


def test_the_operator_sees_drains_and_enables_an_upstream(lab, targets):
    first, second = targets.serve(answer, answer)
    assert lab.addresses("a.targets.lab.") == ["192.0.2.1"]
    seen = shown(lab, first)
    assert (seen["state"], seen["sent"], seen["answered"], seen["missed"]) == ("up", 1, 1, 0)
    assert 0 < seen["rtt_us"] < PATIENCE * 1000000
    assert shown(lab, second)["rtt_us"] is None

    assert "drained" in lab.ctl("upstream", "drain", seen["address"])
    wait_until(lambda: lab.addresses("b.targets.lab.") == ["192.0.2.2"])
    asked = [(t["address"], t["state"], t["next"])
             for t in lab.ctl_json("rule", "test", "b.targets.lab.")["targets"]]
    assert asked == [(seen["address"], "drained", False),
                     (f"{upstream.ADDRESS}:{second.port}", "up", True)]
    assert seen["address"] in lab.ctl("upstream", "list")

    lab.ctl("upstream", "enable", seen["address"])
    wait_until(lambda: lab.addresses("c.targets.lab.") == ["192.0.2.1"])


def test_the_operator_ends_a_rest(lab, targets):
    first, _ = targets.serve(silent, answer)
    numbers = itertools.count()

    def rests():
        """Where others take the machine's time, a miss is forgiven: then it takes more of them."""
        assert lab.addresses(f"n{next(numbers)}.targets.lab.") == ["192.0.2.2"]
        return shown(lab, first)["state"] == "resting"

    wait_until(rests)
    assert shown(lab, first)["rest_us"] == 2000000
    first.manner = answer
    lab.ctl("upstream", "reset", f"{upstream.ADDRESS}:{first.port}")
    wait_until(lambda: lab.addresses("back.targets.lab.") == ["192.0.2.1"])


def test_an_upstream_that_no_rule_names_is_refused(lab):
    with pytest.raises(ControlError, match="exit 1: .*no rule sends to"):
        lab.ctl("upstream", "drain", "10.54.0.77")


def test_X01_nothing_is_lost_when_the_first_target_dies_under_load(lab, targets):
    first, second = targets.serve(answer, answer)
    names = [f"n{number}.targets.lab." for number in range(100)]
    with Load(lab, names, rate=300) as load:
        wait_until(lambda: len(first.asked) > 100)
        first.manner = silent
        wait_until(lambda: shown(lab, first)["state"] == "resting")
        wait_until(lambda: len(second.asked) > 500)
        first.manner = answer
        wait_until(lambda: shown(lab, first)["state"] == "up")
    load.assert_nothing_lost()
    assert all("NOERROR" in report and "SERVFAIL" not in report for report in load.reports)
