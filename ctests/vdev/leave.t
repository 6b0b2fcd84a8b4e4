#!/usr/bin/env bash
# A host whose `fatal` ends its thread: a vCPU's, one of a vdev's, and those of timers and of pulses.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
dir=$logs/vdev-leave
mkdir -p "$dir"
compile() { $CC -std=c11 $warnings -O1 -g -pthread -I"$STAGE_PREFIX/include" "$@"; }

check "the vdev compiles" compile -shared -fPIC ctests/vdev/leave/vdev-leave.c -o "$dir/vdev-leave.so"
check "the host compiles" compile ctests/vdev/leave/host.c -o "$dir/host" -L"$lib" -lgasp-vdev -lgasp \
	-Wl,-rpath,"$lib"
for where in access thread timer pulse; do
	check "fatal ends the thread: $where" timeout 60 "$dir/host" "$dir" $where
done
done_testing
