#!/usr/bin/env bash
# types.t LIBRARY: the types of its ABI, in three links: the headers are what cbindgen makes of the
# Rust sources (a Rust test), the compiler compares them with the stub, abidiff compares the stub with
# the library.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/library.sh"
made=$logs/stub-$library

stub() { $CC -std=c11 $warnings -g -fPIC -shared -Wl,-soname,"$soname" "$@" "$stub"; }

planted_width() {
	stub -DPLANT_WIDTH -o "$made-planted.so" || return
	abidiff "$made-planted.so" "$shared" >"$made-planted.txt" && return 1
	grep -q "$planted" "$made-planted.txt"
}

check "$stub agrees with the headers" stub -DWITH_HEADERS -I"$STAGE_PREFIX/include" -o "$made-headers.so"
check "$stub compiles alone" stub -o "$made.so"
check "$stub has the names of $symbols" diff <(names) <(defined "$made.so")
if ! have abidiff; then
	skip "stub and library have the same types" "abidiff is not installed"
elif [[ $(abidiff --version) != *" 2."[0-3].* ]]; then
	# Seen with 2.6: it reports C's and Rust's names of equal types as changes.
	skip "stub and library have the same types" "$(abidiff --version) is newer than 2.3, and takes names of types for changes"
else
	check "abidiff can tell the functions apart" test -z "$(nm -D --defined-only "$shared" | cut -d' ' -f1 | sort | uniq -d)"
	check "stub and library have the same types" abidiff "$made.so" "$shared"
	check "abidiff finds a planted change" planted_width
fi
done_testing
