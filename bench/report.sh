#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench report [--write]: the rows of build/bench/*.json as tables, also into docs/performance.md.

set -eu
cd "$(dirname "$0")/.."
exec /usr/bin/python3 -B bench/report.py report "$@"
