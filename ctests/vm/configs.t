#!/usr/bin/env bash
# Configurations in the style of those that others publish: each is read to its end, and what is
# missing here is said.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
configs=ctests/vm/configs
script here 'read mem 0 1'

# arm NAME LINE:COLUMN SIGN: a configuration for an ARM guest is refused, and with nothing else.
arm() {
	gives "$1: for an ARM guest" 65 "gasp-vm: $configs/$1.conf:$2: expected a configuration for an x86 guest, found one for an ARM guest ($3): gasp-vm runs x86 guests only" "$configs/$1.conf"
	gives "$1: one error" 65 "gasp-vm: the configuration has 1 error" "$configs/$1.conf"
}

# missing NAME COUNT VDEV...: a configuration for x86 is refused for what is missing here.
missing() {
	local name=$1 count=$2 vdev
	shift 2
	for vdev; do
		gives "$name: no vdev $vdev" 65 "gasp-vm: $configs/$name.conf:*: vdev-$vdev.so cannot be loaded: *" "$configs/$name.conf"
	done
	gives "$name: $count errors" 65 "gasp-vm: the configuration has $count errors" "$configs/$name.conf"
}

arm arm-minimal 5:6 "vdev pl011"
arm arm-two-guests 7:6 "vdev pl011"
arm arm-linux 5:1 "fdt load"
arm arm-android 18:37 "intr gic:..."
arm arm-vendor 6:1 "fdt load"
arm arm-board 3:5 "set host-paddr-gicv"
arm arm-trace 4:6 "vdev pl011"
missing x86-generated 11 ioapic ser8250 timer8254 mc146818 shmem pckeyboard virtio-net virtio-blk 8259 hpet
missing x86-linux 7 ioapic timer8254 hpet ser8250 mc146818 virtio-console
missing x86-devices 3 pci-dummy
gives "x86-devices: PCI" 65 "gasp-vm: $configs/x86-devices.conf:6:6: 'pass loc pci:...' is refused: there is no PCI bus" "$configs/x86-devices.conf"
gives "x86-devices: an interrupt" 65 "gasp-vm: $configs/x86-devices.conf:7:42: 'pass intr' is refused: *" "$configs/x86-devices.conf"
gives "neutral: only the file is missing" 65 "gasp-vm: $configs/neutral.conf:9:11: expected a file that can be read (*): message.bin" "$configs/neutral.conf"
gives "memory: it runs" 0 "read mem 0x0 1: 0xb8" --trace "$work/here.trace" "$configs/memory.conf"
done_testing
