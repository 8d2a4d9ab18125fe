# SPDX-License-Identifier: BSD-3-Clause
"""Which rule answers, and rules that change while queries come in."""

import contextlib
import random
import subprocess
import threading

import dns.exception
import dns.rcode
import pytest

from harness import (
    BUILD,
    CLIENT,
    INBOUND,
    Control,
    ControlError,
    Load,
    Script,
    header,
    question,
    rcode,
    udp_socket,
)

LIVE = ("--ruleset", "corp")


@contextlib.contextmanager
def rule(lab, name, *options):
    lab.ctl("rule", "create", name, *LIVE, *options)
    try:
        yield
    finally:
        lab.ctl("rule", "delete", name, *LIVE)


@pytest.mark.parametrize("name, server", [
    ("contoso.lab.", 11), ("www.contoso.lab.", 11), ("azure.contoso.lab.", 12),
    ("a.b.azure.contoso.lab.", 12), ("www.fabrikam.lab.", 13), (".", 13),
])
def test_the_longest_rule_answers(lab, name, server):
    assert lab.addresses(name) == [f"192.0.2.{server}"]
    assert lab.addresses(name, "AAAA") == [f"2001:db8::{server}"]


def test_a_rule_ends_on_a_label_boundary(lab):
    assert lab.addresses("evilcontoso.lab.") == ["192.0.2.13"]


def test_an_exact_rule_covers_its_name_only(lab):
    assert lab.addresses("only.lab.") == ["192.0.2.15"]
    assert lab.addresses("www.only.lab.") == ["192.0.2.13"]


def test_a_regex_rule_covers_names_that_its_pattern_is_found_in(lab):
    options = ["--domain", "notebooks.lab.", "--match", "regex", "--target", "10.54.0.14",
               "--pattern", r"^ml-[0-9]+\.eastus\.notebooks\.lab$"]
    with rule(lab, "ml", *options):
        assert lab.addresses("ML-7.eastus.notebooks.lab.") == ["192.0.2.14"]
        assert lab.addresses("vm-7.eastus.notebooks.lab.") == ["192.0.2.13"]
        assert lab.addresses("ml-7.eastus.notebooks.lab.example.") == ["192.0.2.13"]
        tested = lab.ctl_json("rule", "test", "ml-7.eastus.notebooks.lab", "--client", CLIENT)
        assert tested["winner"]["name"] == "ml" and tested["winner"]["match"] == "regex"
        with rule(lab, "notebooks", "--domain", "notebooks.lab.", "--target", "10.54.0.15"):
            assert lab.addresses("ml-7.eastus.notebooks.lab.") == ["192.0.2.14"]
            assert lab.addresses("vm-7.eastus.notebooks.lab.") == ["192.0.2.15"]
            tested = lab.ctl_json("rule", "test", "vm-7.eastus.notebooks.lab", "--client", CLIENT)
            assert tested["winner"]["name"] == "notebooks"
            assert "ml" not in [beaten["name"] for beaten in tested["beaten"]]
    assert lab.addresses("ml-7.eastus.notebooks.lab.") == ["192.0.2.13"]


def test_a_pattern_that_can_not_be_searched_for_changes_nothing(lab):
    with pytest.raises(ControlError, match="Back-references are unsupported"):
        lab.ctl("rule", "create", "bad", *LIVE, "--domain", "lab.", "--match", "regex",
                "--pattern", r"(a)\1", "--target", "10.54.0.14")
    assert lab.addresses("aa.lab.") == ["192.0.2.13"]


def test_a_subdomains_rule_covers_what_is_below_only(lab):
    assert lab.addresses("below.lab.") == ["192.0.2.13"]
    assert lab.addresses("www.below.lab.") == ["192.0.2.16"]


def test_nxdomain_comes_back_as_the_upstream_gave_it(lab):
    answer = lab.ask("gone.nx.lab.")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority


def test_a_name_that_no_rule_covers_is_refused(lab):
    lab.ctl("rule", "disable", "everything", *LIVE)
    try:
        assert lab.ask("www.fabrikam.lab.").rcode() == dns.rcode.REFUSED
        assert lab.addresses("www.contoso.lab.") == ["192.0.2.11"]
    finally:
        lab.ctl("rule", "enable", "everything", *LIVE)
    assert lab.addresses("www.fabrikam.lab.") == ["192.0.2.13"]


def test_a_target_behind_a_gateway_is_reached_through_it(lab):
    assert lab.addresses("www.gateway.lab.") == ["192.0.2.16"]


