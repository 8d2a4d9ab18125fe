// SPDX-License-Identifier: BSD-3-Clause
// shunt-control: reads the config, publishes it, serves the control socket.

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/load.h"
#include "control/convert.h"
#include "control/log.h"
#include "control/running.h"
#include "control/serve/serve.h"
#include "control/store.h"

#define LOCK_NAME "control.lock"

enum { PATH_LEN = 4096 };

struct options {
	const char *config;
	const char *run_dir;
	const char *state_dir;
	bool only_check;
	const char *import; // the format; NULL: run
	struct import_wish wish;
	const char *endpoints[16]; // of the wish
};

struct daemon {
	struct options options;
	struct event_base *base;
	struct event *signals[3];
	int lock_fd;
	struct store store;
	struct running *running;
	struct serve_setup setup;
	struct serve *serve;
	int status;
};

static void print_help(void)
{
	puts("usage: shunt-control [-c FILE] [--run-dir DIR] [--state-dir DIR] [--check-config]\n\n"
	     "Compiles FILE's rules, publishes them to shunt-dataplane, and serves shuntctl.\n\n"
	     "  -c, --config FILE   /etc/shunt/shunt.yaml; rules.d/*.yaml beside it is read too\n"
	     "  --run-dir DIR       /run/shunt: control.sock, link.sock, control.lock\n"
	     "  --state-dir DIR     /var/lib/shunt: the generations that ran\n"
	     "  --check-config      print what is wrong with FILE, and do nothing else\n"
	     "  --import FORMAT FILE  print FILE, of another server or cloud, as YAML; with\n"
	     "                      [--network N] [--ruleset R] [--outbound-endpoint E]...\n"
	     "                      [--default IP], as 'shuntctl import' has them\n"
	     "  --help, --version\n\n"
	     "SIGHUP reads FILE again, as 'shuntctl reload' does. SIGTERM ends it; the dataplane\n"
	     "goes on without.");
}

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"run-dir", required_argument, NULL, 'r'},
	{"state-dir", required_argument, NULL, 's'},
	{"check-config", no_argument, NULL, 'k'},
	{"import", required_argument, NULL, 'i'},
	{"network", required_argument, NULL, 'n'},
	{"ruleset", required_argument, NULL, 'R'},
	{"outbound-endpoint", required_argument, NULL, 'o'},
	{"default", required_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},
	{0},
};

static void add_endpoint(struct options *options, const char *name)
{
	size_t *count = &options->wish.outbound_endpoints_count;

	options->wish.outbound_endpoints = options->endpoints;
	if (*count < sizeof(options->endpoints) / sizeof(options->endpoints[0]))
		options->endpoints[(*count)++] = name;
}

static int import(const struct options *options, int count, char **files)
{
	if (count == 1)
		return convert_file(options->import, files[0], &options->wish);
	fputs("shunt-control: --import FORMAT takes one FILE; see --help\n", stderr);
	return 2;
}

// -1: go on; else the exit status.
static int parse_options(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.config = "/etc/shunt/shunt.yaml",
		.run_dir = "/run/shunt",
		.state_dir = "/var/lib/shunt"};
	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': options->config = optarg; break;
		case 'r': options->run_dir = optarg; break;
		case 's': options->state_dir = optarg; break;
		case 'k': options->only_check = true; break;
		case 'i': options->import = optarg; break;
		case 'n': options->wish.network = optarg; break;
		case 'R': options->wish.ruleset = optarg; break;
		case 'o': add_endpoint(options, optarg); break;
		case 'd': options->wish.fallback = optarg; break;
		case 'h': print_help(); return 0;
		case 'v': puts("shunt-control " SHUNT_VERSION); return 0;
		default: return 2;
		}
	}
	if (options->import)
		return import(options, argc - optind, argv + optind);
	if (optind == argc)
		return -1;
	fprintf(stderr, "shunt-control: '%s' is one word too many; see --help\n", argv[optind]);
	return 2;
}

// NULL: the errors are printed.
static struct config *load(const char *path)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	if (config_load(path, &config, &errors)) {
		errors_print(&errors, stderr);
		config = NULL;
	}
	errors_fini(&errors);
	return config;
}

