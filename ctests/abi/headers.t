#!/usr/bin/env bash
# headers.t: each header compiles alone, twice, and before and after each other one; with gcc as
# C11, all of them in every order.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
all=(qvm/types.h qvm/guest.h qvm/vdev-core.h qvm/gasp.h qvm/log.h gasp/host.h)

in_order() { # LANGUAGE COMPILER STANDARD HEADER...
	local language=$1 compiler=$2 standard=$3
	wanted "${*:2}" || return
	shift 3
	check "$compiler $standard $*" "$compiler" -x "$language" -std="$standard" $warnings \
		-fsyntax-only -I"$STAGE_PREFIX/include" - < <(printf '#include <%s>\n' "$@")
}

matrix() { # LANGUAGE COMPILER STANDARD...
	local language=$1 compiler=$2 standard a b
	have "$compiler" || { skip "headers with $compiler" "$compiler is not installed" && return; }
	for standard in "${@:3}"; do
		for a in "${all[@]}"; do
			in_order "$language" "$compiler" "$standard" "$a"
			for b in "${all[@]}"; do in_order "$language" "$compiler" "$standard" "$a" "$b"; done
		done
	done
}

# every_order "HEADER..." HEADER...: with the first ones as they are, the others in every order.
every_order() {
	local first=$1 at
	shift
	[ $# -gt 1 ] || in_order c gcc c11 $first "$1"
	[ $# = 1 ] || for ((at = 1; at <= $#; at++)); do
		every_order "$first ${!at}" "${@:1:at-1}" "${@:at+1}"
	done
}

check "all headers are known here" test "$(find include -name '*.h' | wc -l)" = ${#all[@]}
matrix c gcc c99 c11 c17
! have gcc || every_order "" "${all[@]}"
matrix c clang c99 c11 c17
matrix c++ g++ c++11 c++20
matrix c++ clang++ c++11 c++20
done_testing
