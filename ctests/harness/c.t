#!/usr/bin/env bash
# c.t VARIANT SOURCE: builds ctests/SOURCE, a C test, against the staged tree, in one way, and runs it,
# or its case $CASE. Those of ctests/vdev use libgasp-vdev, too, and vdevs of vdev/plugins, which are
# built in the same way.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/tap.sh"
variant=$1 source=$2
exe=$logs/$variant/${source%.c}
mkdir -p "${exe%/*}"

needs() { have "${1%% *}" || skip_all "${1%% *} is not installed"; }
can_sanitize() {
	echo 'int main(void) { return 0; }' | $CC $sanitizers -x c - -o "$exe.probe" 2>/dev/null && "$exe.probe"
}
# Vdevs look for all functions in the program.
whole_vdev="-rdynamic -Wl,--whole-archive -l:libgasp-vdev.a -Wl,--no-whole-archive"
static_libs() { pc static $packages | sed "s/-lgasp-vdev/$whole_vdev/; s/-lgasp /-l:libgasp.a /"; }

# build OUTPUT ARGUMENT...: what cannot be compiled is the only failure.
build() {
	local out
	out=$($compiler $warnings -O1 -g -pthread -Ictests/harness $(pc cflags) -o "$@" 2>&1) && return
	diag <<<"$out"
	not_ok "$1 is built"
	done_testing
}

# What to link: statically, one archive has both libraries.
packages=gasp linked=gasp
case $source in vdev/*) packages=gasp-vdev linked="gasp gasp-vdev" ;; esac
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
	run=(env GASP_TEST_SMALL=1 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite) ;;
*) echo "Bail out! no variant $variant" && exit 2 ;;
esac
[ -n "$libs" ] || { libs="$(pc libs $linked) -ldl" && export LD_LIBRARY_PATH=$lib; }

defines=()
if [ "$packages" = gasp-vdev ]; then
	mkdir -p "$exe.vdevs"
	for plugin in ctests/vdev/plugins/*.c; do
		build "$exe.vdevs/$(basename "$plugin" .c).so" -shared -fPIC "$plugin"
	done
	defines=(-DVDEVS="\"$exe.vdevs\"" -DINSTALLED="\"$lib/gasp/vdevs\"")
fi
build "$exe" "${defines[@]}" "ctests/$source" $libs
exec timeout 300 "${run[@]}" "$exe" ${CASE:+"$CASE"}
