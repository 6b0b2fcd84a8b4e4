#!/usr/bin/env bash
# The SONAME, and the system libraries that libgasp.so and libgasp.a need.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"

# What rustc says that libgasp.a needs (any profile: it follows from the crates).
native_libraries() {
	$CARGO rustc -q --locked --lib --crate-type staticlib -- --print native-static-libs 2>&1 |
		sed -n 's/^note: native-static-libs: //p'
}

check "SONAME" grep -qF "soname: [$SONAME]" <(readelf -d "$shared")
check "needs nothing but libc and libgcc" \
	test -z "$(readelf -d "$shared" | grep NEEDED | grep -Ev '\[(libc\.so|libgcc_s\.so|ld-linux)')"
check "gasp.pc names the libraries of the static library" \
	diff <(sed -n 's/^Libs.private: //p' "$lib/pkgconfig/gasp.pc") <(native_libraries)
done_testing
