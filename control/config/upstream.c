// SPDX-License-Identifier: BSD-3-Clause
// How a name server is to be asked, whichever rules send to it: from text, checked; copies; their end.
#include "control/config/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/check.h"
#include "control/config/faults.h"
#include "control/config/text.h"
#include "core/image.h"

static const struct check_choice switches[] = {
	{"on", true},
	{"off", false},
	{NULL, 0},
};

static bool parse_switch(const char *key, const char *word, struct config_faults *faults)
{
	return check_choice(faults, key, word, switches) == true;
}

static void parse_address(
	const char *text, struct config_upstream *upstream, struct config_faults *faults)
{
	char normal[TEXT_ENDPOINT_MAX];
	const char *why;

	if (!text) {
		faults_add(faults, -EINVAL, "address", CONFIG_NONE,
			"is missing: give the address of a target, ADDR, ADDR:PORT or "
			"[ADDR]:PORT");
		return;
	}
	if (text_parse_endpoint(text, &upstream->endpoint, &why)) {
		faults_add(faults, -EINVAL, "address", CONFIG_NONE,
			"\"%.80s\" %s; write ADDR, ADDR:PORT or [ADDR]:PORT", text, why);
		return;
	}
	if (!check_unicast(faults, "address", CONFIG_NONE, text, &upstream->endpoint.ip))
		return;
	upstream->address = strdup(text_format_endpoint(&upstream->endpoint, normal));
	if (!upstream->address)
		faults_add(faults, -ENOMEM, NULL, CONFIG_NONE, "no memory left for the upstream");
}

void upstream_parse(const struct build_upstream *text, struct config_upstream *upstream,
	struct config_faults *faults)
{
	*upstream = (struct config_upstream){0};
	parse_address(text->address, upstream, faults);
	upstream->has_case_randomisation =
		parse_switch("case-randomisation", text->case_randomisation, faults);
	upstream->has_trust_ad = parse_switch("trust-ad", text->trust_ad, faults);
	upstream->has_loop_check = parse_switch("loop-check", text->loop_check, faults);
	if (text->max_inflight)
		(void)!check_number(faults, "max-inflight", text->max_inflight, 1,
			IMAGE_INFLIGHT_MAX, &upstream->max_inflight);
}

int upstream_copy(struct config_upstream *copy, const struct config_upstream *upstream)
{
	*copy = *upstream;
	copy->address = strdup(upstream->address);
	return copy->address ? 0 : -ENOMEM;
}

void upstream_fini(struct config_upstream *upstream)
{
	free(upstream->address);
}
