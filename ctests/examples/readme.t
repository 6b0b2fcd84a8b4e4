#!/usr/bin/env bash
# The example in README.md, as it is printed there.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
awk '/^```/ { if (on) exit; on = /^```c$/; next } on' README.md >"$logs/readme.c"
check "README.md has an example (a block that starts with \`\`\`c)" test -s "$logs/readme.c"
check "it compiles" $CC -std=c11 $warnings $(pc cflags) "$logs/readme.c" -o "$logs/readme" $(pc libs)
check "it prints what README.md says" diff <(awk '/^It prints/ { on = 1; next } on && /^    / { sub(/^    /, ""); print; next } on && NF { exit }' README.md) \
	<(LD_LIBRARY_PATH="$lib" "$logs/readme")
check "it runs with the library that make leaves in build/" sh -c \
	"$CC -std=c11 -Iinclude '$logs/readme.c' -o '$logs/readme-build' -Lbuild -lgasp -Wl,-rpath,'$PWD/build' && '$logs/readme-build'"
done_testing
