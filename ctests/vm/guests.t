#!/usr/bin/env bash
# The example guests, with KVM where it works.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs probe stuck

# guest NAME CODE LINE ARGUMENT...: gives, where KVM works.
guest() {
	if [ -n "$no_kvm" ]; then skip "$1" "$no_kvm"; else gives "$@"; fi
}

# spinning NAME CODE STATEMENTS SIGNAL...: the exit code of a guest whose vCPU never leaves it by
# itself, and that gets these signals, a second after each other.
spinning() {
	local name=$1 code=$2 pid ended=0
	wanted "$name" || return 0
	[ -z "$no_kvm" ] || { skip "$name" "$no_kvm" && return; }
	config spinning "ram 64k load 0x7c00,$built/hang.bin gasp-start 0:0x7c00 $3"
	shift 3
	: >"$work/spinning.out"
	"$vm" --map --vdev-path "$work" "$work/spinning.conf" >"$work/spinning.out" 2>&1 &
	pid=$!
	await grep -q "The map before" "$work/spinning.out"
	for signal; do
		kill -"$signal" $pid 2>/dev/null
		[ $# = 1 ] || sleep 1.2
	done
	ends || ended=$?
	check "$name" test $ended = "$code"
}

# policy WORD CODE LINE: gives, for a guest that makes an unsupported read.
policy() {
	sed "s|reference fail|reference $1|" "$examples/fault.conf" >"$work/policy.conf"
	guest "fault, $1" "$2" "$3" "$work/policy.conf"
}

config probe "ram 64k load 0x7c00,$built/triple.bin gasp-start long,0x7c00,0x1000"
no_kvm=$("$vm" "$work/probe.conf" 2>&1 | sed -n '/\/dev\/kvm/s/^gasp-vm: //p')
guest "triple fault" 96 "*triple fault*" "$work/probe.conf"
guest "triple fault, where" 96 "@(  at guest address 0x7c0*: region 0x0 to 0xffff, flags *, bytes *|*KVM has reset the registers*)" "$work/probe.conf"
guest "triple fault, with --map" 96 "the guest has ended with exit code 96. The map now *" --map "$work/probe.conf"
guest "demo" 0 "demo: pages that the tracker has seen me write: 3, at 21000 24000 2f000" "$examples/demo.conf"
guest "demo, woken twice" 0 "demo: woken by the watchdog, and fed it: 2" "$examples/demo.conf"
guest "high64" 0 "high64: code at 4 GiB; 1 to 256 in pages above, added up: 32896" "$examples/high64.conf"
guest "firmware" 0 "firmware: started 16 bytes below 4 GiB" "$examples/firmware.conf"
guest "firmware in the first MiB" 0 "firmware: now in the first MiB" "$examples/firmware.conf"
guest "hang" 4 "gasp-vm: watchdog: error: *" "$examples/hang.conf"
guest "words of the command line" 4 "gasp-vm: watchdog: error: *" system box ram 64k load "0x7c00,$built/hang.bin" gasp-start 0:0x7c00 vdev watchdog loc 0xd1000
guest "RAM in pieces" 0 "high64: code at 4 GiB; 1 to 256 in pages above, added up: 32896" "$examples/high64.conf" gasp-ram-chunk 256k
guest "RAM in random pieces" 0 "high64: code at 4 GiB; 1 to 256 in pages above, added up: 32896" "$examples/high64.conf" gasp-ram-random 7
guest "fault, fail" 0 "fault: exception 13" "$examples/fault.conf"
guest "two vCPUs" 0 "two64: two vCPUs have counted to 20000" "$examples/two64.conf"

# nowhere NAME CODE LINE STATEMENTS: guest, for one whose vCPUs may find nothing.
nowhere() {
	config nowhere "$4"
	guest "$1" "$2" "$3" "$work/nowhere.conf"
}

nowhere "nothing at the reset vector" 64 \
	"gasp-vm: nothing is at the reset vector 0xfffffff0: load firmware there or say where vCPUs start" 'ram 64k'
nowhere "nothing where vCPUs start" 64 \
	"gasp-vm: nothing is at 0x10000, where vCPUs start: load the guest's code there" 'ram 64k gasp-start 0x1000:0'
nowhere "a device where vCPUs start" 64 \
	"gasp-vm: there is no memory to execute at 0x100000, where vCPUs start: *" 'ram 64k vdev probe loc 0x100000 gasp-start long,0x100000,0x1000'
printf '\xf4' >"$work/halt"
nowhere "zeros where vCPUs start" 0 \
	"gasp-vm: warning: zeros are at 0x7000, where vCPUs start: has code been loaded?" "ram 64k load 0x7100,$work/halt gasp-start 0:0x7000"
config halt "ram 64k load 0x7000,$work/halt gasp-start 0:0x7000"
guest "a halt at once" 0 "gasp-vm: warning: vCPU 0 halts for good at 0x7001: interrupts are disabled; it has done nothing else" "$work/halt.conf"
guest "a halt in the end" 0 "gasp-vm: vCPU 0 halts for good at 0x7101: interrupts are disabled" "$work/nowhere.conf"
guest "a halt of another vCPU" 0 "gasp-vm: vCPU 1 halts for good at *: interrupts go to vCPU 0" "$examples/two64.conf"
spinning "SIGTERM ends a vCPU that spins" 0 "" TERM
spinning "SIGQUIT ends a vCPU that spins" 3 "" QUIT
spinning "SIGQUIT ends a guest whose memory is locked" 3 "vdev stuck loc 0x100000 at leak" QUIT
spinning "SIGTERM twice ends a guest whose memory is locked" 3 "vdev stuck loc 0x100000 at leak" TERM TERM
# mov ax, 0x2000; mov ds, ax; mov eax, 43; mov [0x1c], eax; hlt
printf '\xb8\x00\x20\x8e\xd8\x66\xb8\x2b\x00\x00\x00\x66\xa3\x1c\x00\xf4' >"$work/register.bin"
config register "ram 64k load 0x7c00,$work/register.bin gasp-start 0:0x7c00 vdev probe loc 0x20000"
guest "a vdev reads a register" 43 "gasp-vm: probe: terminated" "$work/register.conf"
# The same with mov [0x08], eax, at 0x7c0b. KVM may be behind it already.
printf '\xb8\x00\x20\x8e\xd8\x66\xb8\x2b\x00\x00\x00\x66\xa3\x08\x00\xf4' >"$work/answer.bin"
config answer "ram 64k load 0x7c00,$work/answer.bin gasp-start 0:0x7c00 vdev probe loc 0x20000"
guest "a vdev's answer ends the guest, and where" 6 \
	"gasp-vm: probe: error: ends the guest (VRS_TERMINATE): a write of 4 bytes at 0x20008 by vCPU 0, instruction 0x7c0[bf]" "$work/answer.conf"
policy ignore 0 "fault: read all ones"
policy abort 5 "*"
done_testing