def test_a_client_address_out_of_every_network_is_refused(lab):
    lab.command("client", "ip", "addr", "add", "198.51.100.1/32", "dev", "lo", check=True)
    lab.command("host", "ip", "route", "add", "198.51.100.1/32", "via", CLIENT, check=True)
    try:
        answer = lab.ask("www.contoso.lab.", source="198.51.100.1")
        assert answer.rcode() == dns.rcode.REFUSED
    finally:
        lab.command("host", "ip", "route", "del", "198.51.100.1/32", check=True)
        lab.command("client", "ip", "addr", "del", "198.51.100.1/32", "dev", "lo", check=True)


def test_a_rule_lives_from_create_to_delete(lab):
    assert lab.addresses("www.new.lab.") == ["192.0.2.13"]
    with rule(lab, "new", "--domain", "new.lab.", "--target", "10.54.0.17"):
        assert lab.addresses("www.new.lab.") == ["192.0.2.17"]
        lab.ctl("rule", "update", "new", *LIVE, "--target", "10.54.0.18")
        assert lab.addresses("www.new.lab.") == ["192.0.2.18"]
        lab.ctl("rule", "disable", "new", *LIVE)
        assert lab.addresses("www.new.lab.") == ["192.0.2.13"]
        lab.ctl("rule", "enable", "new", *LIVE)
        assert lab.addresses("www.new.lab.") == ["192.0.2.18"]
    assert lab.addresses("www.new.lab.") == ["192.0.2.13"]


def test_a_refused_change_changes_nothing(lab):
    before = lab.ctl_json("rule", "list", *LIVE)
    for refused in (
        ("rule", "create", "contoso", *LIVE, "--domain", "x.lab.", "--target", "10.54.0.11"),
        ("rule", "create", "twice", *LIVE, "--domain", "CONTOSO.lab.", "--target", "10.54.0.11"),
        ("rule", "create", "dotless", *LIVE, "--domain", "x.lab", "--target", "10.54.0.11"),
        ("rule", "create", "star", *LIVE, "--domain", "*.lab.", "--target", "10.54.0.11"),
        ("rule", "delete", "nosuch", *LIVE),
    ):
        with pytest.raises(ControlError):
            lab.ctl(*refused)
    assert lab.ctl_json("rule", "list", *LIVE) == before


def test_a_change_survives_the_restart_of_control(lab):
    with rule(lab, "kept", "--domain", "kept.lab.", "--target", "10.54.0.19"):
        lab.stop("control")
        assert lab.addresses("www.kept.lab.") == ["192.0.2.19"]
        lab.start("control")
        assert lab.ctl_json("rule", "show", "kept", *LIVE)["rule"]["domain"] == "kept.lab."
        assert lab.addresses("www.kept.lab.") == ["192.0.2.19"]


def test_each_rule_counts_its_queries(lab):
    before = lab.rule_queries("azure-contoso")
    for _ in range(3):
        lab.ask("www.azure.contoso.lab.")
    assert lab.rule_queries("azure-contoso") == before + 3


def test_path_and_status_print_something(lab):
    assert lab.ctl("status").strip()
    assert "match" in lab.ctl("path")


class Asker(threading.Thread):
    """Asks for names, one after the other, and keeps every answer that was not expected."""

    def __init__(self, lab, names, expected):
        super().__init__()
        self.lab, self.names, self.expected = lab, names, expected
        self.asked = 0
        self.wrong = []
        self.is_over = threading.Event()

    def run(self):
        chance = random.Random(2)
        while not self.is_over.is_set():
            name = chance.choice(self.names)
            try:
                got = self.lab.addresses(name)
            except (dns.exception.Timeout, TimeoutError):
                got = "no answer"
            self.asked += 1
            if got not in self.expected:
                self.wrong.append((name, got))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def assert_all_expected(self):
        assert self.asked > 0
        assert not self.wrong


def test_rules_change_under_load_without_a_lost_or_wrong_answer(lab):
    names = [f"www{n}.live.lab." for n in range(1000)]
    expected = [[f"192.0.2.{server}"] for server in (15, 16)]
    with Load(lab, names) as load, Asker(lab, names, expected) as asker:
        for n in range(20):
            lab.ctl("rule", "update", "live", *LIVE, "--target", f"10.54.0.{16 - n % 2}")
    asker.assert_all_expected()
    load.assert_nothing_lost()
    assert lab.addresses("www.live.lab.") == ["192.0.2.15"]


def many_domains(count):
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(count)]
    domains = {f"{word}.zone{chance.randrange(500)}.lab" for word in words}
    return sorted(domains)


