#!/usr/bin/env bash
# Configurations with errors: each is refused, with the place and the reason.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs missing old probe silent

# wrong POSITION MESSAGE TEXT: the refusal of a configuration, word for word.
wrong() {
	config wrong "$3"
	script wrong ''
	gives "refused: $3" 65 "gasp-vm: $work/wrong.conf:$1: $2" --no-kvm "$work/wrong.conf"
}

hexadecimal='hexadecimal, as 0xa0000 and a0000, or decimal, as 0d4096 and 4k'
wrong 1:1 "expected an option, found 'memory'" 'memory 1m'
wrong 2:5 "expected a length (a number such as 4096, 0x1000 or 4k), found '1q'" '# RAM\nram 1q'
wrong 1:7 'expected a length below 2^64, found *' 'ram 0,0x10000000000000000'
wrong 1:4 'expected [[]START,[]]LENGTH, found the end of the file' 'ram # how much?'
wrong 1:7 'expected a length above 0, found *' 'ram 0,0'
wrong 1:5 "expected mem:ADDRESS, ADDRESS or io:PORT ($hexadecimal), found 'x'" 'ram x,4k'
wrong 1:24 "expected a length that does not go past 2^64 (the end of memory), found '8k'" 'ram 0xfffffffffffff000,8k'
wrong 1:5 'expected START and LENGTH to be multiples of 4096' 'ram 100,1m'
wrong 2:5 'expected a range that can be memory: *overlaps*' 'ram 0,1m\nram 0x80000,1m'
wrong 1:6 'expected a file that can be read (No such file or directory (os error 2)): none.bin' 'load 0,none.bin'
wrong 2:6 "expected no ADDRESS: this image says itself where it goes: $built/hang.elf" "ram 64k\nload 0,$built/hang.elf"
wrong 2:6 "expected ram or rom for 4096 bytes at 0x1000: *" "ram 0,4k\nload 0x1000,$built/firmware.bin"
wrong 1:8 "expected another '\"' after this one, found the end of the file" 'load 0,"none'
wrong 1:9 "expected an option of 'reserve' or of the guest, found '0xa0000,64k'" 'reserve 0xa0000,64k'
wrong 1:22 "expected +, - or one of rwxcemdnst, found 'q'" 'pass loc 0x1000,0x10,q'
wrong 1:12 "expected reset, SEGMENT:OFFSET, flat,ENTRY or long,ENTRY,TABLES, found 'now'" 'gasp-start now'
wrong 1:5 "'cpu start' is refused: it is \`gasp-start STATE\` now" 'cpu start reset'
wrong 2:1 "expected 'system' before everything else, found 'system'" 'system a\nsystem b'
wrong 1:23 "expected abort, fail or ignore, found 'panic'" 'unsupported reference panic'
wrong 1:6 "expected NAME, as in vdev-NAME.so, found 'a/b'" 'vdev a/b'
wrong 1:17 "vdev serial cannot have this loc: expected mem:ADDRESS or io:PORT (there is no PCI bus here), found 'pci:0:1.0'" 'vdev serial loc pci:0:1.0'
wrong 1:20 "expected a port up to 0xffff, found '0x10000'" 'vdev serial loc io:0x10000'
wrong 1:17 'vdev serial cannot be in memory' 'vdev serial loc mem:0x1000'
wrong 1:6 'vdev-absent.so cannot be loaded: *; the vdevs here are dirty, missing, old, probe, serial, silent, trace, watchdog' 'vdev absent'
wrong 1:6 'vdev-missing.so needs vpci_ctrl_pci_bars, which libgasp-vdev does not have *' 'vdev missing'
wrong 1:6 'vdev-old.so cannot be used: it is for version 2019090400 of the interface, not 2019090401*' 'vdev old'
wrong 1:6 'vdev-silent.so cannot be used: it registered no factory *' 'vdev silent'
wrong 1:12 'vdev probe refused refuse: *' 'vdev probe refuse'
wrong 1:12 "expected an option of vdev probe (*) or of the guest, found 'refuze'; did you mean 'refuse'?" 'vdev probe refuze'
wrong '*' 'expected an interrupt controller (apic), found *' 'vdev probe intr pic:4'
printf 'ram 1m\nr\xff' >"$work/binary.conf"
gives "refused: a file that is not text" 65 "gasp-vm: $work/binary.conf:2:2: expected text in UTF-8" "$work/binary.conf"
config huge 'ram 4096g'
script huge 'wait 1'
gives "more memory than the host has: a warning" 0 \
	"gasp-vm: warning: the guest has 4194304 MiB of memory, more than the host (*" --no-kvm "$work/huge.conf"

# All errors of a file, each with its line and a mark.
config many 'ram 1q\nlod 0,x\n\tpass loc 0,4k,q'
gives "all errors: the first" 65 "gasp-vm: $work/many.conf:1:5: expected a length *" "$work/many.conf"
gives "all errors: the second" 65 "gasp-vm: $work/many.conf:2:1: expected an option, found 'lod'; did you mean 'load'?" "$work/many.conf"
gives "all errors: a line with its mark" 65 $'    \t              ^' "$work/many.conf"
gives "all errors: how many" 65 "gasp-vm: the configuration has 3 errors" "$work/many.conf"
done_testing
