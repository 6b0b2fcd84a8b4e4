#!/usr/bin/env bash
# End-to-end tests of gasp-vm: the program, the example vdevs and guests, and vdevs that go wrong.
# Started by run.sh, after `make vm`. With KVM where it works, and with scripts.
# SPDX-License-Identifier: MIT OR Apache-2.0
set -u
cd "$(dirname "$0")/../.." || exit 1
. ctests/harness/report.sh

built=$PWD/build/vm vm=$PWD/build/vm/gasp-vm examples=$PWD/vm/examples
work=$logs/vm
rm -rf "$work" && mkdir -p "$work"

# gives NAME CODE LINE ARGUMENT...: gasp-vm ends with this exit code, and one line of what it
# prints is LINE (a glob; empty: it prints nothing).
gives() {
	local name=$1 code=$2 line=$3 out status=0 found=no each
	shift 3
	out=$(timeout 60 "$vm" --vdev-path "$built" --vdev-path "$work" "$@" 2>&1) || status=$?
	[ -n "$line" ] || [ -n "$out" ] || found=yes
	if [ -n "$line" ]; then
		while IFS= read -r each; do
			# shellcheck disable=SC2053 # a glob
			[[ $each == $line ]] && found=yes
		done <<<"$out"
	fi
	if [ $status = "$code" ] && [ $found = yes ]; then
		echo "ok $name"
		return
	fi
	printf '%s\n' "exit code $status; expected $code and the line: $line" "$out" "not ok $name"
}

# config NAME TEXT, script NAME TEXT: a configuration, and the script beside it.
config() { printf '%b\n' "$2" >"$work/$1.conf"; }
script() { printf '%b\n' "$2" >"$work/$1.trace"; }

# ---- the command line -----------------------------------------------------------------------

command_line() {
	gives "--help" 0 "usage: gasp-vm *" --help
	gives "--version" 0 "gasp-vm $(sed -n 's/^version = "\(.*\)"/\1/p' vm/Cargo.toml | head -n 1)" --version
	gives "no configuration" 64 "gasp-vm: expected CONFIG, a configuration file (--help explains)"
	gives "two configurations" 64 "gasp-vm: expected one CONFIG, found two (--help explains)" a b
	gives "an unknown option" 64 "gasp-vm: expected an option that --help lists, found --kvm (--help explains)" --kvm a
	gives "an option without its argument" 64 "gasp-vm: expected a file after --trace (--help explains)" a --trace
	gives "a configuration that is not there" 64 "gasp-vm: $work/none.conf: No such file or directory (os error 2)" "$work/none.conf"
	config empty ''
	gives "a script that is not there" 64 "gasp-vm: $work/empty.trace: No such file or directory (os error 2)" --no-kvm "$work/empty.conf"
}

# ---- configurations with errors -------------------------------------------------------------

# wrong POSITION MESSAGE TEXT: the refusal of a configuration, word for word.
wrong() {
	config wrong "$3"
	script wrong ''
	gives "refused: $3" 65 "gasp-vm: $work/wrong.conf:$1: $2" --no-kvm "$work/wrong.conf"
}

