// SPDX-License-Identifier: BSD-3-Clause
// What `ruleset apply` brings, YAML or a list of domains, to the rules of one ruleset.
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "control/config/build.h"
#include "control/config/lines.h"
#include "control/config/load.h"
#include "control/config/schema.h"
#include "control/config/tree.h"

// Places faults of the ruleset: in a tree, or in lines.
struct applier {
	struct config_faults faults;
	struct config_errors *errors;
	const struct load_file *file;
	const struct tree *tree; // NULL: lines
	int node;                // of the ruleset
	const struct lines *lines;
};

static void take_yaml(struct config_faults *faults, const struct config_fault *fault)
{
	struct applier *applier = (struct applier *)faults; // its first member
	int node = tree_place(applier->tree, applier->node, fault);

	tree_error(applier->tree, node, applier->errors, "%s", fault->text);
}

static void take_line(struct config_faults *faults, const struct config_fault *fault)
{
	struct applier *applier = (struct applier *)faults; // its first member
	struct lines_place place = {0};

	if (fault->rule != CONFIG_NONE)
		place = applier->lines->places[fault->rule];
	errors_add(
		applier->errors, applier->file->name, place.line, place.column, "%s", fault->text);
}

// The file gives the rules, the request the rest, unless it leaves that to the file.
static int set_rules(struct config *config, const struct load_ruleset *request,
	struct config_ruleset_text text, struct applier *applier)
{
	bool is_there = config_find_ruleset(config, request->name);

	if (text.name && strcasecmp(text.name, request->name) != 0) {
		errors_add(applier->errors, applier->file->name, 0, 0,
			"the file is for ruleset %.80s, not %.80s: apply it there, or change "
			"its name:",
			text.name, request->name);
		return -EINVAL;
	}
	if (!is_there && !request->create) {
		errors_add(applier->errors, applier->file->name, 0, 0,
			"there is no ruleset %.80s: add --create --outbound-endpoint NAME to "
			"make it",
			request->name);
		return -ENOENT;
	}
	text.name = request->name;
	if (request->outbound_endpoints_count > 0) {
		text.outbound_endpoints = request->outbound_endpoints;
		text.outbound_endpoints_count = request->outbound_endpoints_count;
	}
	applier->faults.at.kind = CONFIG_RULESET;
	applier->faults.at.rule = CONFIG_NONE;
	return config_set_ruleset(config, &text, &applier->faults);
}

static int apply_lines(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors)
{
	struct lines lines;
	struct applier applier = {
		.faults.take = take_line,
		.errors = errors,
		.file = file,
		.lines = &lines,
	};
	int error = lines_parse(&lines, request, file, errors);

	if (error)
		return error;
	if (lines.count == 0) {
		errors_add(errors, file->name, 0, 0, "there is no domain in the file");
		error = -EINVAL;
	} else {
		error = set_rules(config, request,
			(struct config_ruleset_text){
				.rules = lines.rules,
				.rules_count = lines.count,
			},
			&applier);
	}
	lines_fini(&lines);
	return error;
}

// A mapping that is the ruleset.
static int apply_ruleset(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct tree *tree, bool is_clean, struct applier *applier)
{
	struct config_ruleset_text *text;
	int error = schema_load(file, SCHEMA_RULESET, is_clean, (void **)&text);

	if (error)
		return error;
	applier->node = tree_root(tree);
	error = set_rules(config, request, *text, applier);
	schema_free(SCHEMA_RULESET, text);
	return error;
}

// A whole config file, of which one ruleset is taken.
static int apply_config(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct tree *tree, bool is_clean, struct applier *applier)
{
	int list = tree_find(tree, tree_root(tree), "rulesets");
	struct build_text *text;
	size_t i = 0;
	int error = schema_load(file, SCHEMA_CONFIG, is_clean, (void **)&text);

	if (error)
		return error;
	while (i < text->rulesets_count &&
		(!text->rulesets[i].name || strcasecmp(text->rulesets[i].name, request->name) != 0))
		i++;
	applier->node = tree_item(tree, list, i);
	error = -ENOENT;
	if (i < text->rulesets_count)
		error = set_rules(config, request, text->rulesets[i], applier);
	else
		tree_error(tree, list, applier->errors, "there is no ruleset %.80s in the file",
			request->name);
	schema_free(SCHEMA_CONFIG, text);
	return error;
}

static int apply_yaml(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors)
{
	struct tree tree;
	struct applier applier = {
		.faults.take = take_yaml,
		.errors = errors,
		.file = file,
		.tree = &tree,
	};
	bool is_config;
	bool is_clean;
	int error = tree_open(&tree, file, errors);

	if (error)
		return error;
	error = -EINVAL;
	if (!tree_root(&tree)) {
		tree_error(&tree, 0, errors, "the file is empty: give a mapping with rules:");
		goto err;
	}
	is_config = tree_find(&tree, tree_root(&tree), "rulesets");
	error = schema_check(&tree, is_config ? SCHEMA_CONFIG : SCHEMA_RULESET, errors, &is_clean);
	if (error)
		goto err;
	if (is_config)
		error = apply_config(config, request, file, &tree, is_clean, &applier);
	else if (tree_find(&tree, tree_root(&tree), "rules"))
		error = apply_ruleset(config, request, file, &tree, is_clean, &applier);
	else
		tree_error(&tree, tree_root(&tree), errors,
			"neither rules: nor rulesets: is here: give one of them, or --target "
			"for a list of domains");
err:
	tree_close(&tree);
	return error;
}

int config_load_ruleset(struct config *config, const struct load_ruleset *request,
	const struct load_file *file, struct config_errors *errors)
{
	int error;

	errors->limit = LOAD_APPLY_ERRORS_MAX;
	if (request->targets_count > 0)
		error = apply_lines(config, request, file, errors);
	else
		error = apply_yaml(config, request, file, errors);
	if (error && errors->count == 0)
		errors_add(errors, file->name, 0, 0, "can't be loaded: %s", strerror(-error));
	errors_sort(errors);
	return error ? error : errors->count > 0 ? -EINVAL : 0;
}
