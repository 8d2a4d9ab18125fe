#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every check of ./dev lint, one after the other; each says file:line and what to do.

set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0

check() {
	what=$1
	shift
	if "$@"; then
		echo "ok     $what"
	else
		echo "NOT OK $what"
		bad=$((bad + 1))
	fi
}

c_files() {
	find core dataplane control ctl bpf bench tests -name '*.[ch]'
}

format() {
	c_files | xargs clang-format-14 --dry-run -Werror || {
		echo "./dev fmt puts this right"
		return 1
	}
}

scripts() {
	find bench tests -name '*.sh' -exec shellcheck {} + && shellcheck dev .ci/run
}

check "formatting (clang-format 14)" format
check "includes, licence lines, length of functions" tests/lint/source.py
check "the hot path calls nothing outside itself" tests/lint/symbols.py
check "the drawing in docs/architecture.md is that of path.h" tests/lint/drawing.py
check "shell scripts (shellcheck)" scripts

[ $bad -eq 0 ] || echo "lint: $bad check(s) failed"
[ $bad -eq 0 ]
