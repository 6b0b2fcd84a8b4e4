#!/usr/bin/env bash
# The protocols of the map and of removal, in every order that the memory model allows.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
export RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$CARGO_TARGET_DIR/loom
exec ctests/rust/tests.t --lib loom
