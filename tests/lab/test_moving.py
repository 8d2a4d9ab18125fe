# SPDX-License-Identifier: BSD-3-Clause
"""Moving in and going back: imports, whole rulesets through their generations, and single objects."""

import contextlib
import json
import subprocess

import pytest

from harness import BUILD, CLIENT, ControlError, dns

pytestmark = pytest.mark.ports("socket")  # control's part is the same over all

FORMATS = {
    "dnsmasq": ("server=/a.lab/10.54.0.14\nserver=/b.lab/c.lab/10.54.0.15#53\n"
                "address=/fixed.lab/192.0.2.77\nserver=/out.a.lab/#\nlocal=/gone.lab/\nport=53\n",
                {"x.a.lab.": "192.0.2.14", "b.lab.": "192.0.2.15", "x.c.lab.": "192.0.2.15",
                 "www.fixed.lab.": "192.0.2.77", "out.a.lab.": "192.0.2.13",
                 "x.gone.lab.": dns.rcode.NXDOMAIN}, ["port="]),
    "unbound": ('server:\n  local-zone: "bad.lab" always_refuse\n  do-ip6: yes\n'
                'forward-zone:\n  name: "a.lab"\n  forward-addr: 10.54.0.14@53\n'
                'stub-zone:\n  name: b.lab\n  stub-addr: 10.54.0.15\n',
                {"x.a.lab.": "192.0.2.14", "b.lab.": "192.0.2.15",
                 "x.bad.lab.": dns.rcode.REFUSED}, ["do-ip6"]),
    "bind": ('zone "a.lab" { type forward; forwarders { 10.54.0.14 port 53; }; };\n'
             'zone "out.a.lab" { type forward; forwarders { }; };\n'
             'zone "b.lab" { type master; file "b"; };',
             {"x.a.lab.": "192.0.2.14", "out.a.lab.": "192.0.2.13"}, ["b.lab is of type master"]),
    "corefile": ("a.lab b.lab:53 {\n  forward . 10.54.0.14 {\n    policy sequential\n  }\n"
                 "  rewrite x y\n}\n",
                 {"x.a.lab.": "192.0.2.14", "b.lab.": "192.0.2.14"}, ["rewrite"]),
    "hosts": ("192.0.2.80 h.lab alias.lab # both\n127.0.0.1 localhost\n",
              {"h.lab.": "192.0.2.80", "alias.lab.": "192.0.2.80", "x.h.lab.": "192.0.2.13"},
              ["localhost"]),
    "aws": (json.dumps({"ResolverRules": [
        {"Name": "a", "DomainName": "a.lab.", "RuleType": "FORWARD",
         "TargetIps": [{"Ip": "10.54.0.14", "Port": 53}]},
        {"Name": "sys", "DomainName": "out.a.lab.", "RuleType": "SYSTEM"},
        {"Name": "Internet Resolver", "DomainName": ".", "RuleType": "RECURSIVE"}]}),
            {"x.a.lab.": "192.0.2.14", "out.a.lab.": "192.0.2.13"}, ["RECURSIVE"]),
    "azure": (json.dumps([
        {"name": "a", "domainName": "a.lab.", "forwardingRuleState": "Enabled",
         "targetDnsServers": [{"ipAddress": "10.54.0.14", "port": 53}]},
        {"name": "off", "domainName": "b.lab.", "forwardingRuleState": "Disabled",
         "targetDnsServers": [{"ipAddress": "10.54.0.15", "port": 53}]},
        {"name": "dyn", "domainName": "c.lab.", "targetDnsServers": []}]),
              {"x.a.lab.": "192.0.2.14", "b.lab.": "192.0.2.13"}, ["c.lab. is left without"]),
    "arm": (json.dumps({"parameters": {"rs": {"defaultValue": "arm"}}, "resources": [
        {"type": "Microsoft.Network/dnsForwardingRulesets", "name": "[parameters('rs')]",
         "location": "eastus"},
        {"type": "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
         "name": "[concat(parameters('rs'), '/a')]",
         "properties": {"domainName": "a.lab.",
                        "targetDnsServers": [{"ipAddress": "10.54.0.14"}]}}]}),
            {"x.a.lab.": "192.0.2.14"}, ["there are no regions"]),
}


