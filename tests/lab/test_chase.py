# SPDX-License-Identifier: BSD-3-Clause
"""CNAMEs across rules and private zones; script.lab. is what the test says it is."""

import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest


def serve(script, *records, rcode=dns.rcode.NOERROR):
    """Answers the next query of script.lab. with these records, while the client waits."""
    def answer():
        wire, peer = script.take()
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        reply.set_rcode(rcode)
        for name, rdtype, data in records:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, data))
        script.sock.sendto(reply.to_wire(), peer)
    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def texts(answer):
    return [rr.to_text() for rrset in answer.answer for rr in rrset]


def ask(lab, script, name, *records, rdtype="A", **options):
    thread = serve(script, *records, **options)
    answer = lab.ask(name, rdtype)
    thread.join()
    return answer


@pytest.mark.parametrize("rdtype, end", [("A", "10.1.0.5"), ("AAAA", "fd00::5")])
def test_a_private_endpoint_behind_a_public_CNAME_is_found(lab, script, rdtype, end):
    public = "203.0.113.1" if rdtype == "A" else "2001:db8:1::1"
    answer = ask(lab, script, "ws.script.lab.", ("ws.script.lab.", "CNAME", "ws1.zone.lab."),
                 ("ws1.zone.lab.", rdtype, public), rdtype=rdtype)
    assert texts(answer) == ["ws1.zone.lab.", end]
    assert not answer.flags & dns.flags.AA


def test_another_rules_name_is_asked_of_its_servers(lab, script):
    answer = ask(lab, script, "ws.script.lab.", ("ws.script.lab.", "CNAME", "ws.contoso.lab."),
                 ("ws.contoso.lab.", "A", "203.0.113.1"))
    assert texts(answer) == ["ws.contoso.lab.", "192.0.2.11"]
    assert answer.question[0].name.to_text() == "ws.script.lab."


def test_a_name_that_only_the_rule_for_all_names_covers_stays(lab, script):
    answer = ask(lab, script, "ws.script.lab.", ("ws.script.lab.", "CNAME", "ws.public.lab."),
                 ("ws.public.lab.", "A", "203.0.113.1"))
    assert texts(answer) == ["ws.public.lab.", "203.0.113.1"]


def test_a_zones_CNAME_leads_to_what_is_forwarded(lab):
    assert texts(lab.ask("near.zone.lab.")) == ["far.zone.lab.", "www.contoso.lab.", "192.0.2.11"]
    assert texts(lab.ask("far.zone.lab.", "CNAME")) == ["www.contoso.lab."]


def test_the_end_of_the_chain_says_the_code(lab, script):
    answer = ask(lab, script, "ws.script.lab.", ("ws.script.lab.", "CNAME", "no.zone.lab."))
    assert answer.rcode() == dns.rcode.NXDOMAIN and texts(answer) == ["no.zone.lab."]
    assert [rrset.name.to_text() for rrset in answer.authority] == ["zone.lab."]


def test_a_dead_end_is_SERVFAIL_without_records(lab, script):
    thread = serve(script, ("ws.script.lab.", "CNAME", "www.dead.lab."))
    lab.ctl("rule", "create", "dead", "--ruleset", "corp", "--domain", "dead.lab.",
            "--target", "10.54.0.1:5399")
    try:
        answer = lab.ask("ws.script.lab.", use_edns=0)
    finally:
        lab.ctl("rule", "delete", "dead", "--ruleset", "corp")
    thread.join()
    assert answer.rcode() == dns.rcode.SERVFAIL and not answer.answer


def test_a_public_NXDOMAIN_does_not_hide_a_private_name(lab, script):
    answer = ask(lab, script, "ws.script.lab.", ("ws.script.lab.", "CNAME", "ws1.zone.lab."),
                 rcode=dns.rcode.NXDOMAIN)
    assert answer.rcode() == dns.rcode.NOERROR and texts(answer) == ["ws1.zone.lab.", "10.1.0.5"]
