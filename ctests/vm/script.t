#!/usr/bin/env bash
# Scripts of accesses.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
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
done_testing
