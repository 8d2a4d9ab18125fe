// SPDX-License-Identifier: BSD-3-Clause
// Files of other name servers and clouds: what is made of them, and what is said of the rest.
#include "control/config/import/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/config/yaml.h"
#include "tests/unit/configs.h"
#include "tests/unit/unit.h"

// What one import gave.
struct outcome {
	int error;
	char *yaml;
	char *left; // what was dropped, a line each
};

static const struct import_wish no_wish;

static char *print_errors(const struct config_errors *errors)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	errors_print(errors, stream);
	fclose(stream);
	return text;
}

static struct outcome import(const char *format, const char *text, const struct import_wish *wish)
{
	struct load_file file = {"f", text, strlen(text)};
	struct import_result result;
	struct outcome outcome = {.error = import_run(format, &file, wish, &result)};
	size_t len;

	outcome.yaml = yaml_print(result.document, &len);
	outcome.left = print_errors(&result.dropped);
	import_result_fini(&result);
	return outcome;
}

static void outcome_fini(struct outcome *outcome)
{
	free(outcome->yaml);
	free(outcome->left);
}

#define HEAD(name)                             \
	"rulesets:\n"                          \
	"  - name: " name "\n"                 \
	"    outbound-endpoints: [outbound]\n" \
	"    rules:\n"
#define RULE(text) "      - {" text "}\n"

// `text` becomes exactly this, and exactly that is left.
static void assert_import(const char *format, const char *text, const char *yaml, const char *left)
{
	struct outcome outcome = import(format, text, &no_wish);

	assert_string_equal(outcome.left, left);
	assert_string_equal(outcome.yaml, yaml);
	assert_int_equal(outcome.error, 0);
	outcome_fini(&outcome);
}

static void dnsmasq_servers_become_rules(void **state)
{
	(void)state;
	assert_import("dnsmasq",
		"server=/corp.example/10.0.0.1\n"
		"server=/corp.example/10.0.0.2#5353 # and this\n"
		"server=/a.example/B.example./fd00::1\r\n"
		" server = /.c.example/fd00::1#5353\n"
		"server=/*.sub.example/10.0.0.9\n"
		"server=/out.corp.example/#\n"
		"local=/lan/\n"
		"server=8.8.8.8\n",
		HEAD("dnsmasq") RULE("name: d-corp_example, domain: corp.example., targets: "
				     "[10.0.0.1, \"10.0.0.2:5353\"]")
			RULE("name: d-a_example, domain: a.example., targets: [\"fd00::1\"]")
				RULE("name: d-B_example, domain: B.example., targets: "
				     "[\"fd00::1\"]")
					RULE("name: d-c_example, domain: c.example., targets: "
					     "[\"[fd00::1]:5353\"]")
						RULE("name: d-sub_example, domain: sub.example., "
						     "match: subdomains, targets: [10.0.0.9]")
							RULE("name: d-out_corp_example, domain: "
							     "out.corp.example., action: default")
								RULE("name: d-lan, domain: lan., "
								     "action: nxdomain")
									RULE("name: d-_, domain: "
									     "., targets: "
									     "[8.8.8.8]"),
		"");
}

static void dnsmasq_addresses_become_answers(void **state)
{
	(void)state;
	assert_import("dnsmasq",
		"address=/web.example/10.1.1.1\n"
		"address=/web.example/fd00::5\n"
		"address=/ads.example/\n"
		"host-record=nas.lan,10.9.9.9,fd00::9,300\n"
		"rev-server=10.1.0.0/16,10.0.0.1\n",
		HEAD("dnsmasq") RULE(
			"name: d-web_example, domain: web.example., action: addresses, "
			"addresses: [10.1.1.1, \"fd00::5\"]")
			RULE("name: d-ads_example, domain: ads.example., action: nxdomain")
				RULE("name: d-nas_lan, domain: nas.lan., match: exact, action: "
				     "addresses, addresses: [10.9.9.9, \"fd00::9\"]")
					RULE("name: d-10_1_0_0-16, prefix: 10.1.0.0/16, targets: "
					     "[10.0.0.1]"),
		"");
}

