#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench diff BEFORE [AFTER]: what changed between two files of rows; files are named as seen by the caller.

set -eu
cd "$(dirname "$0")/.."
root=$PWD
cd "$SHUNT_CALLER"
exec /usr/bin/python3 -B "$root/bench/report.py" diff "$@"
