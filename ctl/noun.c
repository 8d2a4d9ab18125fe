// SPDX-License-Identifier: BSD-3-Clause
// The table of nouns, in the order in which help lists them.

#include "ctl/noun.h"

#include <string.h>

const struct noun *const nouns[] = {
	&noun_status,
	&noun_rule,
	&noun_ruleset,
	&noun_network,
	&noun_endpoint,
	&noun_zone,
	&noun_record,
	&noun_import,
	&noun_upstream,
	&noun_stats,
	&noun_path,
	&noun_reload,
	NULL,
};

const struct noun *noun_find(const char *name)
{
	for (size_t i = 0; nouns[i]; i++)
		if (strcmp(nouns[i]->name, name) == 0)
			return nouns[i];
	return NULL;
}

const struct verb *noun_find_verb(const struct noun *noun, const char *name)
{
	for (size_t i = 0; i < noun->verb_count; i++)
		if (noun->verbs[i].name && strcmp(noun->verbs[i].name, name) == 0)
			return &noun->verbs[i];
	return NULL;
}
