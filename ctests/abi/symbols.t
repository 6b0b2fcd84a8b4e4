#!/usr/bin/env bash
# libgasp.so exports the names in abi/symbols.txt, and no others.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
names() { grep -v '^#' abi/symbols.txt | sort; }
exported() { nm -D --defined-only "$shared" | awk '{ print $NF }' | sort; }

for name in $(comm -12 <(names) <(exported)); do ok "$name"; done
for name in $(comm -23 <(names) <(exported)); do
	echo "# Is it #[unsafe(no_mangle)] pub extern \"C\", in a module that src/capi/mod.rs names?"
	not_ok "$name is in abi/symbols.txt, but libgasp.so does not export it"
done
for name in $(comm -13 <(names) <(exported)); do
	echo "# If it is meant for C: add it there and to abi/stub.c. If not: take its no_mangle away."
	not_ok "$name is exported by libgasp.so, but not in abi/symbols.txt"
done
done_testing
