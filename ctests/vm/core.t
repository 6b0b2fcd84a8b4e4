#!/usr/bin/env bash
# Core files of guests: by SIGUSR2 and by vdevs, to a directory and to a command.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs probe
probe='vdev probe loc 0x100000'
cores=$work/cores

# dumped NAME LINE ARGUMENT...: a guest that gets SIGUSR2 when it says "up", and SIGTERM when its
# vdev has told its state, ends with 0, and one line of what it has printed is LINE (a glob). With
# CASE, too: other cases look at the file.
dumped() {
	local name=$1 line=$2 pid ended=0 found=no each
	shift 2
	rm -rf "$cores" && mkdir "$cores"
	: >"$work/dumped.out"
	"$vm" --vdev-path "$work" "$@" >"$work/dumped.out" 2>&1 &
	pid=$!
	await grep -q "up$" "$work/dumped.out"
	kill -USR2 $pid 2>/dev/null
	await grep -q "probe: status" "$work/dumped.out"
	kill -TERM $pid 2>/dev/null
	ends || ended=$?
	while IFS= read -r each; do
		# shellcheck disable=SC2053 # a glob
		[[ $each == $line ]] && found=yes
	done <"$work/dumped.out"
	if [ $ended = 0 ] && [ $found = yes ]; then
		ok "$name"
	else
		{ echo "exit code $ended; expected 0 and the line: $line" && cat "$work/dumped.out"; } | diag
		not_ok "$name"
	fi
}

# shown NAME TOOL TEXT COMMAND...: the output of the command has TEXT, if there is such a tool.
shown() {
	local name=$1 tool=$2 text=$3 out
	wanted "$name" || return 0
	have "$tool" || { skip "$name" "no $tool" && return; }
	shift 3
	out=$("$@" 2>&1)
	if [[ $out == *"$text"* ]]; then
		ok "$name"
	else
		{ echo "expected: $text" && echo "$out"; } | diag
		not_ok "$name"
	fi
}

debugger() { gdb -nx -batch "$@"; }

config up "system box ram 64k ram 1m,16m rom 0xf0000,64k vdev serial vdev probe loc 0x2000000"
script up 'write mem 0x101000 4 0x12345678\ntext io 0x3f8 "up\\n"\nwait 50000'
dumped "SIGUSR2: a core file" "gasp-vm: core file of the guest: $cores/box-20[0-9][0-9][01][0-9][0-3][0-9]-[0-2][0-9][0-5][0-9][0-6][0-9].gcore" \
	--no-kvm "$work/up.conf" dump "$cores"
