#!/usr/bin/env bash
# soname.t LIBRARY: the SONAME, and the libraries that the shared and the static library need.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/library.sh"

# What rustc says that the static library needs (any profile: it follows from the crates).
native_libraries() {
	$CARGO rustc -q --locked $crate --crate-type staticlib -- --print native-static-libs 2>&1 |
		sed -n 's/^note: native-static-libs: //p'
}

check "SONAME" grep -qF "soname: [$soname]" <(readelf -d "$shared")
check "needs nothing but libc, libgcc and the library below" \
	test -z "$(readelf -d "$shared" | grep NEEDED | grep -Ev "\[($others)")"
check "$library.pc names the libraries of the static library" \
	diff <(sed -n 's/^Libs.private: //p' "$lib/pkgconfig/$library.pc") <(native_libraries)
done_testing
