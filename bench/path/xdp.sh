#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench path --port xdp: over a veth pair with AF_XDP.

set -eu
cd "$(dirname "$0")/../.."

usage() {
	cat <<-'END'
		usage: ./dev bench path --port xdp [--rounds N] [--seconds N] [--only NAME]

		  --rounds N     each contender this many times, in turn (5)
		  --seconds N    how long each time (3)
		  --only NAME    only this contender, and what it is compared with

		Runs on cores 0 (generator) and 1 (contender).
	END
}

rounds=5
seconds=3
only=
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=${2:?--rounds needs a number} && shift 2 ;;
	--seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
	--only) only=${2:?--only needs a name} && shift 2 ;;
	-h | --help) usage && exit 0 ;;
	*)
		echo "dev: bench path: unknown option '$1'" >&2
		usage >&2
		exit 2
		;;
	esac
done
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
	/usr/bin/python3 -B bench/path/xdp.py --rounds "$rounds" --seconds "$seconds" \
	${only:+--only "$only"}
