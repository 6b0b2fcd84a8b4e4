#!/usr/bin/env bash
# The demos: `make run` (a guest where KVM works, else a script; both find the same), `make layout`.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
check "make run" make --no-print-directory run
hidden="make run, where KVM does not work: the reason, and the script"
if unshare -m mount --bind /dev/null /dev/kvm 2>/dev/null; then
	out=$(unshare -m sh -c 'mount --bind /dev/null /dev/kvm && make --no-print-directory run' 2>&1)
	check "$hidden" test "$(grep -cE '^gasp-vm: /dev/kvm is not KVM|^demo: done' <<<"$out")" = 2
else
	skip "$hidden" "there is no /dev/kvm, or no mount namespace can be made here"
fi
out=$logs/run.txt
build/vm/gasp-vm --map vm/examples/demo.conf >"$out" 2>&1
check "the guest comes to its end" grep -qx 'demo: done' "$out"
check "the map before has 8 rows" test "$(sed '/^demo: /,$d' "$out" | grep -cE '^    (0x|io )')" = 8
check "watched pages trap afterwards" grep -q '^  + 0x00022000.*VIRT_WR.*vdev dirty' "$out"
check "hits are counted" grep -q '^    vdev watchdog, cookie 0 .* 0 .* 5 ' "$out"
check "make layout" make --no-print-directory layout
out=$logs/layout.txt
build/pc_layout build/vdev_window.so >"$out"
check "the map before has 9 rows" test "$(grep -c '^    0x' "$out")" -ge 9
check "the plugin's window traps" grep -q '^  + .*VIRT_RD|VIRT_WR' "$out"
check "the refusal is explained" grep -q 'overlaps' "$out"
done_testing
