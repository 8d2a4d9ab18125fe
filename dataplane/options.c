// SPDX-License-Identifier: BSD-3-Clause
// The command line of shunt-dataplane.
#include "dataplane/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 64, SLOTS_MIN = 64, SLOTS_MAX = 1 << 20, SLOTS = 65536 };

static const char help[] =
	"Usage: shunt-dataplane --port KIND:DEVICE… [OPTION]… [-- EAL-OPTION…]\n"
	"Polls ports, and forwards DNS queries by the rules that shunt-control publishes.\n"
	"\n"
	"  --port xdp:IFACE     AF_XDP on a kernel interface; options follow after commas:\n"
	"                       mode=zero-copy|copy|generic, queues=A-B, busy-poll=USEC\n"
	"  --port dpdk:DEVICE   a DPDK device, by PCI address or as a virtual device:\n"
	"                       dpdk:0000:3b:00.0, dpdk:net_af_xdp0,iface=eth0\n"
	"  --port socket:       plain UDP sockets on the configuration's addresses: for\n"
	"                       trying out and tests, without any privilege\n"
	"  --workers N          threads that poll, 1 unless given\n"
	"  --slots N            questions a worker may have outstanding, 65536 unless given\n"
	"  --busy               poll without sleeping when idle\n"
	"  --user NAME          become that user once all is open; else stay who started it\n"
	"  --run-dir FOLDER     sockets and lock, /run/shunt unless given\n"
	"  --state-dir FOLDER   the last image, /var/lib/shunt unless given\n"
	"  --help, --version    say so and end\n"
	"  --                   what follows goes to DPDK's EAL\n";

enum option_id {
	PORT = 256,
	WORKERS,
	SLOTS_A_WORKER,
	BUSY,
	USER,
	RUN_DIR,
	STATE_DIR,
	HELP,
	VERSION
};

static const struct option long_options[] = {
	{"port", required_argument, NULL, PORT},
	{"workers", required_argument, NULL, WORKERS},
	{"slots", required_argument, NULL, SLOTS_A_WORKER},
	{"busy", no_argument, NULL, BUSY},
	{"user", required_argument, NULL, USER},
	{"run-dir", required_argument, NULL, RUN_DIR},
	{"state-dir", required_argument, NULL, STATE_DIR},
	{"help", no_argument, NULL, HELP},
	{"version", no_argument, NULL, VERSION},
	{NULL, 0, NULL, 0},
};

static enum options_outcome take_port(struct options *options, const char *port, char *error)
{
	bool is_known = strncmp(port, "xdp:", 4) == 0 || strncmp(port, "dpdk:", 5) == 0 ||
		strncmp(port, "socket:", 7) == 0;

	if (!is_known)
		snprintf(error, OPTIONS_ERROR_LEN,
			"--port %s: a port is written xdp:IFACE, dpdk:DEVICE or socket:", port);
	else if (options->port_count == PORT_MAX)
		snprintf(error, OPTIONS_ERROR_LEN, "more than %d ports are given", PORT_MAX);
	else
		options->ports[options->port_count++] = port;
	return error[0] ? OPTIONS_WRONG : OPTIONS_RUN;
}

static enum options_outcome take_workers(struct options *options, const char *text, char *error)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || count == 0) {
		snprintf(error, OPTIONS_ERROR_LEN, "--workers %s: a number from 1 is wanted", text);
		return OPTIONS_WRONG;
	}
	if (count > WORKERS_MAX) {
		snprintf(error, OPTIONS_ERROR_LEN, "--workers %s: %d are the most", text,
			WORKERS_MAX);
		return OPTIONS_WRONG;
	}
	options->worker_count = (unsigned)count;
	return OPTIONS_RUN;
}

static enum options_outcome take_slots(struct options *options, const char *text, char *error)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || count < SLOTS_MIN || count > SLOTS_MAX) {
		snprintf(error, OPTIONS_ERROR_LEN, "--slots %s: a number from %d to %d is wanted",
			text, SLOTS_MIN, SLOTS_MAX);
		return OPTIONS_WRONG;
	}
	options->slot_count = (uint32_t)count;
	return OPTIONS_RUN;
}

static enum options_outcome take_option(
	struct options *options, int option, const char *word, char *error)
{
	switch (option) {
	case PORT: return take_port(options, optarg, error);
	case WORKERS: return take_workers(options, optarg, error);
	case SLOTS_A_WORKER: return take_slots(options, optarg, error);
	case BUSY: options->is_busy = true; return OPTIONS_RUN;
	case USER: options->user = optarg; return OPTIONS_RUN;
	case RUN_DIR: options->run_dir = optarg; return OPTIONS_RUN;
	case STATE_DIR: options->state_dir = optarg; return OPTIONS_RUN;
	case HELP: fputs(help, stdout); return OPTIONS_DONE;
	case VERSION: puts("shunt-dataplane " SHUNT_VERSION); return OPTIONS_DONE;
	}
	snprintf(error, OPTIONS_ERROR_LEN, "%s: %s; see --help", word,
		option == ':' ? "a value is missing" : "there is no such option");
	return OPTIONS_WRONG;
}

// What follows `--` is EAL's: getopt stops there and leaves optind behind it.
enum options_outcome options_parse(
	struct options *options, int argc, char **argv, char error[static OPTIONS_ERROR_LEN])
{
	enum options_outcome outcome = OPTIONS_RUN;
	int option;

	*options = (struct options){
		.worker_count = 1,
		.slot_count = SLOTS,
		.run_dir = "/run/shunt",
		.state_dir = "/var/lib/shunt",
	};
	error[0] = '\0';
	while (outcome == OPTIONS_RUN &&
		(option = getopt_long(argc, argv, "+:", long_options, NULL)) != -1)
		outcome = take_option(options, option, argv[optind - 1], error);
	if (outcome != OPTIONS_RUN)
		return outcome;
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		snprintf(error, OPTIONS_ERROR_LEN, "%s: not expected here; see --help",
			argv[optind]);
		return OPTIONS_WRONG;
	}
	options->eal_args = (const char *const *)argv + optind;
	options->eal_arg_count = (unsigned)(argc - optind);
	if (options->port_count == 0) {
		snprintf(error, OPTIONS_ERROR_LEN, "no --port is given; see --help");
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}
