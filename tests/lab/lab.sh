#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The lab: three network namespaces on two veth pairs, name servers on one side, clients on the
# other, and shunt between them.
#
#   shunt-client c0 ------- h0 shunt-host h1 ------- u0 shunt-upstream
#     10.53.0.1               10.53.0.2  10.54.0.2      10.54.0.1
#     10.53.4.0/22            fd53::2    fd54::2        10.54.0.11 to .19, fd54::11 to ::19
#     fd53::1                                           168.63.129.16
#
# All it makes is in the namespaces and in /run/shunt-lab: pids/ (pid and start time of each
# process), log/, run/ and state/ (the folders of both daemons), nsd/.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
LAB=/run/shunt-lab
BUILD=${SHUNT_BUILD:-$root/build}

DATAPLANE=$BUILD/dataplane/shunt-dataplane
CONTROL=$BUILD/control/shunt-control
SHUNTCTL=$BUILD/ctl/shuntctl

NAMESPACES="shunt-client shunt-host shunt-upstream"
SERVERS="11 12 13 14 15 16 17 18 19"

usage() {
	cat <<-'END'
		usage: ./dev lab COMMAND [ARGS]

		  up [--port xdp|dpdk|socket] [--config FILE] [--workers N]
		                     raise the lab with empty state; returns when queries are answered
		  down               end every process and remove every namespace of the lab
		  status             what runs
		  sh client|host|upstream          a shell in that namespace
		  exec client|host|upstream CMD    a command in that namespace
		  ctl ARGS           shuntctl on the lab's control socket
		  start dataplane|control          start a daemon that was stopped
		  stop dataplane|control [SIGNAL]  end a daemon (TERM), its folders stay

		Server N (11 to 19, at 10.54.0.N and fd54::N) answers every name with A 192.0.2.N,
		AAAA 2001:db8::N and TXT "upstream N"; below nx.lab. nothing exists. 168.63.129.16 answers
		as server 16.
	END
}

die() {
	echo "lab: $*" >&2
	exit 1
}

