// SPDX-License-Identifier: BSD-3-Clause
// upstream.list and the like: how the targets of all rules do, as the dataplane sees it, and what the operator does to
// one. Nothing of it is stored: a dataplane that starts knows nothing of any.

#include "control/serve/upstream.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "control/config/text.h"
#include "control/serve/request.h"
#include "core/link.h"

// The connected dataplane's; NULL: there is none, and the request is answered.
static const struct counters *find_counters(struct request *request)
{
	const struct publish *publish = running_publish(request->serve->setup->running);

	if (publish_dataplane(publish))
		return publish_counters(publish);
	request_fail(request, ERROR_REFUSED, NULL,
		"dataplane: not connected, and what is known of upstreams is its own: start "
		"shunt-dataplane with this run folder");
	return NULL;
}

const char *upstream_state(const struct counters_upstream *upstream)
{
	if (upstream->is_drained)
		return "drained";
	return upstream->rest ? "resting" : "up";
}

json_t *upstream_rtt(const struct counters_upstream *upstream)
{
	return upstream->srtt_us ? json_integer(upstream->srtt_us) : json_null();
}

// How long the rest is that it takes now; null: it takes none.
static json_t *show_rest(const struct counters_upstream *upstream, const struct config *config)
{
	if (!upstream->rest)
		return json_null();
	return json_integer((json_int_t)upstream_rest_len_us(
		upstream->rest, config->backoff_initial_us, config->backoff_max_us));
}

static uint64_t now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

// Whether questions go there in a letter case drawn at random: off by the config, or suspended as replies lost it.
static const char *show_case(const struct counters_upstream *upstream, const struct config *config)
{
	const struct config_upstream *says = config_find_upstream(config, &upstream->endpoint);

	if (says && !says->has_case_randomisation)
		return "off";
	return upstream_case_off_sec(upstream->case_lost) > now_sec() ? "suspended" : "on";
}

static json_t *show(const struct counters_upstream *upstream, const struct config *config)
{
	char address[TEXT_ENDPOINT_MAX];

	text_format_endpoint(&upstream->endpoint, address);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I}", "address", address, "state",
		upstream_state(upstream), "rtt_us", upstream_rtt(upstream), "rest_us",
		show_rest(upstream, config), "case_randomisation", show_case(upstream, config),
		"sent", (json_int_t)upstream->sent, "answered", (json_int_t)upstream->answered,
		"missed", (json_int_t)upstream->missed);
}

// Those that what is served names.
void upstream_list(struct request *request)
{
	const struct config *config = request_config(request);
	const struct publish *publish = running_publish(request->serve->setup->running);
	const struct counters *counters = find_counters(request);
	json_t *list;

	if (!counters)
		return;
	list = json_array();
	for (uint32_t i = 0; i < counters_upstream_count(counters); i++) {
		struct counters_upstream upstream = counters_upstream(counters, i);

		if (upstream.generation == publish_dataplane(publish)->generation)
			json_array_append_new(list, show(&upstream, config));
	}
	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, "upstreams",
			list));
}

// 0, or the request is answered.
static int find(struct request *request, struct counters_upstream *upstream)
{
	const char *address = request_text(request, "address");
	const struct counters *counters = find_counters(request);
	struct endpoint endpoint;
	const char *why;

	if (!counters)
		return -ENOTCONN;
	if (text_parse_endpoint(address, &endpoint, &why)) {
		request_fail(request, ERROR_PARAMETER, NULL, "upstream: address: %s", why);
		return -EINVAL;
	}
	if (counters_find_upstream(counters, &endpoint, upstream))
		return 0;
	request_fail(request, ERROR_REFUSED, NULL,
		"upstream: no rule sends to %.80s: 'shuntctl upstream list' lists who is sent to",
		address);
	return -ENOENT;
}

static void reply(struct request *request, const struct counters_upstream *upstream)
{
	const struct config *config = request_config(request);

	request_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)config->generation, "upstream",
			show(upstream, config)));
}

void upstream_show(struct request *request)
{
	struct counters_upstream upstream;

	if (find(request, &upstream) == 0)
		reply(request, &upstream);
}

// Sent, and shown as it will be in a moment: the dataplane has nothing to say against it.
static void order(struct request *request, enum link_order wanted)
{
	struct counters_upstream upstream;
	struct link_upstream message = {.order = (uint16_t)wanted};
	int err = find(request, &upstream);

	if (err)
		return;
	message.endpoint = upstream.endpoint;
	err = running_order(request->serve->setup->running, &message);
	if (err) {
		request_fail(request, ERROR_REFUSED, NULL,
			"upstream: the dataplane can't be told: %s", strerror(-err));
		return;
	}
	if (wanted == LINK_RESET) {
		upstream.rest = 0;
		upstream.srtt_us = 0;
		upstream.case_lost = 0;
	} else {
		upstream.is_drained = wanted == LINK_DRAIN;
	}
	reply(request, &upstream);
}

void upstream_drain(struct request *request)
{
	order(request, LINK_DRAIN);
}

void upstream_enable(struct request *request)
{
	order(request, LINK_ENABLE);
}

void upstream_reset(struct request *request)
{
	order(request, LINK_RESET);
}
