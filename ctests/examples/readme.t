#!/usr/bin/env bash
# The example in README.md, as it is printed there.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
awk '/^```/ { if (on) exit; on = /^```c$/; next } on' README.md >"$logs/readme.c"
check "README.md has an example (a block that starts with \`\`\`c)" test -s "$logs/readme.c"
check "it compiles" $CC -std=c11 $warnings $(pc cflags) "$logs/readme.c" -o "$logs/readme" $(pc libs)
check "it runs" env LD_LIBRARY_PATH="$lib" "$logs/readme"
done_testing
