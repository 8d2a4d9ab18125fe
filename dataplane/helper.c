// SPDX-License-Identifier: BSD-3-Clause
// The helper's requests, from both ends. A message that is not exactly a request ends it.
#include "dataplane/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/netlink.h"

enum request_kind { REQUEST_PROBE = 1 };

struct request {
	uint32_t kind; // enum request_kind
	uint32_t ifindex;
	uint32_t is_managed;
	struct ip ip;
};

enum { SOCKET_FD = 3 }; // the helper's, behind its standard three

// False: the dataplane is gone, or sent what is no request.
static bool answer(struct netlink *netlink)
{
	struct request request;
	int32_t outcome;

	if (recv(SOCKET_FD, &request, sizeof(request), MSG_TRUNC) != sizeof(request) ||
		request.kind != REQUEST_PROBE)
		return false;
	outcome = netlink_probe(netlink, &request.ip, request.ifindex, request.is_managed);
	return send(SOCKET_FD, &outcome, sizeof(outcome), MSG_NOSIGNAL) == sizeof(outcome);
}

// Signals to the group are the dataplane's to answer: it still asks while it ends.
static _Noreturn void run(int socket, const struct account *account)
{
	struct netlink netlink = {0};
	int err;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (dup2(socket, SOCKET_FD) < 0 || close_range(SOCKET_FD + 1, ~0U, 0) < 0)
		_exit(EXIT_FAILURE);
	err = privileges_drop(account, true);
	if (err == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		err = -errno;
	if (err == 0)
		err = netlink_open_requests(&netlink);
	send(SOCKET_FD, &(int32_t){err}, sizeof(int32_t), MSG_NOSIGNAL);
	while (err == 0 && answer(&netlink))
		continue;
	_exit(err == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int read_outcome(const struct helper *helper)
{
	int32_t outcome;

	return recv(helper->socket, &outcome, sizeof(outcome), 0) == sizeof(outcome) ? outcome
										     : -EPIPE;
}

int helper_start(struct helper *helper, const struct account *account)
{
	int sockets[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	helper->pid = fork();
	if (helper->pid == 0)
		run(sockets[1], account);
	err = helper->pid < 0 ? -errno : 0;
	close(sockets[1]);
	helper->socket = sockets[0];
	if (err == 0)
		err = read_outcome(helper);
	if (err == 0)
		return 0;
	close(helper->socket);
	if (helper->pid > 0)
		waitpid(helper->pid, NULL, 0);
	helper->pid = 0;
	return err;
}

void helper_stop(struct helper *helper)
{
	close(helper->socket);
	waitpid(helper->pid, NULL, 0);
}

int helper_probe(struct helper *helper, const struct ip *ip, unsigned ifindex, bool is_managed)
{
	const struct request request = {REQUEST_PROBE, ifindex, is_managed, *ip};
	int err = -EPIPE;

	if (send(helper->socket, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request))
		err = read_outcome(helper);
	if (err == -EPIPE && !helper->is_gone) {
		helper->is_gone = true;
		fprintf(stderr,
			"shunt-dataplane: the helper is gone: neighbours of upstreams are not kept fresh; "
			"restart shunt-dataplane\n");
	}
	return err;
}
