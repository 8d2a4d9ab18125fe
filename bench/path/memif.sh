#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench path --port memif: a worker and the load generator on a core each, memory shared between them.

set -eu
cd "$(dirname "$0")/../.."

case " $* " in
*" -h "* | *" --help "*) ;;
*)
	[ "$(id -u)" -eq 0 ] || {
		echo "dev: bench path over memif needs huge pages, and root for them" >&2
		exit 1
	}
	[ "$(nproc)" -ge 2 ] || {
		echo "dev: bench path needs two cores: the generator would take the worker's time" >&2
		exit 1
	}
	;;
esac

ninja -C build/bench
exec /usr/bin/python3 -B bench/path/memif.py "$@"
