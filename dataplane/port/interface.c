// SPDX-License-Identifier: BSD-3-Clause
// A network interface as the kernel describes it, by ioctl.
#include "dataplane/port/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(unsigned long what, const char *name, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	if (ioctl(fd, what, request) < 0)
		err = -errno;
	close(fd);
	return err;
}

int interface_read(const char *name, struct device *device, struct port_error *error)
{
	struct ifreq request = {0};
	int err = ask(SIOCGIFMTU, name, &request);

	device->ifindex = if_nametoindex(name);
	device->mtu = (uint16_t)(request.ifr_mtu < UINT16_MAX ? request.ifr_mtu : UINT16_MAX);
	if (err == 0)
		err = ask(SIOCGIFHWADDR, name, &request);
	if (device->ifindex == 0 || err < 0) {
		snprintf(error->text, sizeof(error->text),
			"%s: no such interface here; list those there are: ip -brief link",
			device->name);
		return -1;
	}
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK) {
		snprintf(error->text, sizeof(error->text),
			"%s: not an Ethernet interface: its frames can't be read", device->name);
		return -1;
	}
	memcpy(device->mac, request.ifr_hwaddr.sa_data, sizeof(device->mac));
	return 0;
}

int interface_check_queues(
	const char *name, const struct device *device, unsigned workers, struct port_error *error)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (void *)&channels};
	unsigned queues = 1; // where the driver does not say
	unsigned max;

	if (ask(SIOCETHTOOL, name, &request) == 0)
		queues = channels.combined_count + channels.rx_count;
	if (queues == workers)
		return 0;
	max = channels.max_combined ? channels.max_combined : channels.max_rx;
	if (max < workers)
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u at most; start "
			"with --workers %u",
			device->name, workers, max ? max : queues, max ? max : queues);
	else if (channels.max_combined)
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u; change it by: "
			"ethtool -L %s combined %u",
			device->name, workers, queues, name, workers);
	else
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u; change it by: "
			"ethtool -L %s rx %u tx %u",
			device->name, workers, queues, name, workers, workers);
	return -1;
}