def agrees(lab, control, name):
    """`rule test` says what the wire says."""
    verdict = control.call("rule.test", name=name)
    answer = lab.ask(name)
    if verdict["winner"]["kind"] == "default":
        return answer.rcode() == dns.rcode.REFUSED
    server = verdict["targets"][0]["address"].removeprefix("10.54.0.").split(":")[0]
    return [rr.to_text() for rr in answer.answer[0]] == [f"192.0.2.{server}"]


def test_100_000_rules_are_applied_under_load_and_rule_test_agrees_with_the_wire(lab, tmp_path):
    domains = many_domains(100_000)
    file = tmp_path / "domains.txt"
    file.write_text("".join(f"{domain}\n" for domain in domains))
    names = [f"www.{domain}." for domain in domains[::50]]
    expected = [["192.0.2.13"], ["192.0.2.18"]]
    try:
        with Load(lab, names) as load, Asker(lab, names, expected) as asker:
            lab.ctl("ruleset", "apply", "corp", "--file", str(file), "--target", "10.54.0.18")
        asker.assert_all_expected()
        load.assert_nothing_lost()
        assert lab.addresses(names[0]) == ["192.0.2.18"]
        sample = random.Random(3).sample(domains, 500)
        with Control() as control:
            wrong = [name for domain in sample for name in (f"www.{domain}.", f"evil{domain}.")
                     if not agrees(lab, control, name)]
        assert not wrong
    finally:
        lab.again()  # the other tests want their own rules


def check_config(text, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    done = subprocess.run([str(BUILD / "control/shunt-control"), "-c", str(file),
                           "--check-config"], capture_output=True, text=True, timeout=60)
    return file, done


BAD = """\
inbound-endpoints:
  - {name: in, addresses: [10.53.0.2]}
outbound-endpoints:
  - {name: out, addresses: [10.54.0.2]}
rulesets:
  - name: corp
    outbound-endpoints: [out]
    rules:
      - {name: one, domain: one.lab., targets: [10.54.0.11], colour: green}
      - {name: two, domain: two.lab., targets: [10.54.0.11]}
      - {name: TWO, domain: three.lab., targets: [10.54.0.11]}
      - {name: four, domain: four.lab., targets: [10.54.0.300]}
      - {name: five, domain: five.lab, targets: [10.54.0.11]}
virtual-networks:
  - {name: hub, prefixes: [10.53.0.0/16], inbound-endpoints: [in], rulesets: [corp]}
"""

BAD_LINES = {9: "unknown key", 11: "duplicate rule", 12: "bad address", 13: "no final dot"}


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: BAD_LINES[line].replace(" ", "_"))
def test_every_error_of_a_bad_config_is_named_by_line_and_column(lab, tmp_path, line):
    file, done = check_config(BAD, tmp_path)
    assert done.returncode == 1
    named = [text for text in done.stderr.splitlines() if text.startswith(f"{file}:{line}:")]
    assert named, done.stderr
    column, message = named[0].removeprefix(f"{file}:{line}:").split(":", 1)
    assert int(column) > 1 and message.strip()


def test_a_bad_config_leaves_running_rules_untouched(lab, tmp_path):
    before = lab.ctl_json("rule", "list", *LIVE)
    _, done = check_config(BAD, tmp_path)
    assert done.returncode == 1
    assert lab.ctl_json("rule", "list", *LIVE) == before
    assert lab.addresses("www.contoso.lab.") == ["192.0.2.11"]


def test_a_right_config_passes_the_check(lab, tmp_path):
    good = BAD.replace(", colour: green", "").replace("TWO", "three")
    good = good.replace("10.54.0.300", "10.54.0.12").replace("five.lab,", "five.lab.,")
    _, done = check_config(good, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_reply_to_a_range_that_is_gone_still_finds_its_query(lab, own_config):
    upstream = Script()
    with udp_socket("client", CLIENT) as client:
        client.sendto(header() + question(b"\x06script\x03lab\x00"), (INBOUND, 53))
        asked, peer = upstream.take()
        ports = "30000-31999" if peer[1] >= 32000 else "58000-59999"
        text = own_config.read_text().replace('"fd54::2"]}', f'"fd54::2"], ports: {ports}}}')
        own_config.write_text(text)
        lab.ctl("reload")
        upstream.sock.sendto(Script.reply_to(asked), peer)
        assert rcode(client.recv(65535)) == dns.rcode.NOERROR
        client.sendto(header() + question(b"\x06script\x03lab\x00"), (INBOUND, 53))
        _, peer = upstream.take()
        first, last = ports.split("-")
        assert int(first) <= peer[1] <= int(last)
        upstream.sock.sendto(Script.reply_to(asked), peer)
    upstream.close()