configuration_errors() {
	wrong 1:1 "expected a statement (cpu, load, pass, ram, reserve, rom, system, unsupported or vdev), found 'memory'" 'memory 1m'
	wrong 2:5 "expected a length (a number such as 4096, 0x1000 or 4k), found '1q'" '# RAM\nram 1q'
	wrong 1:7 'expected a length below 2^64, found *' 'ram 0,0x10000000000000000'
	wrong 1:4 'expected [[]START,[]]LENGTH, found the end of the file' 'ram # how much?'
	wrong 1:7 'expected a length above 0, found *' 'ram 0,0'
	wrong 1:24 "expected a length that does not go past 2^64 (the end of memory), found '8k'" 'ram 0xfffffffffffff000,8k'
	wrong 1:5 'expected START and LENGTH to be multiples of 4096' 'ram 100,1m'
	wrong 2:5 'expected a range that can be memory: *overlaps*' 'ram 0,1m\nram 0x80000,1m'
	wrong 1:6 'expected a file that can be read (No such file or directory (os error 2)): none.bin' 'load 0,none.bin'
	wrong 1:6 "expected a raw image, not an ELF file (objcopy -O binary makes one): $built/hang.elf" "load 0,$built/hang.elf"
	wrong 2:6 "expected ram or rom for 4096 bytes at 0x1000: *" "ram 0,4k\nload 0x1000,$built/firmware.bin"
	wrong 1:8 "expected another '\"' on this line, found its end" 'load 0,"none'
	wrong 1:9 "expected 'loc' after 'reserve', found '0xa0000,64k'" 'reserve 0xa0000,64k'
	wrong 1:23 "expected +, - or one of rwxcmdnst, found 'e'" 'pass loc 0x1000,0x10,re'
	wrong 1:11 "expected reset, SEGMENT:OFFSET or long,ENTRY,TABLES, found 'now'" 'cpu start now'
	wrong 2:1 "expected one 'system', but line 1 has one too" 'system a\nsystem b'
	wrong 1:23 "expected ignore, fail or abort, found 'panic'" 'unsupported reference panic'
	wrong 1:6 "expected NAME, as in vdev-NAME.so, found 'a/b'" 'vdev a/b'
	wrong 1:17 "expected mem:ADDRESS or io:PORT (there is no PCI bus here), found 'pci:0:1.0'" 'vdev serial loc pci:0:1.0'
	wrong 1:20 "expected a port up to 0xffff, found '0x10000'" 'vdev serial loc io:0x10000'
	wrong 1:17 'vdev serial cannot be in memory' 'vdev serial loc 0x1000'
	wrong 1:6 'vdev-absent.so cannot be loaded: * (--vdev-path and LD_LIBRARY_PATH say where to look)' 'vdev absent'
	wrong 1:6 'vdev-missing.so needs guest_msi_register, which gasp-vm does not have *' 'vdev missing'
	wrong 1:6 'vdev-old.so cannot be used: it is for version 0x700 of the interface, not 0x701' 'vdev old'
	wrong 1:6 'vdev-silent.so cannot be used: it registered no factory *' 'vdev silent'
	wrong 1:12 'vdev probe refused refuse: *' 'vdev probe refuse'
	wrong 1:12 "expected an option of vdev probe (*loc, intr, name, sched) or a statement (cpu, *), found 'refuze'" 'vdev probe refuze'
	wrong '*' 'expected an interrupt controller (apic), found *' 'vdev probe intr pic:4'
	printf 'ram 1m\nr\xff' >"$work/binary.conf"
	gives "refused: a file that is not text" 65 "gasp-vm: $work/binary.conf:2:2: expected text in UTF-8" "$work/binary.conf"
}

script_errors() {
	config script 'ram 64k'
	script script 'read mem 0 1\nwrite mem 0 1'
	gives "refused: a script with an error" 65 "gasp-vm: $work/script.trace:2:14: expected a value, found the end of the line" --no-kvm "$work/script.conf"
	script script 'write mem 0x1000 2 0x1234\n\n  expect mem 0x1000 2 0x1235'
	gives "a script that finds something else" 96 "gasp-vm: $work/script.trace:3:3: read mem 0x1000 2: expected 0x1235, read 0x1234" --no-kvm "$work/script.conf"
	script script 'interrupt 0x20 1'
	gives "an interrupt that does not come" 96 "gasp-vm: $work/script.trace:1:1: expected interrupt 0x20 within 1 ms" --no-kvm "$work/script.conf"
	script other 'read mem 0xfffc 4'
	gives "--trace names the script" 0 "read mem 0xfffc 4: 0x00000000" --trace "$work/other.trace" "$work/script.conf"
	gives "a script says that no vCPU runs" 0 "gasp-vm: no vCPU runs: the accesses are those of $work/other.trace" --trace "$work/other.trace" "$work/script.conf"
}

