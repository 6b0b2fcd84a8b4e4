#!/usr/bin/env bash
# layouts.c, which asserts every size, offset and value while it is compiled, in C and C++. Those of
# the vdev interface are in ctests/vdev/facts, which facts.t compiles.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
source=ctests/abi/layouts.c

for name in $(cat include/*/*.h | grep -oE '^ *#define [A-Z]\w+|^    [A-Z]\w+ =' | grep -oE '[A-Z]\w+' | grep -v '^LIBGASP_'); do
	check "the value of $name is asserted" grep -qw "$name" $source ctests/vdev/facts/*.c
done
while read -r compiler language standards; do
	have "$compiler" || { skip "layouts with $compiler" "$compiler is not installed" && continue; }
	for standard in $standards; do
		check "$compiler $standard" "$compiler" -x "$language" -std="$standard" $warnings \
			-fsyntax-only -I"$STAGE_PREFIX/include" $source
	done
done <<-end
	gcc c c11 c17
	clang c c11 c17
	g++ c++ c++11 c++20
	clang++ c++ c++11 c++20
end
done_testing