in_ns() {
	ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# Processes: a file a process, "pid starttime", so that a pid used again is never taken for ours.

start_time() {
	sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# A process is gone when its last thread is: a killed one is a zombie first, and its sockets and locks
# stay until all threads have ended.
is_gone() {
	grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || return 1
	[ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -le 1 ]
}

is_running() {
	[ -f "$LAB/pids/$1" ] || return 1
	read -r pid began <"$LAB/pids/$1"
	[ "$(start_time "$pid")" = "$began" ] && ! is_gone "$pid"
}

# spawn NAME NAMESPACE CMD...: in the background, in a session of its own, log kept.
spawn() {
	name=$1
	ns=$2
	shift 2
	setsid ip netns exec "$ns" "$@" </dev/null >>"$LAB/log/$name" 2>&1 &
	echo "$! $(start_time $!)" >"$LAB/pids/$name"
}

# halt NAME [SIGNAL]: end that process and wait until it is gone.
halt() {
	if is_running "$1"; then
		kill -s "${2:-TERM}" "$pid"
		tries=50
		while is_running "$1"; do
			tries=$((tries - 1))
			if [ $tries -eq 0 ]; then
				echo "lab: $1 (pid $pid) did not end within 5 s: killed" >&2
				kill -s KILL "$pid"
			fi
			sleep 0.1
		done
	fi
	rm -f "$LAB/pids/$1"
}

# Namespaces and wires.

# pair NS END PEER_END: a veth pair from NS to shunt-host. The peer's checksums are made in
# software, or local programs' UDP would arrive half-summed; GRO on the peer lets veth take XDP
# frames natively.
pair() {
	ip -n "$1" link add "$2" numrxqueues "$workers" numtxqueues "$workers" type veth \
		peer name "$3" netns shunt-host numrxqueues "$workers" numtxqueues "$workers"
	in_ns "$1" ethtool -K "$2" tx off gro on rxvlan off >/dev/null
	in_ns shunt-host ethtool -K "$3" rxvlan off >/dev/null
	# Over plain sockets it is the host's kernel that sums what tests then look at.
	[ "$port" != socket ] || in_ns shunt-host ethtool -K "$3" tx off >/dev/null
	ip -n "$1" link set "$2" up
	ip -n shunt-host link set "$3" up
}

make_namespaces() {
	for ns in $NAMESPACES; do
		ip netns add "$ns"
		in_ns "$ns" sysctl -q -w net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
			net.ipv6.conf.all.keep_addr_on_down=1
		ip -n "$ns" link set lo up
	done
	# The kernel keeps out of the range that shunt draws its source ports from.
	in_ns shunt-host sysctl -q -w net.ipv4.ip_local_port_range="61000 65535"
	in_ns shunt-host sysctl -q -w net.ipv4.ip_forward=0

	pair shunt-client c0 h0
	pair shunt-upstream u0 h1
	ip -n shunt-client addr add 10.53.0.1/16 dev c0
	ip -n shunt-client addr add fd53::1/64 dev c0 nodad
	ip -n shunt-client route add local 10.53.4.0/22 dev lo
	ip -n shunt-host addr add 10.53.0.2/16 dev h0
	ip -n shunt-host addr add fd53::2/64 dev h0 nodad
	ip -n shunt-host addr add 10.54.0.2/24 dev h1
	ip -n shunt-host addr add fd54::2/64 dev h1 nodad
	ip -n shunt-host route add 168.63.129.16/32 via 10.54.0.1 dev h1
	ip -n shunt-upstream addr add 10.54.0.1/24 dev u0
	ip -n shunt-upstream addr add fd54::1/64 dev u0 nodad
	ip -n shunt-upstream addr add 168.63.129.16/32 dev u0
	for n in $SERVERS; do
		ip -n shunt-upstream addr add "10.54.0.$n/24" dev u0
		ip -n shunt-upstream addr add "fd54::$n/64" dev u0 nodad
	done
}

# Name servers: one NSD a server, because each serves the root with its own data.

records() {
	printf '%s A 192.0.2.%s\n%s AAAA 2001:db8::%s\n%s TXT "upstream %s"\n' \
		"$1" "$2" "$1" "$2" "$1" "$2"
}

# nx.lab. exists, so the wildcard is not applied below it; lab. then exists too, and has its own.
write_zone() {
	printf '%s\n' "\$TTL 60"
	echo '. SOA nx.lab. hostmaster.lab. 1 3600 300 2419200 10'
	echo '. NS nx.lab.'
	for owner in . '*.' lab. '*.lab.' nx.lab.; do
		records "$owner" "$1"
	done
}

write_nsd_config() {
	cat <<-END
		server:
		  server-count: 1
		  ip-address: 10.54.0.$1
		  ip-address: fd54::$1
		  $([ "$1" != 16 ] || echo "ip-address: 168.63.129.16")
		  username: ""
		  database: ""
		  zonesdir: "$LAB/nsd"
		  pidfile: "$LAB/nsd/$1.pid"
		  zonelistfile: "$LAB/nsd/$1.list"
		  xfrdfile: "$LAB/nsd/$1.xfrd"
		  xfrdir: "$LAB/nsd"
		  receive-buffer-size: 4194304
		  send-buffer-size: 4194304
		  minimal-responses: yes
		  rrl-ratelimit: 0
		  rrl-whitelist-ratelimit: 0
		remote-control:
		  control-enable: no
		zone:
		  name: "."
		  zonefile: "$LAB/nsd/$1.zone"
	END
}

start_servers() {
	for n in $SERVERS; do
		write_zone "$n" >"$LAB/nsd/$n.zone"
		write_nsd_config "$n" >"$LAB/nsd/$n.conf"
		spawn "nsd-$n" shunt-upstream nsd -d -c "$LAB/nsd/$n.conf"
	done
	for n in $SERVERS; do
		wait_for "nsd-$n" "server $n to answer" \
			in_ns shunt-host dig +tries=1 +time=1 +short "@10.54.0.$n" ready.lab.
	done
}

PATIENCE=30 # seconds to wait for something that must come

# wait_for PROCESS WHAT CMD...: until CMD prints something, while PROCESS lives and patience lasts.
wait_for() {
	process=$1
	what=$2
	shift 2
	deadline=$(($(date +%s) + PATIENCE))
	until [ -n "$("$@" 2>/dev/null)" ]; do
		is_running "$process" ||
			fail "$process" "$process ended while the lab waited for $what"
		[ "$(date +%s)" -lt "$deadline" ] || fail "$process" "gave up waiting for $what"
		sleep 0.1
	done
}

# fail PROCESS MESSAGE: the last lines of that process's log, and of the daemons'.
fail() {
	echo "lab: $2" >&2
	for log in $(printf '%s\n' "$1" dataplane control | sort -u); do
		[ -s "$LAB/log/$log" ] || continue
		echo "--- the end of $log's log:" >&2
		tail -n 15 "$LAB/log/$log" >&2
	done
	exit 1
}

# The two daemons. What differs between ports is here and nowhere else.

port_arguments() {
	case $1 in
	xdp) echo "--port xdp:h0 --port xdp:h1" ;;
	dpdk)
		echo "--port dpdk:net_af_xdp0,iface=h0 --port dpdk:net_af_xdp1,iface=h1"
		;;
	socket) echo "--port socket:" ;;
	esac
}

eal_arguments() {
	case $1 in
	dpdk) echo "-- --no-huge --no-shconf -m 512 --no-pci --no-telemetry" ;;
	esac
}

load_settings() {
	[ -f "$LAB/settings" ] || die "the lab is not up: run './dev lab up' first"
	# shellcheck source=/dev/null
	. "$LAB/settings"
}

# new_lines PATTERN LOG FROM: lines of the log behind its first FROM bytes.
new_lines() {
	tail -c "+$(($3 + 1))" "$2" | grep "$1"
}

