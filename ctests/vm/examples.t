#!/usr/bin/env bash
# The examples, as scripts.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
gives "script: demo" 0 "read mem 0x30018 8: 0x000000000002f000" --no-kvm "$examples/demo.conf"
gives "script: the map afterwards" 0 \
	"  + 0x00022000-0x00023fff         8 KiB  trap     VIRT_WR|PASS_RD|PASS_EX|MEMORY*" --map --no-kvm "$examples/demo.conf"
gives "script: the trace device logs an access" 0 "gasp-vm: trace: set to 12648430" --no-kvm "$examples/demo.conf"
gives "script: hits" 0 "    vdev trace, cookie 0                     1         1  0x000d0000-0x000d0003" \
	--map --no-kvm "$examples/demo.conf"
gives "script: high64" 0 "read mem 0x100102000 8: 0x0000000000000003" --no-kvm "$examples/high64.conf"
gives "script: firmware" 0 "firmware: no vCPU has started it" --no-kvm "$examples/firmware.conf"
gives "script: hang" 4 "gasp-vm: watchdog: error: *" --no-kvm "$examples/hang.conf"
gives "script: fault" 0 "fault: nothing there" --no-kvm "$examples/fault.conf"
done_testing
