#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench micro: what the parts cost, each for itself and beside others.

set -eu
cd "$(dirname "$0")/.."

usage() {
	cat <<-'END'
		usage: ./dev bench micro [--rules FILE] [--only TEXT]

		  --rules FILE   domains, one a line, in place of the 110,000 that are made up
		  --only TEXT    only what has TEXT in its name

		Prints a table; writes build/bench/micro.json.
	END
}

rules=
only=
while [ $# -gt 0 ]; do
	case $1 in
	--rules) rules=${2:?--rules needs a file} && shift 2 ;;
	--only) only=${2:?--only needs a text} && shift 2 ;;
	-h | --help) usage && exit 0 ;;
	*)
		echo "dev: bench micro: unknown option '$1'" >&2
		usage >&2
		exit 2
		;;
	esac
done
case $rules in
'' | /*) ;;
*) rules=$SHUNT_CALLER/$rules ;;
esac
[ -z "$rules" ] || [ -r "$rules" ] || {
	echo "dev: bench micro: $rules can't be read" >&2
	exit 2
}

ninja -C build/bench bench/micro
commit=$(git describe --always --dirty 2>/dev/null) || commit=unknown
exec build/bench/bench/micro --json build/bench/micro.json --commit "$commit" \
	${rules:+--rules "$rules"} ${only:+--only "$only"}
