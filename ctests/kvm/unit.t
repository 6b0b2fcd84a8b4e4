#!/usr/bin/env bash
# The unit tests of gasp-vm, on the KVM of the emulated machine.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/machine.sh"
needs_machine
build=$($CARGO test --locked -p gasp-vm --no-run 2>&1) || { diag <<<"$build" && not_ok "build the unit tests" && done_testing; }
tests=$(sed -n 's/.*Executable.*(\(.*\))$/\1/p' <<<"$build")
in_machine unit 1800 env RUST_TEST_NOCAPTURE=1 RUST_TEST_THREADS=2 \
	ctests/harness/libtest "$tests" ${CASE:+--exact "$CASE"}
