#!/usr/bin/env bash
# `make install` installs into the given directories, the .pc files name them, and uninstall leaves nothing.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
dest=$logs/dest pcs=$logs/dest/opt/g/lib/multi/pkgconfig
where="DESTDIR=$dest PREFIX=/opt/g BINDIR=/opt/g/bin LIBDIR=/opt/g/lib/multi INCLUDEDIR=/opt/g/include/deep"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

expected_files() {
	{
		echo bin/gasp-vm
		for name in libgasp libgasp-vdev; do
			printf 'lib/multi/%s\n' "$name.a" "$name.so" "$name.so.$version"
		done
		printf 'lib/multi/%s\n' "$SONAME" "$VDEV_SONAME" pkgconfig/gasp.pc pkgconfig/gasp-vdev.pc
		(cd vdevs && printf 'lib/multi/gasp/vdevs/%s\n' *.c | sed 's/c$/so/')
		(cd include && find . -name '*.h') | sed 's|^\.|include/deep|'
	} | sort
}

rm -rf "$dest"
check "make install" make --no-print-directory install $where
check "the installed files" diff <(expected_files) \
	<(cd "$dest/opt/g" && find . ! -type d | sed 's|^\./||' | sort)
check "libgasp.so leads to libgasp.so.$version" test -f "$dest/opt/g/lib/multi/libgasp.so"
for pc in gasp.pc gasp-vdev.pc; do
	check "$pc has the version" grep -qx "Version: $version" "$pcs/$pc"
	check "$pc has the directories" test "$(grep -c -x -e 'prefix=/opt/g' \
		-e 'libdir=${prefix}/lib/multi' -e 'includedir=${prefix}/include/deep' "$pcs/$pc")" = 3
done
moved=$logs/moved && rm -rf "$moved" && cp -r "$dest/opt/g" "$moved" && mv "$moved/lib/multi" "$moved/multi" &&
	rmdir "$moved/lib" && mv "$moved/multi" "$moved/lib"
check "gasp-vm runs where its prefix is moved to, and finds vdevs there" env -u LD_LIBRARY_PATH \
	"$moved/bin/gasp-vm" --no-kvm vm/examples/demo.conf
check "make uninstall" make --no-print-directory uninstall $where
check "nothing is left" test -z "$(find "$dest" ! -type d)"
done_testing