static void dnsmasq_lines_that_can_not_be_kept_are_named(void **state)
{
	(void)state;
	assert_import("dnsmasq",
		"port=53\n"
		"server=/ok.example/10.0.0.1\n"
		"server=//1.2.3.4\n"
		"server=/bad..example/1.2.3.4\n"
		"server=/x.example/not-an-ip\n"
		"server=/y.example/10.0.0.1@eth0\n"
		"local=/ok.example/\n"
		"no-hosts\n",
		HEAD("dnsmasq") RULE("name: d-ok_example, domain: ok.example., targets: [10.0.0.1]")
			RULE("name: d-y_example, domain: y.example., targets: [10.0.0.1]"),
		"f:1:1: port=: has no meaning for rules\n"
		"f:3:1: //: names without dots are not told from others here\n"
		"f:4:1: domain: \"bad..example.\" is not a name: a label is empty\n"
		"f:5:1: target \"not-an-ip\" is not an IPv4 or IPv6 address\n"
		"f:5:1: x.example. is left without a server to ask\n"
		"f:6:1: @eth0: what to send from is said by the ruleset's outbound endpoints\n"
		"f:7:1: ok.example has a rule already, d-ok_example\n"
		"f:8:1: no-hosts: has no meaning for rules\n");
}

#define AZURE_NETWORK(ruleset)                                                \
	"virtual-networks:\n"                                                 \
	"  - {name: " ruleset ", rulesets: [" ruleset "], default: forward, " \
	"default-targets: [168.63.129.16], default-outbound-endpoints: [outbound]}\n"

static void azure_rules_keep_their_names_states_and_tags(void **state)
{
	(void)state;
	assert_import("azure",
		"[{\"domainName\": \"contoso.com.\", \"forwardingRuleState\": \"Enabled\",\n"
		"  \"id\": \"/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/"
		"dnsForwardingRulesets/corp/forwardingRules/contoso\",\n"
		"  \"metadata\": {\"owner\": \"net\"}, \"name\": \"contoso\",\n"
		"  \"targetDnsServers\": [{\"ipAddress\": \"10.0.0.4\", \"port\": 53},\n"
		"                       {\"ipAddress\": \"10.0.0.5\", \"port\": 5353}]},\n"
		" {\"properties\": {\"domainName\": \"off.contoso.com.\",\n"
		"   \"forwardingRuleState\": \"Disabled\", \"metadata\": null,\n"
		"   \"targetDnsServers\": [{\"ipAddress\": \"10.0.0.4\"}]},\n"
		"  \"id\": \"/x/dnsForwardingRulesets/corp/forwardingRules/off\",\n"
		"  \"name\": \"off\"},\n"
		" {\"domainName\": \"dyn.contoso.com.\", \"name\": \"dyn\","
		" \"targetDnsServers\": []}]\n",
		"profile: azure\n" HEAD("corp")
			RULE("name: contoso, domain: contoso.com., targets: [10.0.0.4, "
			     "\"10.0.0.5:5353\"], metadata: [owner=net]")
				RULE("name: off, domain: off.contoso.com., state: disabled, "
				     "targets: [10.0.0.4]") AZURE_NETWORK("corp"),
		"f:11:2: dyn.contoso.com. is left without a server to ask\n");
}