def ctl(lab, *args):
    """shuntctl with its standard error, which is where imports say what was left out."""
    done = subprocess.run([str(BUILD / "ctl/shuntctl"), "-s", "/run/shunt-lab/run/control.sock",
                           *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def cleaned(lab, ruleset):
    lab.ctl("network", "update", "hub", "--ruleset", "corp", "--default", "refuse",
            "--default-target", "", "--default-outbound-endpoint", "")
    lab.ctl("ruleset", "delete", ruleset)


def answer_of(lab, name):
    answer = lab.ask(name)
    return answer.answer[0][0].to_text() if answer.answer else answer.rcode()


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_imported_answers_as_it_did(lab, tmp_path, form):
    text, answers, left = FORMATS[form]
    file = tmp_path / "foreign"
    file.write_text(text)
    before = {name: answer_of(lab, name) for name in answers}
    _, said = ctl(lab, "import", str(file), "--from", form, "--ruleset", "moved",
                  "--network", "hub", "--apply")
    try:
        assert {name: answer_of(lab, name) for name in answers} == answers != before
        for words in left:
            assert words in said
    finally:
        cleaned(lab, "moved")
    assert {name: answer_of(lab, name) for name in answers} == before


def test_what_is_printed_is_what_apply_takes(lab, tmp_path):
    file = tmp_path / "foreign"
    file.write_text(FORMATS["dnsmasq"][0])
    printed, said = ctl(lab, "import", str(file), "--from", "dnsmasq", "--ruleset", "moved")
    assert f"{file}:6:1: port=: has no meaning for rules" in said
    yaml = tmp_path / "rules.yaml"
    yaml.write_text(printed)
    lab.ctl("ruleset", "apply", "moved", "--file", str(yaml), "--create",
            "--outbound-endpoint", "hub-out")
    assert len(lab.ctl_json("rule", "list", "--ruleset", "moved")["rules"]) == 6
    lab.ctl("ruleset", "delete", "moved")
    offline = subprocess.run([str(BUILD / "control/shunt-control"), "--import", "dnsmasq",
                              str(file), "--ruleset", "moved", "--outbound-endpoint", "hub-out"],
                             capture_output=True, text=True, timeout=60, check=True)
    assert offline.stdout == printed


def test_110769_lines_of_dnsmasq_are_imported(lab, tmp_path):
    file = tmp_path / "list"
    file.write_text("".join(f"server=/d{i}.{i % 97}.lab/10.54.0.14\n" for i in range(110769)))
    _, said = ctl(lab, "import", str(file), "--from", "dnsmasq", "--network", "hub", "--apply")
    try:
        assert "110769 rules and 0 records kept, 0 left out" in said
        assert answer_of(lab, f"x.d110768.{110768 % 97}.lab.") == "192.0.2.14"
    finally:
        cleaned(lab, "dnsmasq")


def test_a_file_of_nothing_is_refused_with_its_reasons(lab, tmp_path):
    file = tmp_path / "empty"
    file.write_text("port=53\n")
    with pytest.raises(ControlError, match="(?s)exit 1.*port=: has no meaning") as refusal:
        lab.ctl("import", str(file), "--from", "dnsmasq")
    assert "nothing of the file can be kept" in str(refusal.value)
    with pytest.raises(ControlError, match="exit 2.*must be one of azure, arm"):
        lab.ctl("import", str(file), "--from", "tinydns")


@contextlib.contextmanager
def live(lab, tmp_path):
    """A ruleset of its own, linked first."""
    file = tmp_path / "live.yaml"
    file.write_text("rules:\n  - {name: a, domain: a.lab., targets: [10.54.0.14]}\n")
    lab.ctl("ruleset", "apply", "new", "--file", str(file), "--create",
            "--outbound-endpoint", "hub-out")
    lab.ctl("network", "update", "hub", "--ruleset", "new", "--ruleset", "corp")
    file.write_text("rules:\n  - {name: a, domain: a.lab., targets: [10.54.0.15]}\n"
                    "  - {name: b, domain: b.a.lab., targets: [10.54.0.16]}\n")
    try:
        yield file
    finally:
        cleaned(lab, "new")


def test_diff_says_what_apply_then_does_and_rollback_undoes(lab, tmp_path):
    with live(lab, tmp_path) as file:
        changes = lab.ctl_json("ruleset", "diff", "new", "--file", str(file))["changes"]
        assert [(change["change"], change["name"], change["will"]["targets"])
                for change in changes] == [("changed", "a", ["10.54.0.15"]),
                                           ("added", "b", ["10.54.0.16"])]
        assert changes[1]["was"]["name"] == "a"
        assert answer_of(lab, "b.a.lab.") == "192.0.2.14"
        applied = lab.ctl_json("ruleset", "apply", "new", "--file", str(file))["generation"]
        assert answer_of(lab, "a.lab.") == "192.0.2.15"
        assert answer_of(lab, "b.a.lab.") == "192.0.2.16"
        assert "and below" in lab.ctl("ruleset", "diff", "new", "--generation", str(applied - 1))
        back = lab.ctl_json("ruleset", "rollback", "new")
        assert back["generation"] == applied + 1
        assert answer_of(lab, "b.a.lab.") == "192.0.2.14"
        history = lab.ctl_json("ruleset", "history", "new")["history"]
        assert [(entry["added"], entry["removed"], entry["changed"]) for entry in history[:2]] == [
            (0, 1, 1), (1, 0, 1)]
        exported = lab.ctl("ruleset", "export", "new", "--generation", str(applied))
        assert "{name: b, domain: b.a.lab., targets: [10.54.0.16]}" in exported
        with pytest.raises(ControlError, match="exit 1.*does not run"):
            lab.ctl("ruleset", "rollback", "new", "--if-generation", str(applied))


def test_what_nobody_confirms_goes_back_though_control_was_killed(lab, tmp_path):
    with live(lab, tmp_path) as file:
        lab.ctl("ruleset", "apply", "new", "--file", str(file), "--confirm-timeout", "2")
        assert lab.ctl_json("status")["waiting"]["ruleset"] == "new"
        assert answer_of(lab, "b.a.lab.") == "192.0.2.16"
        lab.stop("control", "KILL")
        lab.start("control")
        while lab.ctl_json("status")["waiting"]:
            assert answer_of(lab, "b.a.lab.") in ("192.0.2.16", "192.0.2.14")
        assert answer_of(lab, "b.a.lab.") == "192.0.2.14"
        lab.ctl("ruleset", "apply", "new", "--file", str(file), "--confirm-timeout", "60")
        lab.ctl("ruleset", "confirm", "new")
        assert answer_of(lab, "b.a.lab.") == "192.0.2.16"


def test_a_network_of_its_own_gets_a_view_of_its_own(lab):
    lab.ctl("ruleset", "create", "own", "--outbound-endpoint", "hub-out")
    lab.ctl("rule", "create", "all", "--ruleset", "own", "--domain", ".", "--target", "10.54.0.17")
    lab.ctl("network", "create", "one", "--prefix", f"{CLIENT}/32", "--ruleset", "own")
    try:
        assert answer_of(lab, "contoso.lab.") == "192.0.2.17"
        with pytest.raises(ControlError, match="exit 1.*virtual network one uses it"):
            lab.ctl("ruleset", "delete", "own")
        with pytest.raises(ControlError, match="exit 1.*ruleset corp uses it"):
            lab.ctl("endpoint", "delete", "hub-out")
        assert [network["name"] for network in lab.ctl_json("network", "list")["networks"]] == [
            "hub", "one"]
    finally:
        lab.ctl("network", "delete", "one")
        lab.ctl("ruleset", "delete", "own")
    assert answer_of(lab, "contoso.lab.") == "192.0.2.11"
