#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench path --port xdp: over a veth pair with AF_XDP.

set -eu
cd "$(dirname "$0")/../.."

usage() {
	cat <<-'END'
		usage: ./dev bench path --port xdp [--rounds N] [--seconds N] [--only NAME]
		       ./dev bench path --port xdp --sustain [--seconds N] [--queues N] [--only NAME]

		  --rounds N     each contender this many times, in turn (7)
		  --seconds N    how long each time (3)
		  --only NAME    only this contender, and what it is compared with

		--sustain finds the rate at which no forwarded query is lost, for 1 and 2 queues and for dnsperf
		and kxdpgun, and holds 80 % of it:

		  --seconds N    how long (60)
		  --queues N     only with so many
		  --only NAME    only this generator

		Runs on cores 0 (generator) and 1 (contender).
	END
}

rung=xdp
case ${1:-} in
-h | --help) usage && exit 0 ;;
--sustain) rung=sustain && shift ;;
esac
[ "$(id -u)" -eq 0 ] || {
	echo "dev: bench path makes network namespaces, which needs root" >&2
	exit 1
}
[ "$(nproc)" -ge 2 ] || {
	echo "dev: bench path needs two cores: the generator would take the contender's time" >&2
	exit 1
}

ninja -C build/bench
# A mount namespace of its own keeps the names of network namespaces apart from a lab that stands.
exec unshare -m sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && exec "$@"' sh \
	/usr/bin/python3 -B "bench/path/$rung.py" "$@"