static void arm_templates_are_read_with_their_defaults(void **state)
{
	(void)state;
	assert_import("arm",
		"{\"parameters\": {\"rs\": {\"defaultValue\": \"hub\"}, \"none\": {},\n"
		"  \"servers\": {\"defaultValue\": [{\"ipAddress\": \"10.2.0.4\"}]}},\n"
		" \"variables\": {\"zone\": \"[concat('corp', '.contoso.com.')]\"},\n"
		" \"resources\": [\n"
		"  {\"type\": \"Microsoft.Network/dnsForwardingRulesets\",\n"
		"   \"name\": \"[parameters('rs')]\", \"location\": \"eastus\", \"resources\": [\n"
		"    {\"type\": \"forwardingRules\", \"name\": \"inner\", \"properties\":\n"
		"     {\"domainName\": \"in.contoso.com.\",\n"
		"      \"targetDnsServers\": [{\"ipAddress\": \"10.2.0.9\"}]}}]},\n"
		"  {\"type\": \"Microsoft.Network/dnsForwardingRulesets/forwardingRules\",\n"
		"   \"name\": \"[format('{0}/{1}', parameters('rs'), 'corp')]\",\n"
		"   \"properties\": {\"domainName\": \"[variables('zone')]\",\n"
		"    \"targetDnsServers\": \"[parameters('servers')]\"}},\n"
		"  {\"type\": \"Microsoft.Network/dnsForwardingRulesets/forwardingRules\",\n"
		"   \"name\": \"[concat(parameters('none'), '/lost')]\"},\n"
		"  {\"type\": \"Microsoft.Network/dnsResolvers/inboundEndpoints\",\n"
		"   \"name\": \"r/in\"}]}\n",
		"profile: azure\n" HEAD("hub")
			RULE("name: inner, domain: in.contoso.com., targets: [10.2.0.9]")
				RULE("name: corp, domain: corp.contoso.com., targets: [10.2.0.4]")
					AZURE_NETWORK("hub"),
		"f:6:46: location: there are no regions here\n"
		"f:14:3: its name can't be told: give the parameters that it is made of a "
		"defaultValue\n"
		"f:16:3: Microsoft.Network/dnsResolvers/inboundEndpoints: its address is the "
		"cloud's: give ours under inbound-endpoints\n");
}

static void an_expression_without_end_is_not_followed(void **state)
{
	struct outcome outcome = import("arm",
		"{\"variables\": {\"a\": \"[variables('b')]\", \"b\": \"[variables('a')]\"},\n"
		" \"resources\": [{\"type\": \"Microsoft.Network/dnsForwardingRulesets/"
		"forwardingRules\",\n"
		"  \"name\": \"[variables('a')]\"}]}",
		&no_wish);

	(void)state;
	assert_int_equal(outcome.error, -EINVAL);
	assert_non_null(strstr(outcome.left, "f:2:16: its name can't be told"));
	outcome_fini(&outcome);
}

static void aws_system_rules_become_carve_outs(void **state)
{
	(void)state;
	assert_import("aws",
		"{\"ResolverRules\": [\n"
		" {\"DomainName\": \"example.com.\", \"RuleType\": \"FORWARD\", \"Name\": \"fwd\",\n"
		"  \"TargetIps\": [{\"Ip\": \"192.0.2.45\", \"Port\": 53},\n"
		"                {\"Ipv6\": \"2001:db8::1\", \"Port\": 5353},\n"
		"                {\"Ip\": \"192.0.2.46\", \"Protocol\": \"DoH\"}]},\n"
		" {\"DomainName\": \"apex.example.com.\", \"RuleType\": \"SYSTEM\"},\n"
		" {\"DomainName\": \".\", \"RuleType\": \"RECURSIVE\",\n"
		"  \"Name\": \"Internet Resolver\"}]}\n",
		HEAD("aws") RULE("name: fwd, domain: example.com., targets: [192.0.2.45, "
				 "\"[2001:db8::1]:5353\"]")
			RULE("name: d-apex_example_com, domain: apex.example.com., action: default"),
		"f:5:17: target by DoH: we ask over plain DNS alone\n"
		"f:7:2: rule Internet Resolver is of type RECURSIVE, which only the cloud's own "
		"resolver has\n");
}

