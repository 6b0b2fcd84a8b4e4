#!/usr/bin/env bash
# headers.t: each header compiles alone, twice, and before and after each other one (in the first of
# the standards; that does not depend on them).
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
all=(qvm/types.h qvm/abi.h qvm/guest.h qvm/vdev-core.h qvm/outpipe.h qvm/utils.h qvm/cdev.h qvm/wdog.h
	qvm/vio.h qvm/vpci.h qvm/gasp.h gasp/host.h gasp/vdev-host.h)
# Only says that it is of another version.
not_here=(qvm/log.h)

source_of() { printf '#include <%s>\n' "$@" && echo 'extern int a_file_is_not_empty;'; }

in_order() { # LANGUAGE COMPILER STANDARD HEADER...
	local language=$1 compiler=$2 standard=$3 posix=
	wanted "${*:2}" || return
	shift 3
	case "$*" in *qvm/cdev.h*) posix=-D_POSIX_C_SOURCE=200809L ;; esac
	check "$compiler $standard $*" "$compiler" -x "$language" -std="$standard" $warnings $posix \
		-fsyntax-only -I"$STAGE_PREFIX/include" - < <(source_of "$@")
}

matrix() { # LANGUAGE COMPILER STANDARD...
	local language=$1 compiler=$2 standard a b
	have "$compiler" || { skip "headers with $compiler" "$compiler is not installed" && return; }
	for standard in "${@:3}"; do
		for a in "${all[@]}"; do
			in_order "$language" "$compiler" "$standard" "$a"
			[ "$standard" = "$3" ] || continue
			for b in "${all[@]}"; do in_order "$language" "$compiler" "$standard" "$a" "$b"; done
		done
	done
}

# says SENTENCE COMPILER... HEADER: it does not compile, and the first error has these words.
says() {
	local sentence=$1 header=${!#} out
	out=$(source_of "$header" | "${@:2:$#-2}" -x c -fsyntax-only -I"$STAGE_PREFIX/include" - 2>&1) && return 1
	grep -m1 -F error: <<<"$out" | grep -qF "$sentence"
}

check "all headers are known here" test "$(find include -name '*.h' | wc -l)" = $((${#all[@]} + ${#not_here[@]}))
matrix c gcc c99 c11 c17
matrix c clang c99 c11 c17
matrix c++ g++ c++11 c++20
matrix c++ clang++ c++11 c++20
for header in "${not_here[@]}"; do check "$header says that it is not of 7.1" says "7.1 only" $CC -std=c11 $header; done
check "qvm/cdev.h says that it needs POSIX" says "_POSIX_C_SOURCE" $CC -std=c11 qvm/cdev.h
done_testing
