#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ./dev bench path --port memory: a worker alone, its frames in arrays.

set -eu
cd "$(dirname "$0")/../.."

ninja -C build/bench bench/memory bench/memory-profile bench/queries
exec /usr/bin/python3 -B bench/path/memory.py "$@"
