#!/usr/bin/env bash
# examples/vdev_host.c, built with the command that it prints, and with those of docs/vdev-host.md.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/printed.sh"
cp examples/vdev_host.c "$work"
command=$(sed -n 's/^ \*   cc /cc /p' examples/vdev_host.c)

check "it says how it is built" test -n "$command"
check "it compiles without a warning" $CC -std=c11 $warnings $(pc cflags) -c examples/vdev_host.c -o "$work/vdev_host.o"
check "the command builds it" printed "$command"
check "it runs" printed './vdev_host >out 2>&1'
check "the vdev logs the write" grep -qx '  trace: set to 1000' "$work/out"
check "the vdev logs the read" grep -qx '  trace: read 1[0-9]*' "$work/out"
check "the counter is read" grep -qx 'the counter was set to 1000, and is 1[0-9]*' "$work/out"
check "it says nothing else" test "$(wc -l <"$work/out")" = 3

# The shared way, then the static one.
while read -r command; do
	check "built by $command" printed "rm vdev_host; $command"
	check "it runs" printed "LD_LIBRARY_PATH=$lib:$lib/gasp/vdevs ./vdev_host >out"
	check "the counter is read" grep -qx 'the counter was set to 1000, and is 1[0-9]*' "$work/out"
done < <(sed -n '/^    cc /{ s/^ *//; s/host\.c -o host/vdev_host.c -o vdev_host/; p }' docs/vdev-host.md)
check "docs/vdev-host.md has two ways to link" test $checks = 14
done_testing
