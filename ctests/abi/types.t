#!/usr/bin/env bash
# The types of the ABI, in three links: the headers are what cbindgen makes of the Rust sources (a
# Rust test), the compiler compares them with the stub, abidiff compares the stub with the library.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"

stub() { $CC -std=c11 $warnings -g -fPIC -shared -Wl,-soname,"$SONAME" "$@" abi/stub.c; }

planted_width() {
	stub -DPLANT_WIDTH -o "$logs/stub-planted.so" || return
	abidiff "$logs/stub-planted.so" "$shared" >"$logs/planted.txt" && return 1
	grep -q gram_reserve "$logs/planted.txt"
}

check "abi/stub.c agrees with the headers" \
	stub -DWITH_HEADERS -I"$STAGE_PREFIX/include" -o "$logs/stub-headers.so"
check "abi/stub.c compiles alone" stub -o "$logs/stub.so"
check "abi/stub.c has the names of abi/symbols.txt" diff <(grep -v '^#' abi/symbols.txt) \
	<(nm -D --defined-only "$logs/stub.so" | awk '$2 == "T" { print $3 }' | sort)
if ! have abidiff; then
	skip "stub and library have the same types" "abidiff is not installed"
elif [[ $(abidiff --version) != *" 2."[0-3].* ]]; then
	# Seen with 2.6: it reports C's and Rust's names of equal types as changes.
	skip "stub and library have the same types" "$(abidiff --version) is newer than 2.3, and takes names of types for changes"
else
	check "abidiff can tell the functions apart" test -z "$(nm -D --defined-only "$shared" | cut -d' ' -f1 | sort | uniq -d)"
	check "stub and library have the same types" abidiff "$logs/stub.so" "$shared"
	check "abidiff finds a planted change" planted_width
fi
done_testing
