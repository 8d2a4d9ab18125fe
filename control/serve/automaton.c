// SPDX-License-Identifier: BSD-3-Clause
// ruleset.dump and ruleset.stats: the automaton of a ruleset, out of the published image.

#include "control/compile/automaton.h"

#include "control/serve/request.h"
#include "core/name.h"
#include "core/suffix.h"

enum { DRAWN_MAX = 500 }; // states; a drawing of more shows nothing

// Opens what is asked for. False: the request is answered.
static bool open_automaton(struct request *request, struct automaton *automaton)
{
	const struct config *config = request_config(request);
	const char *name = request_text(request, "name");
	const struct config_ruleset *ruleset = config_find_ruleset(config, name);
	struct lookup *lookup = &request->serve->lookup;
	char why[LOOKUP_WHY_LEN];

	if (!ruleset) {
		request_fail(request, ERROR_REFUSED, NULL, "there is no ruleset '%s'", name);
		return false;
	}
	if (lookup_refresh(lookup, request->serve->setup->running, why)) {
		request_fail(request, ERROR_REFUSED, NULL, "%s", why);
		return false;
	}
	if (automaton_init(
		    automaton, &lookup->view.image, (uint32_t)(ruleset - config->rulesets)) == 0)
		return true;
	automaton_fini(automaton);
	request_fail(request, ERROR_REFUSED, NULL, "no memory for the automaton of '%s'", name);
	return false;
}

// The rules from the first of an accept on, best first.
static json_t *show_rules(const struct request *request, uint32_t first)
{
	const struct config *config = request_config(request);
	const struct lookup *lookup = &request->serve->lookup;
	json_t *rules = json_array();
	struct image_rule rule = {0};

	for (uint32_t at = first; first != IMAGE_NONE && !rule.is_last;
		at += (uint32_t)sizeof(rule)) {
		const struct lookup_rule *found;

		rule = image_rule(&lookup->view.image, at);
		found = lookup_counter(lookup, rule.counter);
		if (found) {
			const struct config_rule *shown =
				&config->rulesets[found->ruleset].rules[found->rule];

			json_array_append_new(rules,
				json_pack("{s:s, s:s}", "name", shown->name, "match",
					config_match_text(shown->match)));
		}
	}
	return rules;
}

// A label in presentation form, without the dot behind it.
static json_t *show_label(const uint8_t *name)
{
	uint8_t wire[LABEL_LEN_MAX + 2] = {0};
	char text[NAME_TEXT_MAX];
	unsigned len;

	for (unsigned i = 0; i <= name[0]; i++)
		wire[i] = name[i];
	len = name_format(wire, text);
	return name[0] ? json_stringn(text, len - 1) : json_null();
}

static json_t *show_state(
	const struct request *request, const struct automaton *automaton, uint32_t index)
{
	const struct automaton_state *state = &automaton->states[index];
	const uint8_t *name = automaton_name(automaton, state);
	char text[NAME_TEXT_MAX];

	name_format(name, text);
	return json_pack("{s:I, s:o, s:o, s:s, s:o}", "state", (json_int_t)index, "from",
		index ? json_integer(state->from) : json_null(), "label", show_label(name),
		"domain", text, "rules", show_rules(request, state->rules));
}

static json_t *show_states(const struct request *request, const struct automaton *automaton)
{
	json_t *states = json_array();

	for (uint32_t i = 0; i < automaton->state_count; i++)
		json_array_append_new(states, show_state(request, automaton, i));
	return states;
}

void ruleset_dump(struct request *request)
{
	const char *name = request_text(request, "name");
	struct automaton automaton;

	if (!request_flag(request, "automaton")) {
		request_fail(request, ERROR_PARAMETER, NULL,
			"ruleset.dump: automaton: what is dumped must be said, and the automaton "
			"is all there is");
		return;
	}
	if (!open_automaton(request, &automaton))
		return;
	if (request_flag(request, "dot") && automaton.state_count > DRAWN_MAX)
		request_fail(request, ERROR_REFUSED, NULL,
			"ruleset.dump: '%s' has %u states, and a drawing shows %d at most; "
			"without dot they are listed",
			name, automaton.state_count, DRAWN_MAX);
	else
		request_reply(request,
			json_pack("{s:I, s:s, s:o}", "generation",
				(json_int_t)request_config(request)->generation, "ruleset", name,
				"states", show_states(request, &automaton)));
	automaton_fini(&automaton);
}

// What is counted of an automaton.
struct tally {
	json_int_t rules;
	json_int_t accepting;
	json_int_t leaves;
	json_int_t depths[NAME_LABELS_MAX + 1]; // states by depth
	unsigned deepest;
};

static void count_states(
	struct tally *tally, const struct image *image, const struct automaton *automaton)
{
	for (uint32_t i = 0; i < automaton->state_count; i++) {
		const struct automaton_state *state = &automaton->states[i];
		bool has_more = state->rules != IMAGE_NONE;

		tally->depths[state->depth]++;
		tally->leaves += state->is_leaf;
		tally->accepting += has_more;
		if (state->depth > tally->deepest)
			tally->deepest = state->depth;
		for (uint32_t at = state->rules; has_more;
			at += (uint32_t)sizeof(struct image_rule)) {
			tally->rules++;
			has_more = !image_rule(image, at).is_last;
		}
	}
}

static json_t *show_depths(const struct tally *tally)
{
	json_t *depths = json_array();

	for (unsigned i = 0; i <= tally->deepest; i++)
		json_array_append_new(depths, json_integer(tally->depths[i]));
	return depths;
}

// Of the whole image: what one rule of all rulesets takes.
static size_t count_rules(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->ruleset_count; i++)
		for (size_t r = 0; r < config->rulesets[i].rule_count; r++)
			count += config->rulesets[i].rules[r].state == CONFIG_ENABLED;
	return count;
}

void ruleset_stats(struct request *request)
{
	const struct config *config = request_config(request);
	const struct image *image = &request->serve->lookup.view.image;
	struct tally tally = {0};
	struct automaton automaton;
	uint64_t size, elapsed_us;
	size_t rule_count;

	if (!open_automaton(request, &automaton))
		return;
	(void)running_image(request->serve->setup->running, &size, &elapsed_us);
	count_states(&tally, image, &automaton);
	rule_count = count_rules(config);
	request_reply(request,
		json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:f, s:I, s:s}",
			"generation", (json_int_t)config->generation, "ruleset",
			request_text(request, "name"), "rules", tally.rules, "states",
			(json_int_t)automaton.state_count, "transitions",
			(json_int_t)automaton.state_count - 1, "accepting", tally.accepting,
			"leaves", tally.leaves, "depths", show_depths(&tally), "image_bytes",
			(json_int_t)size, "image_bytes_per_rule",
			rule_count ? (double)size / (double)rule_count : 0.0, "compile_us",
			(json_int_t)elapsed_us, "walk", image->way->name));
	automaton_fini(&automaton);
}
