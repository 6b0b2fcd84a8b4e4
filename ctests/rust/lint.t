#!/usr/bin/env bash
# lint.t [TOOLS [PACKAGE...]]: runs "format clippy doc", or some of them; warnings are errors.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
packages=$(printf -- '-p %s ' "${@:2}") && [ $# -gt 1 ] || packages=

format() {
	$CARGO fmt --version >/dev/null 2>&1 || { skip "cargo fmt" "rustfmt is not installed" && return; }
	check "cargo fmt" $CARGO fmt --check $packages
}

clippy() {
	$CARGO clippy --version >/dev/null 2>&1 || { skip "cargo clippy" "clippy is not installed" && return; }
	check "cargo clippy" $CARGO clippy -q --locked $packages --all-targets -- -D warnings
}

# With private items: the documentation of the library is for its developers.
doc() {
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private-intra-doc-links" \
		check "cargo doc" $CARGO doc -q --locked $packages --no-deps --document-private-items
}

for tool in ${1:-format clippy doc}; do $tool; done
done_testing
