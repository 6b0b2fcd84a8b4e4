#!/usr/bin/env bash
# Signals to gasp-vm.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs probe

# signalled NAME CODE LINE OPTIONS SIGNAL...: gives, for a guest that gets these signals, the first
# one as soon as the vdev is there, and then the others in turn.
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
	local name=$1 code=$2 line=$3 options=$4 ended=0 pid signal
	wanted "$name" || return 0
	shift 4
	config signalled "ram 64k vdev probe loc 0x100000 $options\nvdev serial"
	rm -f "$work/signalled.out"
	"$vm" --no-kvm --vdev-path "$work" "$work/signalled.conf" >"$work/signalled.out" 2>&1 &
	pid=$!
	for signal; do
		for _ in {1..200}; do
			grep -qsx up "$work/signalled.out" && break
			sleep 0.05
		done
		kill -"$signal" $pid
		[ $# = 1 ] || sleep 1.2
	done
	wait $pid || ended=$?
	check "$name" test "$ended $(grep -cx "$line" "$work/signalled.out")" = "$code 1"
}

signalled "SIGTERM: the button, and the end" 0 "gasp-vm: probe: button" "" TERM
signalled "SIGINT: the same" 0 "gasp-vm: probe: button" "" INT
signalled "SIGTERM: a vdev's own end" 40 "gasp-vm: probe: button" "button 40" TERM
signalled "SIGQUIT: the power cut" 3 "gasp-vm: probe: terminated" "" QUIT
signalled "SIGUSR2: a report" 0 "gasp-vm: probe: status" "" USR2 TERM
hung "SIGTERM twice: the end at once" 3 "gasp-vm: ended at once" "" TERM TERM
done_testing
