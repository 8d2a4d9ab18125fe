#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The demo: one query after the other through a running shunt, each answer held against what its
# rule promises; then a rule changed live, and a load without loss.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
QUERIES=200000
RATE=${SHUNT_DEMO_RATE:-10000} # queries a second that two shared cores hold without loss

port=xdp
keep=no
while [ $# -gt 0 ]; do
	case $1 in
	--port)
		port=${2:-}
		shift
		;;
	--keep) keep=yes ;;
	*)
		echo "demo: no option '$1'; usage: ./dev demo [--port xdp|dpdk] [--keep]" >&2
		exit 2
		;;
	esac
	shift
done

lab() {
	"$here/lab.sh" "$@"
}

step() {
	printf '\n### %s\n' "$*"
}

die() {
	echo "demo: $*" >&2
	exit 1
}

clean_up() {
	rm -f "$queries"
	if [ $keep = yes ]; then
		echo "demo: the lab stands; './dev lab help' says what to do with it"
	else
		lab down
	fi
}

# gives NAME ANSWER: dig NAME from the client, and see that ANSWER comes back, all on one line.
gives() {
	echo "\$ dig @10.53.0.2 +short $1"
	answer=$(lab exec client dig @10.53.0.2 +short "$1" | paste -s -d ' ')
	echo "$answer"
	[ "$answer" = "$2" ] || die "expected $2 for $1"
}

# shows NAME SERVER: dig NAME from the client, and see that SERVER's data come back.
shows() {
	echo "\$ dig @10.53.0.2 +short $1"
	answer=$(lab exec client dig @10.53.0.2 +short "$1")
	echo "$answer"
	[ "$answer" = "192.0.2.$2" ] ||
		die "expected 192.0.2.$2 for $1, the answer of server 10.54.0.$2"
}

ctl() {
	echo "\$ shuntctl $*"
	lab ctl "$@"
}

load() {
	seq 1 1000 | sed 's/.*/www&.contoso.lab A\nwww&.azure.contoso.lab A\nwww&.fabrikam.lab A/' \
		>"$queries"
	runs=$((QUERIES / 3000 + 1))
	# At most 200 under way, on four sockets: fewer than a veth's ring or a socket's buffer holds.
	echo "\$ dnsperf -s 10.53.0.2 -d queries -n $runs -Q $RATE -q 200 -c 4"
	report=$(lab exec client dnsperf -s 10.53.0.2 -d "$queries" -n "$runs" -Q "$RATE" -q 200 -c 4)
	echo "$report" | sed -n '/Queries sent/,/Average Latency/p'
	lost=$(echo "$report" | sed -n 's/.*Queries lost: *\([0-9]*\).*/\1/p')
	completed=$(echo "$report" | sed -n 's/.*Queries completed: *\([0-9]*\).*/\1/p')
	[ "$lost" = 0 ] || die "dnsperf lost $lost queries"
	[ "$completed" -ge $QUERIES ] || die "dnsperf completed $completed of $QUERIES queries"
}

step "The lab: clients, shunt on its $port ports, and name servers in three namespaces"
lab up --port "$port"
queries=$(mktemp)
trap clean_up EXIT

step "Three rules; the longest name wins"
ctl rule list --ruleset corp
shows www.fabrikam.lab 13
shows www.contoso.lab 11
shows www.azure.contoso.lab 12

step "A private zone, and a CNAME that leads from it to a rule"
gives ws1.privatelink.contoso.lab 10.1.0.5
gives portal.privatelink.contoso.lab "www.azure.contoso.lab. 192.0.2.12"
ctl rule test ws1.privatelink.contoso.lab

step "A rule changes while shunt runs"
ctl rule update contoso --ruleset corp --target 10.54.0.14
shows www.contoso.lab 14
shows www.azure.contoso.lab 12

step "A new rule, and without it again"
ctl rule create ml --ruleset corp --domain ml.azure.contoso.lab. --target 10.54.0.15
shows ws1.ml.azure.contoso.lab 15
ctl rule delete ml --ruleset corp
shows ws1.ml.azure.contoso.lab 12

step "At least $QUERIES queries, none lost"
load

step "What it says about itself"
ctl status
ctl stats
ctl path

step "All of it was as it should be"
