// SPDX-License-Identifier: BSD-3-Clause
// Files to a config: YAML with every error placed.
//
//   file ─ tree_open ─ schema_check ─ schema_load ─┐
//   file ─ tree_open ─ schema_check ─ schema_load ─┴ joined ─ build_config ─ config
//
// The trees stay until the end: the checks of build_config() speak of objects by position, and the
// trees know where these stand.
#include "control/config/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/build.h"
#include "control/config/kind.h"
#include "control/config/records.h"
#include "control/config/schema.h"
#include "control/config/tree.h"

// One file: its nodes and what they say.
struct part {
	const struct load_file *file;
	struct tree tree;
	bool is_open;
	struct build_text *text; // NULL: nothing was left
};

// Where an object stands.
struct place {
	const struct part *part;
	int node;
};

struct loader {
	struct config_faults faults;
	struct config_errors *errors;
	struct part *parts;
	size_t part_count;
	struct build_text joined;
	struct place *places[KIND_COUNT];
};

static struct loader *loader_of(struct config_faults *faults)
{
	return (struct loader *)faults; // its first member
}

// The first file that gives a global key, or the main file.
static struct place place_global(const struct loader *loader, const char *key)
{
	for (size_t i = 0; i < loader->part_count && key; i++) {
		const struct part *part = &loader->parts[i];
		int node = part->is_open ? tree_find(&part->tree, tree_root(&part->tree), key) : 0;

		if (node)
			return (struct place){part, node};
	}
	return (struct place){&loader->parts[0], 0};
}

static void take_fault(struct config_faults *faults, const struct config_fault *fault)
{
	struct loader *loader = loader_of(faults);
	struct place place;

	if (fault->kind == CONFIG_GLOBAL) {
		place = place_global(loader, fault->key);
	} else {
		place = loader->places[fault->kind][fault->object];
		place.node = tree_place(&place.part->tree, place.node, fault);
	}
	if (place.part->is_open)
		tree_error(&place.part->tree, place.node, loader->errors, "%s", fault->text);
	else
		errors_add(loader->errors, place.part->file->name, 0, 0, "%s", fault->text);
}

static void open_part(
	struct part *part, const struct load_file *file, bool is_main, struct config_errors *errors)
{
	bool is_clean;
	void *text;

	part->file = file;
	if (tree_open(&part->tree, file, errors))
		return;
	part->is_open = true;
	if (!tree_root(&part->tree)) {
		if (is_main)
			tree_error(&part->tree, 0, errors,
				"the file is empty: see shunt.yaml(5) for an example");
		return;
	}
	if (schema_check(&part->tree, SCHEMA_CONFIG, errors, &is_clean))
		return;
	if (schema_load(file, SCHEMA_CONFIG, is_clean, &text))
		tree_error(
			&part->tree, 0, errors, "the file passed the checks but can't be loaded");
	part->text = text;
}

static void close_part(struct part *part)
{
	if (part->is_open)
		tree_close(&part->tree);
	if (part->text)
		schema_free(SCHEMA_CONFIG, part->text);
}

// A global key may be given in one of the files.
static void join_global(struct loader *loader, const struct part *part, const char *key,
	const void **joined, const void *given)
{
	if (given && *joined)
		tree_error(&part->tree, tree_find(&part->tree, tree_root(&part->tree), key),
			loader->errors, "%s: is given in another file already: remove one", key);
	if (!*joined)
		*joined = given;
}

// Appends a file's objects of one kind, and their places.
static int join_list(struct loader *loader, const struct part *part, enum config_kind kind,
	void **joined, size_t *joined_count, const void *given, size_t count, size_t size)
{
	struct place **places = &loader->places[kind];
	size_t sum = *joined_count + count;
	int list = tree_find(&part->tree, tree_root(&part->tree), kind_get(kind)->list_key);
	void *grown = reallocarray(*joined, sum + 1, size);
	struct place *grown_places = reallocarray(*places, sum + 1, sizeof(**places));

	if (grown)
		*joined = grown;
	if (grown_places)
		*places = grown_places;
	if (!grown || !grown_places)
		return -ENOMEM;
	if (count > 0)
		memcpy((char *)grown + *joined_count * size, given, count * size);
	for (size_t i = 0; i < count; i++)
		grown_places[*joined_count + i] = (struct place){
			part,
			tree_item(&part->tree, list, i),
		};
	*joined_count = sum;
	return 0;
}

