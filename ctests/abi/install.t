#!/usr/bin/env bash
# `make install` installs into the given directories, gasp.pc names them, and uninstall leaves nothing.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
dest=$logs/dest pc=$logs/dest/opt/g/lib/multi/pkgconfig/gasp.pc
where="DESTDIR=$dest PREFIX=/opt/g LIBDIR=/opt/g/lib/multi INCLUDEDIR=/opt/g/include/deep"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

expected_files() {
	{
		printf 'lib/multi/%s\n' libgasp.a libgasp.so "$SONAME" "libgasp.so.$version" pkgconfig/gasp.pc
		(cd include && find . -name '*.h') | sed 's|^\.|include/deep|'
	} | sort
}

rm -rf "$dest"
check "make install" make --no-print-directory install $where
check "the installed files" diff <(expected_files) \
	<(cd "$dest/opt/g" && find . ! -type d | sed 's|^\./||' | sort)
check "libgasp.so leads to libgasp.so.$version" test -f "$dest/opt/g/lib/multi/libgasp.so"
check "gasp.pc has the version" grep -qx "Version: $version" "$pc"
check "gasp.pc has the directories" test "$(grep -c -x -e 'prefix=/opt/g' \
	-e 'libdir=${prefix}/lib/multi' -e 'includedir=${prefix}/include/deep' "$pc")" = 3
check "make uninstall" make --no-print-directory uninstall $where
check "nothing is left" test -z "$(find "$dest" ! -type d)"
done_testing