core=$(echo "$cores"/*)
check "one file, for its owner alone" test "$(stat -c %a "$core")" = 600
shown "readelf: a core file" readelf "CORE (Core file)" readelf -h "$core"
shown "readelf: a segment" readelf "0x0000000000100000 0x0000000000100000
                 0x0000000001000000 0x0000000001000000  RWE    0x1000" readelf -l "$core"
shown "readelf: ROM" readelf "0x00000000000f0000 0x00000000000f0000
                 0x0000000000010000 0x0000000000010000  R E    0x1000" readelf -l "$core"
shown "readelf: the map" readelf "GASP" readelf -n "$core"
shown "gdb: memory" gdb "0x101000:	0x12345678" debugger -c "$core" -ex 'x/1xw 0x101000'
dumped "a command" "gasp-vm: core file of the guest: |gzip >$cores/c.gz" --no-kvm "$work/up.conf" dump "|gzip >$cores/c.gz"
gzip -d <"$cores/c.gz" >"$cores/c" 2>/dev/null
shown "gdb: memory that a command got" gdb "0x101000:	0x12345678" debugger -c "$cores/c" -ex 'x/1xw 0x101000'
dumped "a command, without signals that are blocked" "SigBlk:	0000000000000000" \
	--no-kvm "$work/up.conf" dump "|grep SigBlk /proc/self/status; cat >/dev/null"
dumped "a command that fails" "gasp-vm: no core file of the guest: |exit 7: the command has failed: exit status: 7" \
	--no-kvm "$work/up.conf" dump "|exit 7"
dumped "a directory that is missing" "gasp-vm: no core file of the guest: $work/none/box-*.gcore: No such file or directory*" \
	--no-kvm "$work/up.conf" dump "$work/none"
dumped "without dump: none" "gasp-vm: probe: status" --no-kvm "$work/up.conf"
check "nothing is written" test -z "$(ls "$cores")"

# ended NAME CODE SIGNAL...: the exit code of gasp-vm if it gets these signals, a second after each
# other, while a command does not read.
ended() {
	local name=$1 code=$2 pid ended=0
	wanted "$name" || return 0
	shift 2
	: >"$work/ended.out"
	"$vm" --vdev-path "$work" --no-kvm "$work/up.conf" \
		dump '|echo waits; while kill -0 $PPID 2>/dev/null; do sleep 0.1; done' >"$work/ended.out" 2>&1 &
	pid=$!
	await grep -q "up$" "$work/ended.out"
	kill -USR2 $pid 2>/dev/null
	await grep -q waits "$work/ended.out"
	for signal; do
		kill -"$signal" $pid 2>/dev/null
		[ $# = 1 ] || sleep 1.2
	done
	ends || ended=$?
	check "$name" test $ended = "$code"
}

ended "SIGQUIT, while a command hangs: the end" 3 QUIT
ended "SIGTERM twice, while a command hangs: the end" 3 TERM TERM
config vdev "ram 64k $probe"
script vdev 'write mem 0x100020 4 0'
gives "a vdev's core file, without a name" 0 "gasp-vm: core file of the guest: $cores/qvm-guest-*.gcore" --no-kvm "$work/vdev.conf" dump "$cores"
gives "a vdev's core file, without dump" 6 "*: the vdev failed: Operation not supported (os error 95)" --no-kvm "$work/vdev.conf"
gives "a vdev's core file that fails" 6 "*: the vdev failed: No such file or directory (os error 2)" --no-kvm "$work/vdev.conf" dump "$work/none"
script vdev 'write mem 0x100024 4 0'
gives "a watchdog's core file" 4 "gasp-vm: core file of the guest: $cores/dog-*.gcore" --no-kvm system dog "$work/vdev.conf" dump "$cores"
gives "a watchdog without dump" 4 "gasp-vm: probe: warning: wdog_bite: there is no core file of the guest: Operation not supported*" \
	--no-kvm "$work/vdev.conf"

# vCPU 0 ends in a jump to itself, at 0x7c13; then vCPU 1 says so.
# mov ax, 0x70; mov ds, ax; mov ebx, 0xc0de; or di, di; jnz 1; inc word [0]; jmp to itself
# 1: cmp word [0], 0; je 1; mov dx, 0x3f8; mov al, 'u'; out dx, al; 'p'; '\n'; jmp to itself
{
	printf '\xb8\x70\x00\x8e\xd8\x66\xbb\xde\xc0\x00\x00\x09\xff\x75\x06\xff\x06\x00\x00\xeb\xfe'
	printf '\x83\x3e\x00\x00\x00\x74\xf9\xba\xf8\x03\xb0u\xee\xb0p\xee\xb0\n\xee\xeb\xfe'
} >"$work/spin.bin"
config spin "system box cpu cpu ram 64k load 0x7c00,$work/spin.bin gasp-start 0:0x7c00 vdev serial $probe"
no_kvm=$("$vm" "$work/spin.conf" dryrun 2>&1 | sed -n '/\/dev\/kvm/s/^gasp-vm: //p')
if [ -n "$no_kvm" ]; then
	for name in "a core file of vCPUs that run" "gdb: registers" "gdb: where" "gdb: vCPUs" "a watchdog that a vCPU calls"; do
		skip "KVM: $name" "$no_kvm"
	done
else
	dumped "KVM: a core file of vCPUs that run" "gasp-vm: core file of the guest: $cores/box-*.gcore" "$work/spin.conf" dump "$cores"
	core=$(echo "$cores"/*)
	shown "KVM: gdb: registers" gdb "rbx            0xc0de" debugger -c "$core" -ex 'info registers rbx'
	shown "KVM: gdb: where" gdb "=> 0x7c13:	jmp    0x7c13" debugger -ex 'set architecture i8086' -c "$core" -ex 'x/i $pc'
	shown "KVM: gdb: vCPUs" gdb "LWP 2" debugger -c "$core" -ex 'info threads'
	# mov ax, 0x2000; mov ds, ax; mov [0x24], eax; jmp to itself
	printf '\xb8\x00\x20\x8e\xd8\x66\xa3\x24\x00\xeb\xfe' >"$work/bite.bin"
	config bite "cpu cpu ram 64k load 0x7c00,$work/bite.bin gasp-start 0:0x7c00 vdev probe loc 0x20000 dump $cores"
	gives "KVM: a watchdog that a vCPU calls" 4 "gasp-vm: core file of the guest: $cores/qvm-guest-*.gcore" "$work/bite.conf"
fi
done_testing