static void unbound_zones_become_rules_and_local_data_zones(void **state)
{
	(void)state;
	assert_import("unbound",
		"server:\n"
		"    local-zone: \"ads.example.\" always_nxdomain # comment\n"
		"    local-zone: \"lan.example.\" static\n"
		"    local-zone: \"all.example\" redirect\n"
		"    local-data: \"nas.lan.example. 3600 IN A 10.0.0.9\"\n"
		"    local-data: 'txt.lan.example. TXT \"two words\"'\n"
		"    local-data: \"all.example A 10.0.0.7\"\n"
		"    local-data: \"alone.example. A 10.0.0.8\"\n"
		"forward-zone:\n"
		"    name: \"corp.example\"\n"
		"    forward-addr: 10.0.0.1\n"
		"    forward-addr: 10.0.0.2@5353\n"
		"stub-zone:\n"
		"    name: \"stub.example.\"\n"
		"    stub-addr: fd00::53\n"
		"forward-zone:\n"
		"    name: \".\"\n"
		"    forward-tls-upstream: yes\n"
		"    forward-addr: 192.0.2.1@853#dns.example\n",
		HEAD("unbound") RULE("name: d-ads_example, domain: ads.example., action: nxdomain")
			RULE("name: d-all_example, domain: all.example., action: addresses, "
			     "addresses: [10.0.0.7]")
				RULE("name: d-corp_example, domain: corp.example., targets: "
				     "[10.0.0.1, \"10.0.0.2:5353\"]")
					RULE("name: d-stub_example, domain: stub.example., "
					     "targets: [\"fd00::53\"]") "private-zones:\n"
									"  - {name: lan.example., "
									"records: [\"nas 3600 A "
									"10.0.0.9\", \"txt TXT "
									"\\\"two words\\\"\"]}\n"
									"  - {name: "
									"alone.example., records: "
									"[\"@ A 10.0.0.8\"], "
									"on-nxdomain: forward}\n",
		"f:18:5: forward-tls-upstream: we ask over plain DNS alone, so all of . is left "
		"out\n");
}

static void bind_forward_zones_become_rules(void **state)
{
	(void)state;
	assert_import("bind",
		"// main\n"
		"options { forwarders { 192.0.2.8; 192.0.2.9 port 5353; }; };\n"
		"zone \"corp.example\" IN { type forward; forward only;\n"
		"  forwarders { 10.0.0.1; fd00::1 port 54; }; };\n"
		"/* block\n */ zone \"carve.corp.example\" { type forward; forwarders { }; };\n"
		"zone \"mine.example\" { type master; file \"/etc/bind/db.mine\"; };\n"
		"view \"v\" { zone \"v.example\" { type forward;\n"
		"  forwarders port 5300 { 10.0.0.7; }; }; };\n",
		HEAD("bind") RULE("name: d-_, domain: ., targets: [192.0.2.8, \"192.0.2.9:5353\"]")
			RULE("name: d-corp_example, domain: corp.example., targets: [10.0.0.1, "
			     "\"[fd00::1]:54\"]")
				RULE("name: d-carve_corp_example, domain: carve.corp.example., "
				     "action: default")
					RULE("name: d-v_example, domain: v.example., targets: "
					     "[\"10.0.0.7:5300\"]"),
		"f:7:1: zone mine.example is of type master: its data stays where it is, or goes "
		"into a private zone by file:\n"
		"f:8:1: view: whom it is for is said by virtual networks; its zones are kept\n");
}

static void corefile_forwards_become_rules(void **state)
{
	(void)state;
	assert_import("corefile",
		".:53 {\n"
		"    errors\n"
		"    forward . 192.0.2.8 192.0.2.9 {\n"
		"        policy sequential\n"
		"        except bad.example\n"
		"    }\n"
		"    cache 30\n"
		"}\n"
		"example.org:1053 lan.example {\n"
		"    forward . 10.0.0.1\n"
		"    hosts {\n"
		"        10.0.0.1 a.example.org\n"
		"    }\n"
		"}\n"
		"sub.example {\n"
		"    forward deep.sub.example 10.0.0.2:5353 tls://192.0.2.1\n"
		"}\n",
		HEAD("corefile") RULE("name: d-_, domain: ., policy: ordered, targets: [192.0.2.8, "
				      "192.0.2.9]")
			RULE("name: d-example_org, domain: example.org., targets: "
			     "[10.0.0.1]")
				RULE("name: d-lan_example, domain: lan.example., targets: "
				     "[10.0.0.1]") RULE("name: d-deep_sub_example, domain: "
							"deep.sub.example., targets: "
							"[\"10.0.0.2:5353\"]"),
		"f:5:16: except bad.example: make a rule for it that says where it goes\n"
		"f:11:5: hosts: has no meaning for rules\n"
		"f:16:44: tls://192.0.2.1: we ask over plain DNS alone\n");
}

