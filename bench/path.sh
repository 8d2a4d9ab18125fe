#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench path: the whole worker, beside reflectors on the same port. A script a kind of port does it.

set -eu
cd "$(dirname "$0")/.."

kinds() {
	find bench/path -name '*.sh' -exec basename {} .sh \; | sort | tr '\n' ' '
}

usage() {
	cat <<-END
		usage: ./dev bench path [--port KIND] [OPTION...]

		  --port KIND    over which kind of port ($port); there are: $(kinds)

		Prints a table; writes build/bench/path-KIND.json, and all of these as build/bench/path.json.
		Each kind has options of its own:

	END
}

port=xdp
if [ "${1:-}" = --port ]; then
	port=${2:?--port needs a kind}
	shift 2
fi
[ -x "bench/path/$port.sh" ] || {
	echo "dev: bench path: no port '$port'; there are: $(kinds)" >&2
	exit 2
}
case ${1:-} in
-h | --help) usage ;;
esac
exec "bench/path/$port.sh" "$@"
