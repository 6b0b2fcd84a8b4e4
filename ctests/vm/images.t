#!/usr/bin/env bash
# Images of each kind, built here, which tell what they are given when they start.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"

# linux NAME XLOADFLAGS: a kernel whose code is at 0x200000.
linux() {
	check "build $1" eval "$CC -m64 -DXLOADFLAGS=$2 -Ivm/guests -c ctests/vm/images/linux.S -o '$work/$1.o' &&
		ld -m elf_x86_64 -Ttext=0x1ffc00 -o '$work/$1.elf' '$work/$1.o' && objcopy -O binary '$work/$1.elf' '$work/$1'"
}

# elf NAME BITS WORD...: an ELF image of this class.
elf() {
	local format=elf_i386
	[ "$2" = 32 ] || format=elf_x86_64
	check "build $1" eval "$CC -m$2 ${*:3} -Ivm/guests -c ctests/vm/images/elf.S -o '$work/$1.o' &&
		ld -m $format -Ttext-segment=0x100000 -o '$work/$1' '$work/$1.o'"
}

# image NAME LINE STATEMENTS: gives, for a guest that ends by itself, where KVM works.
image() {
	config image "$3 vdev serial loc io:0x3f8"
	if [ -n "$no_kvm" ]; then skip "$1" "$no_kvm"; else gives "$1" 0 "$2" "$work/image.conf"; fi
}

linux linux32 0
linux linux64 1
elf pvh 64 -DPVH
elf pvh32 32 -DPVH
elf multiboot 32 -DMULTIBOOT
elf multiboot64 64 -DMULTIBOOT
elf addresses 32 -DADDRESSES
elf flat 32
objcopy -O binary "$work/addresses" "$work/plain"
printf disk >"$work/disk"
printf more >"$work/more"
config probe "ram 64k load 0x7c00,$built/triple.bin gasp-start long,0x7c00,0x1000"
no_kvm=$("$vm" "$work/probe.conf" 2>&1 | sed -n '/\/dev\/kvm/s/^gasp-vm: //p')

low="ram 0,640k rom 0xe0000,128k ram 1m,15m reserve loc 0xf00000,1m"
told="cmdline \"a b\" initrd load $work/disk"
image "Linux, 32 bits" "linux: cs 10, ds 18, ss 18; cmdline: a b; initrd: disk; at 0x00; RSD PTR; e820: 01 02 01 02" \
	"$low load $work/linux32 $told"
image "Linux, 64 bits" "linux: cs 10, ds 18, ss 18; cmdline: a b; initrd: disk; at 0x00; RSD PTR; e820: 01 02 01 02" \
	"$low load $work/linux64 $told"
image "Linux: the initial RAM disk is as high as the kernel allows" \
	"linux: *; initrd: disk; at 0x7f; *" "$low ram 2032m,32m load $work/linux64 $told"
image "Linux: an initial RAM disk before the kernel" "linux: *; initrd: disk; *" "$low $told load $work/linux64"
image "Linux: ADDRESS of an initial RAM disk" "linux: *; initrd: disk; *" \
	"$low load $work/linux64 cmdline x initrd load 0x800123,$work/disk"
image "Linux: tables in RAM" "linux: *; RSD PTR; e820: 01 03 01" "ram 0,15m load $work/linux64 $told"
image "Linux: tables at the end of RAM" "linux: *; RSD PTR; e820: 01 01 03 01" "ram 0,640k ram 1m,15m load $work/linux64 $told"
image "Linux: several vCPUs" "linux: *" "cpu cpu $low load $work/linux64 $told"
image "Linux: several vCPUs, a note" "*image.conf:1:*: only vCPU 0 starts: *" "cpu cpu $low load $work/linux64 $told"
image "PVH" "elf: cs 10, ds 18, ss 18; magic; cmdline: a b; modules: 01 disk; RSD PTR; map: 01 02 01 02; zeros: 00" \
	"$low load $work/pvh $told"
image "PVH, 32-bit file" "elf: cs 10, *; magic; cmdline: a b; modules: 01 disk; *" "$low load $work/pvh32 $told"
for each in multiboot multiboot64 addresses plain; do
	image "multiboot: $each" \
		"elf: cs 10, ds 18, ss 18; magic; cmdline: a b; modules: 02 disk, more; MiB: 0e; map: 01 02 01 02; zeros: 00" \
		"$low load $work/$each $told initrd load $work/more"
done
image "ELF without a header" "elf: cs 08, ds 10, ss 10; zeros: 00" "$low load $work/flat"
image "a cmdline for nobody" "*image.conf:1:*: 'cmdline' has no effect: *" "$low load $work/flat cmdline x"
done_testing
