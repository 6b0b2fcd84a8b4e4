#!/usr/bin/env bash
# tests/race.rs under ThreadSanitizer. The flags are unstable; RUSTC_BOOTSTRAP lets a stable
# compiler take them. Not every distribution's compiler comes with the sanitizer's runtime.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
rustc=${RUSTC:-rustc}
host=$($rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1

# can_run FLAGS: whether a program that was built with these flags runs.
can_run() {
	$rustc $1 --target "$host" -o "$logs/tsan-probe" - <<<'fn main() {}' 2>&1 && "$logs/tsan-probe" 2>&1
}

# Newer compilers want the second flag, older ones do not have it.
flags=-Zsanitizer=thread allow=-Cunsafe-allow-abi-mismatch=sanitizer
if out=$(can_run "$flags $allow"); then
	flags+=" $allow"
elif ! out=$(can_run "$flags"); then
	skip_all "ThreadSanitizer does not work here: $(grep -m 1 . <<<"$out")"
fi
export RUSTFLAGS=$flags CARGO_TARGET_DIR=$CARGO_TARGET_DIR/tsan
exec ctests/rust/tests.t --test race --target "$host"