static void hosts_become_exact_answers(void **state)
{
	(void)state;
	assert_import("hosts",
		"127.0.0.1 localhost\n"
		"10.0.0.5\tnas.corp.example nas # the box\n"
		"fd00::5   nas.corp.example\n"
		"badline\n",
		HEAD("hosts") RULE("name: d-nas_corp_example, domain: nas.corp.example., match: "
				   "exact, action: addresses, addresses: [10.0.0.5, \"fd00::5\"]")
			RULE("name: d-nas, domain: nas., match: exact, action: addresses, "
			     "addresses: [10.0.0.5]"),
		"f:1:11: localhost: is answered without a rule\n"
		"f:4:8: \"badline\" has no name\n");
}

static void private_endpoints_are_read_in_each_of_their_forms(void **state)
{
	static const char *const forms[] = {
		"[{\"FQDNs\": [\"a.example\", \"*.b.example\"], \"IPAddress\": \"10.1.0.5\"}]",
		"{\"name\": \"pe\", \"customDnsConfigs\": [\n"
		" {\"fqdn\": \"a.example\", \"ipAddresses\": [\"10.1.0.5\"]},\n"
		" {\"fqdn\": \"*.b.example\", \"ipAddresses\": [\"10.1.0.5\"]}]}",
		"{\"ipConfigurations\": [{\"privateIPAddress\": \"10.1.0.5\",\n"
		" \"privateLinkConnectionProperties\": {\"fqdns\": [\"a.example\",\n"
		" \"*.b.example\"]}}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_import("private-endpoint", forms[i],
			"private-zones:\n"
			"  - {name: a.example., records: [\"@ A 10.1.0.5\"]}\n"
			"  - {name: b.example., records: [\"* A 10.1.0.5\"]}\n",
			"");
}

#define ID(type, name)                                                                         \
	"\"id\": \"/s/privateDnsZones/p.example/" type "/" name "\", \"name\": \"" name "\", " \
	"\"ttl\": 10, "

static void private_dns_record_sets_become_a_zone(void **state)
{
	(void)state;
	assert_import("private-dns",
		"[{" ID("A",
			"w") "\"aRecords\": [{\"ipv4Address\": \"10.1.0.5\"}]},\n"
			     " {" ID("SOA",
				     "@") "\"soaRecord\": {\"email\": \"x\"}},\n"
					  " {" ID("CNAME",
						  "al") "\"cnameRecord\": {\"cname\": \"w.p.example\"}},\n"
							" {" ID("TXT",
								"t") "\"txtRecords\": [{\"value\": [\"a \\\"b\\\"\", \"c\"]}]},\n"
								     " {" ID("MX",
									     "m") "\"mxRecords\": [{\"preference\": 5, \"exchange\": \"x.e\"}]}]",
		"private-zones:\n"
		"  - {name: p.example., records: [\"w 10 A 10.1.0.5\", \"al 10 CNAME "
		"w.p.example.\", \"t 10 TXT \\\"a \\\\\\\"b\\\\\\\"\\\" \\\"c\\\"\", \"m 10 MX 5 "
		"x.e.\"]}\n",
		"f:2:2: @: a zone's SOA is made here\n");
}

static void wishes_name_and_link_what_is_made(void **state)
{
	const char *const endpoints[] = {"out"};
	struct outcome outcome = import("dnsmasq", "server=/a.example/10.0.0.1",
		&(struct import_wish){.ruleset = "moved",
			.network = "hub",
			.outbound_endpoints = endpoints,
			.outbound_endpoints_count = 1});

	(void)state;
	assert_string_equal(outcome.yaml,
		"rulesets:\n"
		"  - name: moved\n"
		"    outbound-endpoints: [out]\n"
		"    rules:\n"
		"      - {name: d-a_example, domain: a.example., targets: [10.0.0.1]}\n"
		"virtual-networks:\n"
		"  - {name: hub, rulesets: [moved]}\n");
	outcome_fini(&outcome);
}

