#!/usr/bin/env bash
# The lock-free protocols under loom, in every order that the C11 memory model allows, up to a number
# of preemptions: readers and writers of the map, accesses and grace periods.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
# Two are the short form: three take minutes. `make heavy` has five.
export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2}
export RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$CARGO_TARGET_DIR/loom
exec ctests/rust/tests.t --lib loom
