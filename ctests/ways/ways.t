#!/usr/bin/env bash
# The ways in which libgasp gets into a process: linked, loaded by a plugin, preloaded.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
dir=$logs/ways source=ctests/ways/programs
flags="-std=c11 $warnings -g $(pc cflags)" libs=$(pc libs)
private=$(pc static | sed 's/.*-lgasp//')
wanted_symbols=$(grep -v '^#' abi/symbols.txt | sed 's/^/-Wl,-u,/')
mkdir -p "$dir"

build() { # WHAT OUTPUT SOURCE FLAG...
	check "build $1" $CC $flags "$source/$3" -o "$dir/$2" "${@:4}"
}

# way NAME COMMAND...: the checks of a program that prints TAP are checks of this script.
way() {
	local name=$1 out ended=0 line
	shift
	out=$(timeout 300 "$@" 2>&1) || ended=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "$name: ${line#*- }" ;;
		"not ok "*) not_ok "$name: ${line#*- }" ;;
		*) echo "# $line" ;;
		esac
	done <<<"$out"
	[ $ended = 0 ] || grep -q '^not ok ' <<<"$out" || not_ok "$name: ended with status $ended"
	grep -qx "1\.\.$(grep -cE '^(not )?ok ' <<<"$out")" <<<"$out" || not_ok "$name: the plan is wrong"
}

build "a plugin without libgasp" plain.so plugin.c -shared -fPIC
build "a plugin with -lgasp" linked.so plugin.c -shared -fPIC $libs
build "a host without libgasp" bare host.c -ldl
build "a host with -lgasp" host host.c -DHOST_HAS_GASP $libs -ldl
build "a host with all of libgasp.a" whole host.c -DHOST_HAS_GASP -rdynamic \
	-Wl,--whole-archive "$lib/libgasp.a" -Wl,--no-whole-archive $private
build "a host with -u and libgasp.a" wanted host.c -rdynamic $wanted_symbols "$lib/libgasp.a" $private
build "another library with these names" libother.so other.c -shared -fPIC -Wl,-soname,libother.so
build "a plugin whose device traps" trap.so trap_plugin.c -shared -fPIC
build "a host that unloads it" unload unload.c -pthread $libs -ldl
build "a host that unloads libgasp" stay stay.c -ldl
build "a host that unloads libgasp" gone gone.c -pthread -ldl
build "a program for that library" program program.c -L"$dir" -lother

path=LD_LIBRARY_PATH=$lib:$dir
way "plugin with -lgasp, host without libgasp" env "$path" "$dir/bare" "$dir/linked.so"
way "plugin with -lgasp, host with -lgasp" env "$path" "$dir/host" "$dir/linked.so"
way "plain plugin, host with -lgasp" env "$path" "$dir/host" "$dir/plain.so"
way "plain plugin, host with all of libgasp.a" "$dir/whole" "$dir/plain.so"
way "plain plugin, host with -u and libgasp.a" "$dir/wanted" "$dir/plain.so"
way "plain plugin, host without libgasp" "$dir/bare" "$dir/plain.so" unresolved
way "plain plugin, host without libgasp, preloaded" env LD_PRELOAD="$shared" "$dir/bare" "$dir/plain.so"
way "a plugin unloaded under load" env "$path" "$dir/unload" "$dir/trap.so"
way "libgasp unloaded" "$dir/stay" "$shared"
way "libgasp unloaded before its threads end" "$dir/gone" "$shared"
way "program for another library" env "$path" "$dir/program" other
way "program for another library, preloaded" env "$path" LD_PRELOAD="$shared" "$dir/program" libgasp
done_testing
