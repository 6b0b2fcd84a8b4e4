#!/usr/bin/env bash
# symbols.t LIBRARY: the shared library exports the names in its symbols.txt, and no others.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/library.sh"

for name in $(comm -12 <(names) <(defined "$shared")); do ok "$name"; done
for name in $(comm -23 <(names) <(defined "$shared")); do
	echo "# Is it #[unsafe(no_mangle)] pub extern \"C\", in a module that $exports names?"
	not_ok "$name is in $symbols, but $soname does not export it"
done
for name in $(comm -13 <(names) <(defined "$shared")); do
	echo "# If it is meant for C: add it there and to $stub. If not: take its no_mangle away."
	not_ok "$name is exported by $soname, but not in $symbols"
done
check "lib$library.a has them all" test -z "$(comm -23 <(inside) <(archived "$lib/lib$library.a"))"
done_testing
