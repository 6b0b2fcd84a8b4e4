#!/usr/bin/env bash
# Exit codes.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs probe

# played NAME CODE LINE SCRIPT [STATEMENT...]: gives, for a script on a probe at 0x100000.
played() {
	config played "ram 64k ${5-}\nvdev probe loc 0x100000 intr apic:0x30"
	script played "$4"
	gives "$1" "$2" "$3" --no-kvm "$work/played.conf"
}

played "0: the end of the script" 0 "gasp-vm: probe: terminated" 'wait 1'
played "0: a vdev's normal end" 0 "gasp-vm: probe: terminated" 'write mem 0x100000 4 0\nexpect mem 0 1 1'
played "4: a vdev says watchdog" 4 "gasp-vm: probe: terminated" 'write mem 0x100000 4 4'
played "32: the first of a vdev's own" 32 "gasp-vm: probe: terminated" 'write mem 0x100000 4 32'
played "63: the last of a vdev's own" 63 "gasp-vm: probe: terminated" 'write mem 0x100000 4 63'
played "the first end counts" 33 "gasp-vm: probe: terminated" 'write mem 0x100000 4 33\nwrite mem 0x100000 4 34'
played "6: a cause that is none" 6 "gasp-vm: probe: terminated" 'write mem 0x100000 4 64'
played "6: no registers without KVM" 6 "*: the vdev failed: Operation not supported (os error 95)" 'write mem 0x10001c 4 0'
played "6: an error number" 6 "*: the vdev failed: Input/output error (os error 5)" 'write mem 0x100004 4 5'
played "6: VRS_TERMINATE" 6 "*VRS_TERMINATE*" 'write mem 0x100008 4 0'
played "a bus error is a fault" 0 "gasp-vm: probe: terminated" 'fault write mem 0x10000c 4 0'
played "96: a bus error that nobody expects" 96 "*: a guest would fault" 'write mem 0x10000c 4 0'
played "96: a failed gasp_region_set()" 96 "*gasp_region_set*" 'write mem 0x100010 4 0'
played "an interrupt" 0 "gasp-vm: probe: terminated" 'write mem 0x100014 4 0\ninterrupt 0x30'
played "ignore: all ones" 0 "read mem 0x90000 4: 0xffffffff" 'read mem 0x90000 4'
played "ignore: a size that the vdev does not take" 0 "read mem 0x100000 2: 0xffff" 'read mem 0x100000 2'
played "fail: a fault" 0 "gasp-vm: probe: terminated" 'fault read mem 0x90000 4' 'unsupported reference fail'
played "5: abort" 5 "*" 'read mem 0x90000 4' 'unsupported reference abort'
played "5: abort, for a size that the vdev does not take" 5 "*nothing takes the access*" 'read mem 0x100000 2' 'unsupported reference abort'
config fatal 'vdev probe fatal'
gives "64: gasp_region_set() fails before the start" 64 "*gasp_region_set*" --no-kvm "$work/fatal.conf"
config fatal 'vdev probe wrong colour'
gives "65: a vdev's configuration error" 65 "*probe: colour is wrong" --no-kvm "$work/fatal.conf"

# mapped NAME CODE SCRIPT [STATEMENT...]: a run that ends so prints the map and the counts, once.
mapped() {
	local name=$1 out=$work/mapped.out ended=0
	wanted "$name" || return 0
	config mapped "system box ram 64k ${4-}\nvdev probe loc 0x100000"
	script mapped "$3"
	timeout 60 "$vm" --map --no-kvm --vdev-path "$work" "$work/mapped.conf" >"$out" 2>&1 || ended=$?
	check "$name" test "$ended $(grep -c "^box has ended with exit code $2. The map now" "$out") $(grep -c '^    called a device ' "$out")" = "$2 1 1"
}

mapped "--map: the end of the script" 0 'wait 1'
mapped "--map: a script's failed expectation" 96 'expect mem 0 4 1'
mapped "--map: an error number" 6 'write mem 0x100004 4 5'
mapped "--map: VRS_TERMINATE" 6 'write mem 0x100008 4 0'
mapped "--map: a failed gasp_region_set()" 96 'write mem 0x100010 4 0'
mapped "--map: abort, by libgasp" 5 'read mem 0x90000 4' 'unsupported reference abort'
mapped "--map: a vdev's fatal error" 96 'write mem 0x100018 4 0'
done_testing
