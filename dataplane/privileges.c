// SPDX-License-Identifier: BSD-3-Clause
// Privileges are dropped by libcap-ng: groups, user, capabilities and what could bring them back.
#include "dataplane/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

int privileges_find(const char *user, struct account *account)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return errno ? -errno : -ENOENT;
	*account = (struct account){entry->pw_uid, entry->pw_gid};
	return 0;
}

int privileges_drop(const struct account *account, bool keeps_net_admin)
{
	int failed;

	capng_clear(CAPNG_SELECT_BOTH);
	if (keeps_net_admin)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	// One who is that user already may not change groups or the bounding set, and need not.
	if (geteuid() == account->uid)
		failed = capng_apply(CAPNG_SELECT_CAPS);
	else
		failed = capng_change_id((int)account->uid, (int)account->gid,
			CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (failed)
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