static int check_config(const char *path)
{
	struct config *config = load(path);

	if (!config)
		return 1;
	printf("%s: ok, %zu rulesets, %zu networks\n", path, config->ruleset_count,
		config->network_count);
	config_free(config);
	return 0;
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return 0;
	log_line("can't make the folder %s: %s", path, strerror(errno));
	return -errno;
}

// The lock is the process's for life: a second instance changes nothing of the first.
static int take_lock(struct daemon *daemon)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/" LOCK_NAME, daemon->options.run_dir);
	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (daemon->lock_fd < 0) {
		log_line("can't open the lock %s: %s", path, strerror(errno));
		return -errno;
	}
	if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	log_line("already running in %s: stop that one, or give another --run-dir",
		daemon->options.run_dir);
	return -EALREADY;
}

static void on_begun(void *context, int err, const char *why)
{
	struct daemon *daemon = context;
	char serve_why[SERVE_WHY_LEN] = "no memory";

	if (err) {
		log_line("can't start: %s", why);
	} else {
		daemon->setup = (struct serve_setup){
			.base = daemon->base,
			.running = daemon->running,
			.store = &daemon->store,
			.config_path = daemon->options.config,
			.state_dir = daemon->options.state_dir,
			.run_dir = daemon->options.run_dir,
		};
		daemon->serve = serve_new(&daemon->setup, serve_why);
		if (daemon->serve)
			return;
		log_line("can't start: %s", serve_why);
	}
	daemon->status = 1;
	event_base_loopbreak(daemon->base);
}

static void on_idle(void *context)
{
	struct daemon *daemon = context;

	if (daemon->serve)
		serve_continue(daemon->serve);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct daemon *daemon = context;

	(void)what;
	if (number != SIGHUP)
		event_base_loopbreak(daemon->base);
	else if (daemon->serve)
		serve_reload(daemon->serve);
}

static int catch_signals(struct daemon *daemon)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		daemon->signals[i] = evsignal_new(daemon->base, numbers[i], on_signal, daemon);
		if (!daemon->signals[i] || event_add(daemon->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

// The newest generation on disk; `*stored` NULL: there is none yet.
static int open_store(struct daemon *daemon, struct config **stored)
{
	char why[STORE_ERROR_LEN] = "";
	int err = store_open(&daemon->store, daemon->options.state_dir, why);

	*stored = NULL;
	if (!err)
		err = store_load(&daemon->store, stored, why);
	if (why[0] && err != -ENOENT)
		log_line("%s", why);
	return err == -ENOENT && daemon->store.path ? 0 : err;
}

static int start(struct daemon *daemon)
{
	char link_path[PATH_LEN];
	struct running_start what = {
		.base = daemon->base,
		.link_path = link_path,
		.store = &daemon->store,
		.begun = on_begun,
		.idle = on_idle,
		.context = daemon,
	};

	snprintf(link_path, sizeof(link_path), "%s/" LINK_SOCKET_NAME, daemon->options.run_dir);
	what.files = load(daemon->options.config);
	if (!what.files)
		return -EINVAL;
	if (make_folder(daemon->options.run_dir) || make_folder(daemon->options.state_dir) ||
		take_lock(daemon) || open_store(daemon, &what.stored)) {
		config_free(what.files);
		return -EIO;
	}
	daemon->running = running_new(&what);
	if (!daemon->running || catch_signals(daemon)) {
		log_line("can't start: no memory");
		return -ENOMEM;
	}
	return 0;
}

static void stop(struct daemon *daemon)
{
	serve_free(daemon->serve);
	running_free(daemon->running);
	if (daemon->store.path)
		store_close(&daemon->store);
	for (size_t i = 0; i < sizeof(daemon->signals) / sizeof(daemon->signals[0]); i++)
		if (daemon->signals[i])
			event_free(daemon->signals[i]);
	if (daemon->base)
		event_base_free(daemon->base);
	if (daemon->lock_fd >= 0)
		close(daemon->lock_fd);
}

int main(int argc, char **argv)
{
	struct daemon daemon = {.lock_fd = -1};
	int status = parse_options(&daemon.options, argc, argv);

	if (status >= 0)
		exit(status);
	if (daemon.options.only_check)
		exit(check_config(daemon.options.config));
	daemon.base = event_base_new();
	if (!daemon.base || start(&daemon))
		daemon.status = 1;
	else
		event_base_dispatch(daemon.base);
	stop(&daemon);
	exit(daemon.status);
}
