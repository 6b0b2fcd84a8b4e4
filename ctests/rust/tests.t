#!/usr/bin/env bash
# tests.t [ARGUMENT...]: the tests that `cargo test ARGUMENT...` runs, or the one named $CASE.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
# A test of gasp-vm that needs KVM prints that it is skipped.
case "$*" in *gasp-vm*) export RUST_TEST_NOCAPTURE=1 RUST_TEST_THREADS=2 ;; esac
exec ctests/harness/libtest $CARGO test --locked --no-fail-fast "$@" -- ${CASE:+--exact "$CASE"}
