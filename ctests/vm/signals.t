#!/usr/bin/env bash
# Signals to gasp-vm, in every part of a run.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
vdevs probe stuck
map=

# signalled NAME CODE LINE CONFIG SCRIPT WHEN:SIGNAL...: gives, for a guest that gets each of these
# signals after the line WHEN, and a second after the one before.
signalled() {
	local name=$1 code=$2 line=$3 ended=0 pid each
	wanted "$name" || return 0
	config signalled "ram 64k vdev serial $4"
	script signalled "$5"
	shift 5
	: >"$work/signalled.out"
	"$vm" $map --no-kvm --vdev-path "$work" "$work/signalled.conf" >"$work/signalled.out" 2>&1 &
	pid=$!
	for each; do
		await grep -qs "${each%:*}\$" "$work/signalled.out"
		kill -"${each#*:}" $pid 2>/dev/null
		[ $# = 1 ] || sleep 1.2
	done
	ends || ended=$?
	if [ $ended = "$code" ] && [ "$(grep -cx "$line" "$work/signalled.out")" = 1 ]; then
		ok "$name"
	else
		{ echo "exit code $ended; expected $code and the line: $line" && cat "$work/signalled.out"; } | diag
		not_ok "$name"
	fi
}

# probed NAME CODE LINE OPTIONS SIGNAL...: signalled, for a guest that waits.
probed() {
	local name=$1 code=$2 line=$3 options=$4
	shift 4
	signalled "$name" "$code" "$line" "vdev probe loc 0x100000 $options" 'text io 0x3f8 "up\\n"\nwait 50000' "${@/#/up:}"
}

# stuck NAME CODE LINE STEP WHEN:SIGNAL...: signalled, for a vdev that hangs in a step of its life.
stuck() {
	local name=$1 code=$2 line=$3 step=$4 then='wait 50000'
	shift 4
	case $step in
	read) then='read mem 0x100000 4' ;;
	terminate | exit) then= ;;
	esac
	signalled "$name" "$code" "$line" "vdev stuck loc 0x100000 at $step" 'text io 0x3f8 "up\\n"\n'"$then" "$@"
}

probed "SIGTERM: the button, and the end" 0 "gasp-vm: probe: button" "" TERM
probed "SIGINT: the same" 0 "gasp-vm: probe: button" "" INT
probed "SIGTERM: a vdev's own end" 40 "gasp-vm: probe: button" "button 40" TERM
probed "SIGQUIT: the power cut" 3 "gasp-vm: probe: terminated" "" QUIT
probed "SIGUSR1: one line of information" 0 \
	"gasp-vm: the guest runs; accesses that left a vCPU: 3 to devices, 0 to memory, 0 to nothing" "" USR1 TERM
probed "SIGUSR2: a report of each vdev" 0 "gasp-vm: probe: status" "" USR2 TERM
for step in options configured starting; do
	stuck "SIGTERM, before the start, in $step: the end" 0 "gasp-vm: ended before the guest ran" $step hangs:TERM
	stuck "SIGQUIT, before the start, in $step: the end" 3 "gasp-vm: ended before the guest ran" $step hangs:QUIT
done
stuck "SIGUSR1, before the start" 0 "gasp-vm: the guest has not started yet" configured hangs:USR1 hangs:TERM
stuck "SIGUSR2, before the start" 0 "gasp-vm: ended before the guest ran" configured hangs:USR2 hangs:TERM
for step in read terminate exit leak; do
	stuck "SIGQUIT, in $step: the end" 3 "gasp-vm: ended at once" $step hangs:QUIT
done
stuck "SIGQUIT twice, in terminate: the end" 3 "gasp-vm: ended at once" terminate hangs:QUIT hangs:QUIT
stuck "SIGQUIT, in button: the end" 3 "gasp-vm: ended at once" button up:TERM hangs:QUIT
stuck "SIGQUIT, in status: the end" 3 "gasp-vm: ended at once" status up:USR2 hangs:QUIT
for step in read terminate leak; do
	stuck "SIGTERM twice, in $step: the end" 3 "gasp-vm: ended at once" $step hangs:TERM hangs:TERM
done
stuck "SIGTERM twice, in status: the end" 3 "gasp-vm: ended at once" status up:USR2 hangs:TERM hangs:TERM
map=--map
probed "--map: SIGTERM" 0 "the guest has ended with exit code 0. The map now.*" "" TERM
probed "--map: SIGQUIT" 3 "the guest has ended with exit code 3. The map now.*" "" QUIT
stuck "--map: SIGQUIT, in read" 3 "the guest has ended with exit code 3. The map now.*" read hangs:QUIT
stuck "--map: SIGTERM twice, in read" 3 "the guest has ended with exit code 3. The map now.*" read hangs:TERM hangs:TERM
done_testing