// With what it needs beside, what is made can be loaded as it is.
static void what_is_made_loads(void **state)
{
	static const char *const samples[][2] = {
		{"dnsmasq", "server=/a.example/10.0.0.1\nserver=/a.example/10.0.0.2\n"},
		{"unbound", "forward-zone:\n name: b.example\n forward-addr: 10.0.0.1@54\n"},
		{"bind", "zone \"c.example\" { type forward; forwarders { 10.0.0.1; }; };"},
		{"corefile", "d.example {\n forward . 10.0.0.1 10.0.0.2\n}\n"},
		{"aws",
			"[{\"DomainName\": \"e.example\", \"RuleType\": \"FORWARD\","
			"\"Name\": \"a b\", \"TargetIps\": [{\"Ip\": \"10.0.0.1\"}]}]"},
		{"hosts", "10.0.0.1 f.example\n"},
		{"dnsmasq",
			"address=/g.example/10.0.0.1\nserver=/h.example/#\nlocal=/i.example/\n"},
		{"unbound", "server:\n local-data: \"j.example 60 IN TXT 'two words'\"\n"},
		{"private-endpoint",
			"[{\"FQDNs\": [\"*.k.example\"], \"IPAddress\": \"fd00::1\"}]"},
		{"private-dns",
			"[{" ID("SRV",
				"_s._tcp") "\"srvRecords\": [{\"priority\": 1, "
					   "\"weight\": 2, \"port\": 3, \"target\": \"h.example\"}]}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct outcome outcome =
			import(samples[i][0], samples[i][1], &(struct import_wish){.network = "n"});
		struct config *config;
		char *text;

		assert_true(asprintf(&text,
				    "outbound-endpoints: [{name: outbound, addresses: "
				    "[10.54.0.2]}]\n%s",
				    outcome.yaml) > 0);
		config = configs_load(text);
		if (!config)
			fail_msg("%s: %s", samples[i][0], configs_errors);
		assert_int_equal(config->ruleset_count + config->zone_count, 1);
		assert_int_equal(
			config->networks[0].ruleset_count + config->networks[0].private_zone_count,
			1);
		config_free(config);
		free(text);
		outcome_fini(&outcome);
	}
}

static void files_of_nothing_are_refused(void **state)
{
	static const char *const formats[] = {"azure", "arm", "aws", "private-endpoint",
		"private-dns", "dnsmasq", "unbound", "bind", "corefile", "hosts"};
	static const char *const texts[] = {"", "{", "\"", "[[[[", "{}", "# nothing\n", "\xff\xfe"};

	(void)state;
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
			struct outcome outcome = import(formats[f], texts[t], &no_wish);

			assert_int_equal(outcome.error, -EINVAL);
			assert_non_null(strstr(outcome.left, "f: "));
			outcome_fini(&outcome);
		}
}

static void an_unknown_format_is_told(void **state)
{
	struct outcome outcome = import("powerdns", "x", &no_wish);

	(void)state;
	assert_int_equal(outcome.error, -ENOENT);
	assert_non_null(strstr(outcome.left, "choose one of azure"));
	outcome_fini(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnsmasq_servers_become_rules),
		cmocka_unit_test(dnsmasq_addresses_become_answers),
		cmocka_unit_test(dnsmasq_lines_that_can_not_be_kept_are_named),
		cmocka_unit_test(azure_rules_keep_their_names_states_and_tags),
		cmocka_unit_test(arm_templates_are_read_with_their_defaults),
		cmocka_unit_test(an_expression_without_end_is_not_followed),
		cmocka_unit_test(aws_system_rules_become_carve_outs),
		cmocka_unit_test(unbound_zones_become_rules_and_local_data_zones),
		cmocka_unit_test(bind_forward_zones_become_rules),
		cmocka_unit_test(corefile_forwards_become_rules),
		cmocka_unit_test(hosts_become_exact_answers),
		cmocka_unit_test(private_endpoints_are_read_in_each_of_their_forms),
		cmocka_unit_test(private_dns_record_sets_become_a_zone),
		cmocka_unit_test(wishes_name_and_link_what_is_made),
		cmocka_unit_test(what_is_made_loads),
		cmocka_unit_test(files_of_nothing_are_refused),
		cmocka_unit_test(an_unknown_format_is_told),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
