#!/usr/bin/env bash
# The search for vdevs, and ranges that pass through to a file of the host.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
unset CASE # a case here needs the one before

# The dynamic linker finds vdevs, too.
config path "ram 64k vdev serial"
script path 'text io 0x3f8 "found\\n"'
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$built" "$vm" >"$work/with-path"
chmod +x "$work/with-path"
vm=$work/with-path built=$work gives "LD_LIBRARY_PATH leads to vdevs" 0 found --no-kvm "$work/path.conf"

# A range that passes through accesses a file of the host.
head -c 8192 /dev/zero >"$work/device"
config pass "unsupported reference fail\npass loc 0x10000,4k,rw=file:$work/device@4k\npass loc io:0x70,2,rw"
script pass 'write mem 0x10ffc 4 0x31323334\nfault fetch mem 0x10000 1\nfault read io 0x70 1'
gives "pass: a note about ports" 0 "gasp-vm: $work/pass.conf:3:10: the host's ports are out of reach: *" --no-kvm "$work/pass.conf"
check "pass: what is written is in the file" test "$(tail -c 4 "$work/device")" = 4321
config copied "pass loc 0x10000,4k,rx=file:$work/device\nload 0x10000,$built/firmware.bin"
script copied 'read mem 0x10000 1'
gives "pass: load into a file that is only read" 0 "read mem 0x10000 1: 0x*" --no-kvm "$work/copied.conf"
check "pass: what is loaded is not in the file" test -z "$(head -c 4096 "$work/device" | tr -d '\0')"
done_testing
