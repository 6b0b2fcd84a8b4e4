# Checks that report in TAP (https://testanything.org). The .t scripts source this file; each can
# also be run alone: prove -v ctests/abi/symbols.t
# SPDX-License-Identifier: MIT OR Apache-2.0
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# A script that is run alone asks the Makefile for the variables that `make test` exports.
[ -n "${SONAME-}" ] || eval "$(make -s --eval='variables: ; @export -p' variables)"
unset GASP_STRICT GASP_TEST_SMALL LD_PRELOAD LD_LIBRARY_PATH MAKEFLAGS MAKELEVEL
export LC_ALL=C

warnings="-Wall -Wextra -Wpedantic -Werror"
lib=$STAGE_PREFIX/lib
shared=$lib/$SONAME
logs=$PWD/build/test
mkdir -p "$logs"

checks=0 status=0
ok() { echo "ok $((++checks)) - $1"; }
not_ok() { echo "not ok $((++checks)) - $1"; status=1; }
skip() { echo "ok $((++checks)) - $1 # SKIP $2"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
diag() { sed 's/^/# /'; }

# check NAME COMMAND...: passes if the command succeeds. Its output is shown if it fails.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else diag <<<"$out" && not_ok "$name"; fi
}

# wanted NAME: whether to run this case. $CASE, if it is set, names the only one.
wanted() { [ -z "${CASE-}" ] || [ "$CASE" = "$1" ]; }

# done_testing: the plan, at the end of each script.
done_testing() {
	[ $checks != 0 ] || not_ok "nothing was checked"
	echo "1..$checks"
	exit $status
}

have() { command -v "$1" >/dev/null; }
pc() { ctests/harness/pc.sh "$@"; }
