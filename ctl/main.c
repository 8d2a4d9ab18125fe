// SPDX-License-Identifier: BSD-3-Clause
// shuntctl: the operator's command, a client of the control socket.

#include <stdio.h>
#include <stdlib.h>

#include "ctl/arguments.h"
#include "ctl/client.h"
#include "ctl/help.h"

// Indented, and ASCII only: nothing in it can reach a terminal's controls.
static void print_json(const json_t *result)
{
	json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
}

static int run(struct arguments *arguments)
{
	const struct verb *verb = arguments->verb;
	struct call *call = &arguments->call;
	json_t *result;
	int code = verb->prepare ? verb->prepare(call) : EXIT_DONE;

	if (code != EXIT_DONE)
		return code;
	code = client_call(arguments->socket, verb->method, call->params, call->fd, &result);
	if (code != EXIT_DONE)
		return code;
	if (arguments->is_json)
		print_json(result);
	else
		verb->print(result, call);
	json_decref(result);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	int code = arguments_parse(&arguments, argc, argv);

	if (code == EXIT_DONE && arguments.is_version)
		puts("shuntctl " SHUNT_VERSION);
	else if (code == EXIT_DONE && arguments.is_help)
		help_print(arguments.noun, arguments.verb);
	else if (code == EXIT_DONE)
		code = run(&arguments);
	arguments_fini(&arguments);
	if (fflush(stdout) && code == EXIT_DONE) {
		perror("shuntctl: writing the output");
		code = EXIT_REFUSED;
	}
	exit(code);
}
