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

bool interface_is_on_host(const char *name)
{
	static const char *const drivers[] = {"veth", "tun"};
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {0};

	if (ask(SIOCGIFFLAGS, name, &request) == 0 && (request.ifr_flags & IFF_LOOPBACK))
		return true;
	request.ifr_data = (void *)&info;
	if (ask(SIOCETHTOOL, name, &request) < 0)
		return false;
	for (unsigned i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(info.driver, drivers[i]) == 0)
			return true;
	return false;
}

static void read_channels(const char *name, struct ethtool_channels *channels)
{
	struct ifreq request = {.ifr_data = (void *)channels};

	*channels = (struct ethtool_channels){.cmd = ETHTOOL_GCHANNELS};
	if (ask(SIOCETHTOOL, name, &request) < 0)
		*channels =
			(struct ethtool_channels){.combined_count = 1}; // the driver does not say
}

static unsigned queues_of(const struct ethtool_channels *channels)
{
	return channels->combined_count + channels->rx_count;
}

// The number of queues is wrong: how to change it.
static void say_remedy(const char *name, const struct device *device, unsigned workers,
	const struct ethtool_channels *channels, struct port_error *error)
{
	unsigned max = channels->max_combined ? channels->max_combined : channels->max_rx;
	unsigned queues = queues_of(channels);

	if (max < workers)
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u at most; start "
			"with --workers %u",
			device->name, workers, max ? max : queues, max ? max : queues);
	else if (channels->max_combined)
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u; change it by: "
			"ethtool -L %s combined %u",
			device->name, workers, queues, name, workers);
	else
		snprintf(error->text, sizeof(error->text),
			"%s: one queue a worker is needed: %u workers, and it has %u; change it by: "
			"ethtool -L %s rx %u tx %u",
			device->name, workers, queues, name, workers, workers);
}

int interface_count_queues(
	const char *name, const struct device *device, unsigned workers, struct port_error *error)
{
	struct ethtool_channels channels;

	read_channels(name, &channels);
	if (queues_of(&channels) >= workers)
		return (int)queues_of(&channels);
	say_remedy(name, device, workers, &channels, error);
	return -1;
}

int interface_check_queues(
	const char *name, const struct device *device, unsigned workers, struct port_error *error)
{
	struct ethtool_channels channels;

	read_channels(name, &channels);
	if (queues_of(&channels) == workers)
		return 0;
	say_remedy(name, device, workers, &channels, error);
	return -1;
}
