#!/usr/bin/env bash
# end.t TEST: an end-to-end test of gasp-vm, on the KVM of the emulated machine.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/machine.sh"
needs_machine
in_machine "$(basename "$1" .t)" 600 "ctests/$1"