start_dataplane() {
	touch "$LAB/log/dataplane"
	logged=$(wc -c <"$LAB/log/dataplane")
	# shellcheck disable=SC2046 # lists of words
	spawn dataplane shunt-host "$DATAPLANE" $(port_arguments "$port") --workers "$workers" \
		--run-dir "$LAB/run" --state-dir "$LAB/state" $(eal_arguments "$port")
	wait_for dataplane "the dataplane to poll" new_lines polling "$LAB/log/dataplane" "$logged"
}

start_control() {
	spawn control shunt-host "$CONTROL" -c "$config" \
		--run-dir "$LAB/run" --state-dir "$LAB/state"
	wait_for control "control to answer" "$SHUNTCTL" -s "$LAB/run/control.sock" status
}

start_daemon() {
	is_running "$1" && die "$1 runs already (pid $pid)"
	case $1 in
	dataplane | control) "start_$1" ;;
	*) die "no daemon '$1': it is dataplane or control" ;;
	esac
}

# Any answer but silence; REFUSED counts, a config need not cover this name.
is_answering() {
	in_ns shunt-client dig +tries=1 +time=1 +noedns @10.53.0.2 ready.lab. | grep 'status:'
}

# Commands.

parse_up() {
	port=xdp
	config=$here/shunt.yaml
	workers=1
	while [ $# -gt 0 ]; do
		[ $# -ge 2 ] || die "up: $1 needs a value"
		case $1 in
		--port) port=$2 ;;
		--config) config=$2 ;;
		--workers) workers=$2 ;;
		*) die "up: no option '$1'; './dev lab help' lists them" ;;
		esac
		shift 2
	done
	case $port in
	xdp | dpdk | socket) ;;
	*) die "up: --port is xdp, dpdk or socket, not '$port'" ;;
	esac
	case $config in
	/*) ;;
	*) config=${SHUNT_CALLER:-$PWD}/$config ;;
	esac
	[ -r "$config" ] || die "up: cannot read the config $config"
}

is_up() {
	[ -e "$LAB" ] && return 0
	for ns in $NAMESPACES; do
		[ ! -e "/run/netns/$ns" ] || return 0
	done
	return 1
}

cmd_up() {
	parse_up "$@"
	! is_up || die "the lab is up already: './dev lab down' removes it"
	trap 'cmd_down' EXIT
	mkdir -p "$LAB/pids" "$LAB/log" "$LAB/run" "$LAB/nsd" "$LAB/state"
	printf "port='%s'\nconfig='%s'\nworkers='%s'\n" "$port" "$config" "$workers" \
		>"$LAB/settings"
	make_namespaces
	start_servers
	start_dataplane
	start_control
	wait_for dataplane "queries to be answered" is_answering
	trap - EXIT
	echo "lab: up, port $port, $workers worker(s), config $config"
}

cmd_down() {
	trap - EXIT
	for name in control dataplane; do
		halt "$name"
	done
	for n in $SERVERS; do
		halt "nsd-$n"
	done
	for ns in $NAMESPACES; do
		[ ! -e "/run/netns/$ns" ] || ip netns delete "$ns"
	done
	rm -rf "$LAB"
}

cmd_status() {
	if ! is_up; then
		echo "the lab is down"
		return
	fi
	load_settings
	echo "port $port, $workers worker(s), config $config, folders in $LAB"
	for ns in $NAMESPACES; do
		[ -e "/run/netns/$ns" ] && echo "$ns is there" || echo "$ns is missing"
	done
	for file in "$LAB"/pids/*; do
		name=$(basename "$file")
		is_running "$name" && echo "$name runs (pid $pid)" || echo "$name has ended"
	done
}

namespace() {
	case $1 in
	client | host | upstream) echo "shunt-$1" ;;
	*) die "no namespace '$1': it is client, host or upstream" ;;
	esac
}

cmd_sh() {
	[ $# -eq 1 ] || die "sh: say which namespace: client, host or upstream"
	load_settings
	ns=$(namespace "$1")
	exec ip netns exec "$ns" "${SHELL:-/bin/sh}"
}

cmd_exec() {
	[ $# -ge 2 ] || die "exec: say which namespace (client, host or upstream) and what to run"
	load_settings
	ns=$(namespace "$1")
	shift
	exec ip netns exec "$ns" "$@"
}

cmd_ctl() {
	load_settings
	exec "$SHUNTCTL" -s "$LAB/run/control.sock" "$@"
}

cmd_start() {
	load_settings
	start_daemon "${1:-}"
}

cmd_stop() {
	load_settings
	case ${1:-} in
	dataplane | control) halt "$@" ;;
	*) die "no daemon '${1:-}': it is dataplane or control" ;;
	esac
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
up | down | status | sh | exec | ctl | start | stop) "cmd_$command" "$@" ;;
help) usage ;;
*)
	echo "lab: no command '$command'" >&2
	usage >&2
	exit 2
	;;
esac