static int join_part(struct loader *loader, const struct part *part)
{
	struct build_text *to = &loader->joined;
	const struct build_text *from = part->text;
	int error;

	join_global(loader, part, "profile", (const void **)&to->profile, from->profile);
	join_global(loader, part, "query-timeout", (const void **)&to->query_timeout,
		from->query_timeout);
	join_global(
		loader, part, "max-waiters", (const void **)&to->max_waiters, from->max_waiters);
	join_global(loader, part, "unknown-clients", (const void **)&to->unknown_clients,
		from->unknown_clients);
	join_global(loader, part, "backoff", (const void **)&to->backoff, from->backoff);
	error = join_list(loader, part, CONFIG_INBOUND, (void **)&to->inbounds, &to->inbounds_count,
		from->inbounds, from->inbounds_count, sizeof(*to->inbounds));
	if (!error)
		error = join_list(loader, part, CONFIG_OUTBOUND, (void **)&to->outbounds,
			&to->outbounds_count, from->outbounds, from->outbounds_count,
			sizeof(*to->outbounds));
	if (!error)
		error = join_list(loader, part, CONFIG_RULESET, (void **)&to->rulesets,
			&to->rulesets_count, from->rulesets, from->rulesets_count,
			sizeof(*to->rulesets));
	if (!error)
		error = join_list(loader, part, CONFIG_NETWORK, (void **)&to->networks,
			&to->networks_count, from->networks, from->networks_count,
			sizeof(*to->networks));
	if (!error)
		error = join_list(loader, part, CONFIG_UPSTREAM, (void **)&to->upstreams,
			&to->upstreams_count, from->upstreams, from->upstreams_count,
			sizeof(*to->upstreams));
	if (!error)
		error = join_list(loader, part, CONFIG_ZONE, (void **)&to->zones, &to->zones_count,
			from->zones, from->zones_count, sizeof(*to->zones));
	return error;
}

static uint64_t place_hash(const struct place *place)
{
	return tree_hash(&place->part->tree, place->node);
}

// What merge.h compares at the next reload.
static void note_hashes(const struct loader *loader, struct config *config)
{
	struct place timeout = place_global(loader, "query-timeout");
	struct place backoff = place_global(loader, "backoff");
	struct place max_waiters = place_global(loader, "max-waiters");

	config->query_timeout_hash = place_hash(&timeout);
	config->backoff_hash = place_hash(&backoff);
	config->max_waiters_hash = place_hash(&max_waiters);
	for (size_t k = CONFIG_GLOBAL + 1; k < KIND_COUNT; k++) {
		const struct kind *kind = kind_get((enum config_kind)k);

		for (size_t i = 0; i < kind_count(kind, config); i++)
			*kind_hash(kind, kind_object(kind, config, i)) =
				place_hash(&loader->places[k][i]);
	}
	for (size_t i = 0; i < config->zone_count; i++)
		config->zones[i].file_hash ^= records_hash(config->zones[i].records);
}

static void loader_fini(struct loader *loader)
{
	for (size_t i = 0; i < loader->part_count; i++)
		close_part(&loader->parts[i]);
	for (size_t i = 0; i < KIND_COUNT; i++)
		free(loader->places[i]);
	free(loader->joined.inbounds);
	free(loader->joined.outbounds);
	free(loader->joined.rulesets);
	free(loader->joined.networks);
	free(loader->joined.upstreams);
	free(loader->joined.zones);
	free(loader->parts);
}

int config_load_files(const struct load_file *files, size_t count, struct config **out,
	struct config_errors *errors)
{
	struct loader loader = {.faults.take = take_fault, .errors = errors, .part_count = count};
	size_t before = errors->count + errors->left_off;
	int error = -ENOMEM;