# ---- exit codes -----------------------------------------------------------------------------

# played NAME CODE LINE SCRIPT [STATEMENT...]: what a script on a probe at 0x100000 ends with.
played() {
	config played "ram 64k ${5-}\nvdev probe loc 0x100000 intr apic:0x30"
	script played "$4"
	gives "$1" "$2" "$3" --no-kvm "$work/played.conf"
}

exit_codes() {
	played "0: the end of the script" 0 "probe: terminated" 'wait 1'
	played "0: a vdev's normal end" 0 "probe: terminated" 'write mem 0x100000 4 0\nexpect mem 0 1 1'
	played "4: a vdev says watchdog" 4 "probe: terminated" 'write mem 0x100000 4 4'
	played "32: the first of a vdev's own" 32 "probe: terminated" 'write mem 0x100000 4 32'
	played "63: the last of a vdev's own" 63 "probe: terminated" 'write mem 0x100000 4 63'
	played "the first end counts" 33 "probe: terminated" 'write mem 0x100000 4 33\nwrite mem 0x100000 4 34'
	played "6: a cause that is none" 6 "probe: terminated" 'write mem 0x100000 4 64'
	played "6: an error number" 6 "*: the vdev failed: Input/output error (os error 5)" 'write mem 0x100004 4 5'
	played "6: VRS_TERMINATE" 6 "*VRS_TERMINATE*" 'write mem 0x100008 4 0'
	played "a bus error is a fault" 0 "probe: terminated" 'fault write mem 0x10000c 4 0'
	played "96: a bus error that nobody expects" 96 "*: a guest would fault" 'write mem 0x10000c 4 0'
	played "96: a failed gasp_region_set()" 96 "*gasp_region_set*" 'write mem 0x100010 4 0'
	played "an interrupt" 0 "probe: terminated" 'write mem 0x100014 4 0\ninterrupt 0x30'
	played "ignore: all ones" 0 "read mem 0x90000 4: 0xffffffff" 'read mem 0x90000 4'
	played "ignore: a size that the vdev does not take" 0 "read mem 0x100000 2: 0xffff" 'read mem 0x100000 2'
	played "fail: a fault" 0 "probe: terminated" 'fault read mem 0x90000 4' 'unsupported reference fail'
	played "5: abort" 5 "*" 'read mem 0x90000 4' 'unsupported reference abort'
	played "5: abort, for a size that the vdev does not take" 5 "*does not handle this access*" 'read mem 0x100000 2' 'unsupported reference abort'
	config fatal 'vdev probe fatal'
	gives "64: gasp_region_set() fails before the start" 64 "*gasp_region_set*" --no-kvm "$work/fatal.conf"
	config fatal 'vdev probe wrong colour'
	gives "65: a vdev's configuration error" 65 "*probe: colour is wrong" --no-kvm "$work/fatal.conf"
}

# ---- signals --------------------------------------------------------------------------------

# signalled NAME CODE LINE OPTIONS SIGNAL...: what a guest ends with that gets these signals, one
# as soon as the vdev is there, and the others one after the other.
signalled() {
	script signalled 'text io 0x3f8 "up\\n"\nwait 50000'
	after_signals "$@"
}

# hung NAME CODE LINE OPTIONS SIGNAL...: the same, with a vdev that does not return.
hung() {
	script signalled 'text io 0x3f8 "up\\n"\nwrite mem 0x100018 4 0'
	after_signals "$@"
}

