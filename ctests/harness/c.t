#!/usr/bin/env bash
# c.t VARIANT SOURCE: builds ctests/SOURCE, a C test, against the staged tree, in one way, and runs it,
# or its case $CASE.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/tap.sh"
variant=$1 source=$2
exe=$logs/$variant/${source%.c}
mkdir -p "${exe%/*}"

needs() { have "${1%% *}" || skip_all "${1%% *} is not installed"; }
can_sanitize() {
	echo 'int main(void) { return 0; }' | $CC $sanitizers -x c - -o "$exe.probe" 2>/dev/null && "$exe.probe"
}
static_libs() { pc static | sed 's/-lgasp/-l:libgasp.a/'; }

compiler="$CC -std=c11" libs= run=()
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all"
case $variant in
c11) ;;
c++17) needs "$CXX" && compiler="$CXX -x c++ -std=c++17" ;;
static) libs=$(static_libs) ;;
sanitized)
	can_sanitize || skip_all "$CC cannot build with ASan and UBSan here"
	compiler+=" $sanitizers" libs=$(static_libs) run=(env GASP_TEST_SMALL=1) ;;
memcheck)
	needs valgrind
	run=(env GASP_TEST_SMALL=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite) ;;
*) echo "Bail out! no variant $variant" && exit 2 ;;
esac
[ -n "$libs" ] || { libs="$(pc libs) -ldl" && export LD_LIBRARY_PATH=$lib; }

out=$($compiler $warnings -O1 -g -pthread -Ictests/harness $(pc cflags) "ctests/$source" -o "$exe" $libs 2>&1) || {
	diag <<<"$out"
	not_ok "$source compiles"
	done_testing
}
exec timeout 300 "${run[@]}" "$exe" ${CASE:+"$CASE"}