	*out = NULL;
	loader.faults.at.rule = CONFIG_NONE;
	loader.parts = calloc(count, sizeof(*loader.parts));
	if (!loader.parts)
		return error;
	for (size_t i = 0; i < count; i++)
		open_part(&loader.parts[i], &files[i], i == 0, errors);
	for (size_t i = 0; i < count; i++) {
		error = loader.parts[i].text ? join_part(&loader, &loader.parts[i]) : 0;
		if (error)
			goto err;
	}
	error = build_config(&loader.joined, out, &loader.faults);
	if (error == -ENOMEM)
		goto err;
	error = errors->count + errors->left_off > before ? -EINVAL : 0;
	if (!error)
		note_hashes(&loader, *out);
err:
	if (error) {
		config_free(*out);
		*out = NULL;
	}
	if (error == -ENOMEM)
		errors_add(errors, files[0].name, 0, 0, "no memory left to load the configuration");
	loader_fini(&loader);
	errors_sort(errors);
	return error;
}

int config_read_fd(int fd, char **data, size_t *len)
{
	struct stat stat;
	ssize_t got = 0;

	*data = NULL;
	*len = 0;
	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	if (stat.st_size > LOAD_FILE_LEN_MAX)
		return -EFBIG;
	*data = malloc((size_t)stat.st_size + 1);
	if (!*data)
		return -ENOMEM;
	while (*len < (size_t)stat.st_size) {
		got = pread(fd, *data + *len, (size_t)stat.st_size - *len, (off_t)*len);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		*len += got > 0 ? (size_t)got : 0;
	}
	if (got >= 0)
		return 0;
	free(*data);
	*data = NULL;
	return -errno;
}

// Files that were read, with room for one more.
struct reading {
	struct load_file *files;
	size_t count;
};

static int read_file(struct reading *reading, const char *path, struct config_errors *errors)
{
	struct load_file *files =
		reallocarray(reading->files, reading->count + 1, sizeof(*reading->files));
	char *data = NULL;
	size_t len = 0;
	int error = -ENOMEM;
	int fd = -1;

	if (files) {
		reading->files = files;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		error = fd < 0 ? -errno : config_read_fd(fd, &data, &len);
	}
	if (fd >= 0)
		close(fd);
	if (error) {
		errors_add(errors, path, 0, 0, "can't be read: %s",
			error == -EINVAL ? "it is not a regular file" : strerror(-error));
		return error;
	}
	files[reading->count++] = (struct load_file){strdup(path), data, len};
	return files[reading->count - 1].name ? 0 : -ENOMEM;
}

static void reading_fini(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		free((char *)reading->files[i].name);
		free((char *)reading->files[i].data);
	}
	free(reading->files);
}

static int is_yaml(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

// rules.d/*.yaml beside the main file, in name order. The folder may be missing.
static int read_rules_d(
	struct reading *reading, const char *main_path, struct config_errors *errors)
{
	char *copy = strdup(main_path);
	struct dirent **entries = NULL;
	char folder[PATH_MAX];
	char path[PATH_MAX + 256];
	int error = 0;
	int count = -1;

	if (copy) {
		snprintf(folder, sizeof(folder), "%s/rules.d", dirname(copy));
		count = scandir(folder, &entries, is_yaml, alphasort);
	}
	if (count < 0 && errno != ENOENT) {
		error = copy ? -errno : -ENOMEM;
		errors_add(errors, copy ? folder : main_path, 0, 0, "can't be read: %s",
			strerror(-error));
	}
	for (int i = 0; i < count; i++) {
		int failed;

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		failed = read_file(reading, path, errors);
		error = failed ? failed : error;
		free(entries[i]);
	}
	free(entries);
	free(copy);
	return error;
}

int config_load(const char *path, struct config **out, struct config_errors *errors)
{
	struct reading reading = {0};
	int error = read_file(&reading, path, errors);
	int failed;

	*out = NULL;
	if (error)
		goto err;
	error = read_rules_d(&reading, path, errors);
	failed = config_load_files(reading.files, reading.count, out, errors);
	if (error || failed) {
		config_free(*out);
		*out = NULL;
		error = error ? error : failed;
	}
err:
	reading_fini(&reading);
	return error;
}
