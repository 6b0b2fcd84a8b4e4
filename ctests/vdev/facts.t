#!/usr/bin/env bash
# facts/*.c, which assert the prototypes, types, values and offsets that QNX's pages state while they
# are compiled; so a deviation does not compile.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
compile() { "$@" $warnings -fsyntax-only -I"$STAGE_PREFIX/include"; }

while read -r compiler language standard; do
	have "$compiler" || { skip "facts with $compiler" "$compiler is not installed" && continue; }
	for source in ctests/vdev/facts/*.c; do
		check "$source: $compiler $standard" compile "$compiler" -x "$language" -std="$standard" "$source"
	done
done <<-end
	gcc c c11
	clang c c11
	g++ c++ c++17
	clang++ c++ c++17
end
done_testing