after_signals() {
	local name=$1 code=$2 line=$3 options=$4 status=0 pid signal
	shift 4
	config signalled "ram 64k vdev probe loc 0x100000 $options\nvdev serial"
	rm -f "$work/signalled.out"
	"$vm" --no-kvm --vdev-path "$built" --vdev-path "$work" "$work/signalled.conf" >"$work/signalled.out" 2>&1 &
	pid=$!
	for signal; do
		for _ in {1..200}; do
			grep -qsx up "$work/signalled.out" && break
			sleep 0.05
		done
		kill -"$signal" $pid
		[ $# = 1 ] || sleep 1.2
	done
	wait $pid || status=$?
	check "$name" test "$status $(grep -cx "$line" "$work/signalled.out")" = "$code 1"
}

# The dynamic linker's own ways lead to vdevs, too.
linker_path() {
	config path "ram 64k vdev serial"
	script path 'text io 0x3f8 "found\\n"'
	local vm=$work/with-path
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$built" "$built/gasp-vm" >"$vm"
	chmod +x "$vm"
	built=$work gives "LD_LIBRARY_PATH leads to vdevs" 0 found --no-kvm "$work/path.conf"
}

# What passes through leads to a file of the host.
passing() {
	head -c 8192 /dev/zero >"$work/device"
	config pass "pass loc 0x10000,4k,rw=file:device@4k\npass loc io:0x70,2,rw"
	script pass 'write mem 0x10ffc 4 0x31323334\nfault fetch mem 0x10000 1\nfault read io 0x70 1'
	sed -i '1i unsupported reference fail' "$work/pass.conf"
	gives "pass: a note about ports" 0 "gasp-vm: $work/pass.conf:3:10: the host's ports are out of reach: *" --no-kvm "$work/pass.conf"
	check "pass: what is written is in the file" test "$(tail -c 4 "$work/device")" = 4321
	config copied "pass loc 0x10000,4k,rx=file:device\nload 0x10000,$built/firmware.bin"
	script copied 'read mem 0x10000 1'
	gives "pass: load into a file that is only read" 0 "read mem 0x10000 1: 0x*" --no-kvm "$work/copied.conf"
	check "pass: what is loaded is not in the file" test -z "$(head -c 4096 "$work/device" | tr -d '\0')"
}

signals() {
	signalled "SIGTERM: the button, and the end" 0 "probe: button" "" TERM
	signalled "SIGINT: the same" 0 "probe: button" "" INT
	signalled "SIGTERM: a vdev's own end" 40 "probe: button" "button 40" TERM
	signalled "SIGQUIT: the power cut" 3 "probe: terminated" "" QUIT
	signalled "SIGUSR2: a report" 0 "probe: status" "" USR2 TERM
	hung "SIGTERM twice: the end at once" 3 "gasp-vm: ended at once" "" TERM TERM
}

# ---- the examples ---------------------------------------------------------------------------

scripts() {
	gives "script: demo" 0 "read mem 0x30018 8: 0x000000000002f000" --no-kvm "$examples/demo.conf"
	gives "script: the map afterwards" 0 \
		"  + 0x00022000-0x00023fff         8 KiB  trap     MEMORY PASS_RD PASS_EX VIRT_WR *" --map --no-kvm "$examples/demo.conf"
	gives "script: hits" 0 "    vdev trace, cookie 0                     1         2  0x000d0000-0x000d0fff" \
		--map --no-kvm "$examples/demo.conf"
	gives "script: high64" 0 "read mem 0x100102000 8: 0x0000000000000003" --no-kvm "$examples/high64.conf"
	gives "script: firmware" 0 "firmware: no vCPU has started it" --no-kvm "$examples/firmware.conf"
	gives "script: hang" 4 "gasp-vm: watchdog: error: *" --no-kvm "$examples/hang.conf"
	gives "script: fault" 0 "fault: nothing there" --no-kvm "$examples/fault.conf"
}

# Each guest prints what it found, so the line says that it ran.
guests() {
	local name
	config probe "ram 64k load 0x7c00,$built/triple.bin cpu start long,0x7c00,0x1000"
	if ! "$vm" "$work/probe.conf" 2>"$work/probe.err" && grep -q '/dev/kvm' "$work/probe.err"; then
		for name in demo high64 firmware hang "fault, fail" "fault, ignore" "fault, abort" triple "two vCPUs" "SIGTERM"; do
			echo "skip guest: $name: $(sed 's/^gasp-vm: //' "$work/probe.err")"
		done
		return
	fi
	gives "guest: triple fault" 96 "*triple fault*" "$work/probe.conf"
	gives "guest: demo" 0 "demo: pages that the tracker has seen me write: 3, at 21000 24000 2f000" "$examples/demo.conf"
	gives "guest: demo, woken twice" 0 "demo: woken by the watchdog, and fed it: 2" "$examples/demo.conf"
	gives "guest: high64" 0 "high64: code at 4 GiB; 1 to 256 in pages above, added up: 32896" "$examples/high64.conf"
	gives "guest: firmware" 0 "firmware: started 16 bytes below 4 GiB" "$examples/firmware.conf"
	gives "guest: firmware in the first MiB" 0 "firmware: now in the first MiB" "$examples/firmware.conf"
	gives "guest: hang" 4 "gasp-vm: watchdog: error: *" "$examples/hang.conf"
	gives "guest: fault, fail" 0 "fault: exception 13" "$examples/fault.conf"
	gives "guest: two vCPUs" 0 "two64: two vCPUs have counted to 20000" "$examples/two64.conf"
	spinning
	policy ignore 0 "fault: read all ones"
	policy abort 5 "*"
}

# Where there is no KVM: in a mount namespace in which /dev/kvm is something else.
without_kvm() {
	local hide='mount --bind /dev/null /dev/kvm && exec "$@"'
	if ! [ -e /dev/kvm ]; then
		gives "without /dev/kvm: the script beside it" 0 "demo: done" "$examples/demo.conf"
		return
	fi
	if ! unshare -m sh -c "$hide" - true 2>/dev/null; then
		echo "skip without /dev/kvm: no mount namespace can be made here"
		return
	fi
	local vm=$work/without-kvm
	printf '#!/bin/sh\nexec unshare -m sh -c '\''%s'\'' - "%s" "$@"\n' "$hide" "$built/gasp-vm" >"$vm"
	chmod +x "$vm"
	gives "without /dev/kvm: the script beside it" 0 "demo: done" "$examples/demo.conf"
	gives "without /dev/kvm: it says so" 0 "gasp-vm: no vCPU runs: the accesses are those of $examples/demo.trace" "$examples/demo.conf"
	config alone 'ram 64k'
	gives "without /dev/kvm: and without a script" 64 "gasp-vm: /dev/kvm does not *" "$work/alone.conf"
}

# A vCPU that never leaves the guest by itself.
spinning() {
	local pid status=0
	config spinning "ram 64k load 0x7c00,$built/hang.bin cpu start 0:0x7c00"
	timeout 60 "$vm" "$work/spinning.conf" &
	pid=$!
	sleep 0.5
	kill -TERM $pid
	wait $pid || status=$?
	check "guest: SIGTERM ends a vCPU that spins" test $status = 0
}

# policy WORD CODE LINE: the guest that reads where nothing is.
policy() {
	sed "s|reference fail|reference $1|; s|\.\./\.\./build/vm|$built|" "$examples/fault.conf" >"$work/policy.conf"
	gives "guest: fault, $1" "$2" "$3" "$work/policy.conf"
}

plugin() { # SOURCE
	check "build $1" $CC -std=c11 $warnings -g $(ctests/harness/pc.sh cflags) -shared -fPIC "ctests/vm/vdevs/$1.c" -o "$work/$1.so"
}

for source in ctests/vm/vdevs/*.c; do plugin "$(basename "$source" .c)"; done
command_line
configuration_errors
script_errors
exit_codes
linker_path
passing
signals
scripts
guests
without_kvm
