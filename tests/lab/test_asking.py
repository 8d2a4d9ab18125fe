# SPDX-License-Identifier: BSD-3-Clause
"""How questions are put to upstreams, and what of their replies is believed."""

import upstream
from harness import question_end
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
