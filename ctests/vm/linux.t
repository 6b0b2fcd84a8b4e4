#!/usr/bin/env bash
# A kernel of Linux as Debian builds it, up to the first line that it prints: known are 6.1 and 6.12.
# KVM without hardware virtualisation may run it no further.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
kernel=$PWD/build/linux/vmlinuz
[ -e "$kernel" ] || skip_all "there is no kernel of Debian's in build/linux (make deps)"
config probe "ram 64k load 0x7c00,$built/triple.bin gasp-start long,0x7c00,0x1000"
no_kvm=$("$vm" "$work/probe.conf" 2>&1 | sed -n '/\/dev\/kvm/s/^gasp-vm: //p')
[ -z "$no_kvm" ] || skip_all "$no_kvm"

config linux "ram 0,640k rom 0xe0000,128k ram 1m,255m load $kernel
	cmdline \"console=ttyS0 earlyprintk=serial,ttyS0,115200 nokaslr\" vdev serial loc io:0x3f8"
"$vm" "$work/linux.conf" >"$work/linux.out" 2>&1 &
pid=$!
await grep -q "KASLR disabled: 'nokaslr' on cmdline." "$work/linux.out"
printed=$?
kill -TERM $pid 2>/dev/null
ends
[ $printed = 0 ] || diag <"$work/linux.out"
check "the kernel reads its command line, and prints to ttyS0" test $printed = 0
done_testing
