#!/usr/bin/env bash
# The benchmark's own check: it compares the answers of every design with an oracle. Nothing is timed.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
if out=$(make --no-print-directory -C bench quick LIBDIR="$lib" 2>&1); then
	while read -r design; do ok "answers of $design"; done < <(sed -n 's/^gasp-bench: checking: //p' <<<"$out")
	check "libgasp was among them" grep -qx 'gasp-bench: checking: libgasp' <<<"$out"
else
	diag <<<"$out"
	not_ok "make bench-quick"
fi
done_testing
