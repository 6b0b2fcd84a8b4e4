# End-to-end tests of gasp-vm, after `make vm`: its exit code and output. Sourced by the .t scripts.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

built=$PWD/build/vm vm=$PWD/build/vm/gasp-vm examples=$PWD/vm/examples
work=$logs/vm/$(basename "$0" .t)
rm -rf "$work" && mkdir -p "$work"

# gives NAME CODE LINE ARGUMENT...: gasp-vm ends with this exit code, and one line of what it
# prints is LINE (a glob).
gives() {
	local name=$1 code=$2 line=$3 out ended=0 found=no each
	wanted "$name" || return 0
	shift 3
	out=$(timeout 60 "$vm" --vdev-path "$work" "$@" 2>&1) || ended=$?
	while IFS= read -r each; do
		# shellcheck disable=SC2053 # a glob
		[[ $each == $line ]] && found=yes
	done <<<"$out"
	if [ $ended = "$code" ] && [ $found = yes ]; then
		ok "$name"
	else
		printf '%s\n' "exit code $ended; expected $code and the line: $line" "$out" | diag
		not_ok "$name"
	fi
}

# config NAME TEXT, script NAME TEXT: a configuration, and the script beside it.
config() { printf '%b\n' "$2" >"$work/$1.conf"; }
script() { printf '%b\n' "$2" >"$work/$1.trace"; }

# vdevs NAME...: vdevs that a test needs, built as those of QNX are.
vdevs() {
	for name; do
		check "build vdev-$name" $CC -std=c11 $warnings -g $(pc cflags) -shared -fPIC \
			"ctests/vm/vdevs/vdev-$name.c" -o "$work/vdev-$name.so"
	done
}

# await COMMAND...: until it succeeds or the process $pid has ended; it fails after 20 seconds.
await() {
	for _ in {1..400}; do
		"$@" || ! kill -0 $pid 2>/dev/null && return
		sleep 0.05
	done
	return 1
}

# ends: waits for the process $pid, 20 seconds at most, and returns its exit code.
ends() {
	await false || kill -KILL "$pid"
	wait "$pid"
}
