#!/usr/bin/env bash
# A kernel of Linux as Debian builds it (known is 6.1), with an initial RAM disk that is made here.
# KVM without hardware virtualisation runs it up to the first line that it prints.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
kernel=$PWD/build/linux/vmlinuz
[ -e "$kernel" ] || skip_all "there is no kernel of Debian's in build/linux (make deps)"
config probe "ram 64k load 0x7c00,$built/triple.bin gasp-start long,0x7c00,0x1000"
no_kvm=$("$vm" "$work/probe.conf" 2>&1 | sed -n '/\/dev\/kvm/s/^gasp-vm: //p')
[ -z "$no_kvm" ] || skip_all "$no_kvm"

# entry NAME MODE FILE: a file of an archive in the format newc, or its end.
entry() {
	local size=0
	[ -z "$3" ] || size=$(stat -c %s "$3")
	printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
		0 "$2" 0 0 1 0 "$size" 0 0 0 0 $((${#1} + 1)) 0
	printf '%s\0' "$1" && head -c $(((4 - (110 + ${#1} + 1) % 4) % 4)) /dev/zero
	[ -z "$3" ] || { cat "$3" && head -c $(((4 - size % 4) % 4)) /dev/zero; }
}

# prints NAME LINE: the kernel prints a line with this text.
prints() { check "$1" grep -qF "$2" "$work/linux.out"; }

check "build init" eval "$CC -Ivm/guests -c ctests/vm/images/init.S -o '$work/init.o' && ld -o '$work/init' '$work/init.o'"
{ entry init $((0100755)) "$work/init" && entry 'TRAILER!!!' 0 ""; } >"$work/disk"
last="KASLR disabled: 'nokaslr' on cmdline."
hardware=$(grep -cwE 'svm|vmx' /proc/cpuinfo)
[ "$hardware" = 0 ] || last="init: the first process runs"

config linux "ram 0,640k rom 0xe0000,128k ram 1m,255m reserve loc 0x8000000,1m load $kernel initrd load $work/disk
	cmdline \"console=ttyS0 earlyprintk=serial,ttyS0,115200,keep nokaslr\" vdev serial loc io:0x3f8"
"$vm" "$work/linux.conf" >"$work/linux.out" 2>&1 &
pid=$!
for _ in {1..6}; do await grep -qF "$last" "$work/linux.out" && break; done
kill -TERM $pid 2>/dev/null
ends
prints "the kernel reads its command line, and prints to ttyS0" "KASLR disabled: 'nokaslr' on cmdline."
if [ "$hardware" = 0 ]; then
	skip "the kernel starts its first process" "KVM has no hardware here, and the kernel ends in its decompressor"
else
	prints "the map of memory: RAM" "BIOS-e820: [mem 0x0000000000100000-0x0000000007ffffff] usable"
	prints "the map of memory: what is reserved" "BIOS-e820: [mem 0x0000000008000000-0x00000000080fffff] reserved"
	prints "the map of memory: ROM" "BIOS-e820: [mem 0x00000000000e0000-0x00000000000fffff] reserved"
	prints "ACPI tables" "ACPI: RSDP 0x00000000000E0000"
	prints "the ACPI interpreter" "ACPI: Interpreter enabled"
	prints "the kernel starts its first process" "init: the first process runs"
fi
done_testing
