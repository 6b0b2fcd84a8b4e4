#!/usr/bin/env bash
# Every check of libgasp, run by `make test`; `make test ONLY="symbols abi"` runs some groups.
#
# A group is a function that prints ok, not ok and skip lines (report.sh says how they are
# counted). Nothing but Rust, gcc and make is needed; what else is missing is skipped by name.
# SPDX-License-Identifier: MIT OR Apache-2.0
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${STAGE_PREFIX:?run this by: make test}"
export LC_ALL=C
unset GASP_STRICT GASP_TEST_SMALL LD_PRELOAD LD_LIBRARY_PATH MAKEFLAGS MAKELEVEL

logs=$PWD/build/test
export logs
rm -rf $logs && mkdir -p $logs
. ctests/harness/report.sh

export warnings="-Wall -Wextra -Wpedantic -Werror"
lib=$STAGE_PREFIX/lib
shared=$lib/libgasp.so.1

# ---- Rust -----------------------------------------------------------------------------------

rust_format() {
	$CARGO fmt --version >/dev/null 2>&1 || { echo "skip all: rustfmt is not installed"; return; }
	check "cargo fmt" $CARGO fmt --check
}

rust_clippy() {
	$CARGO clippy --version >/dev/null 2>&1 || { echo "skip all: clippy is not installed"; return; }
	check "cargo clippy" $CARGO clippy -q --locked --all-targets -- -D warnings
}

# With the private items: who reads it works on the library (C users have the headers).
rust_doc() {
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private-intra-doc-links" \
		check "cargo doc" $CARGO doc -q --locked --no-deps --document-private-items
}

rust_tests() { libtest $CARGO test --locked --no-fail-fast; }

# In every order that the memory model allows: how readers and the writer of the map meet, and how
# those who wait for accesses learn that they have ended.
exhaustive() {
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="$CARGO_TARGET_DIR/loom" \
		libtest $CARGO test --locked --lib loom
}

# libtest itself has what ThreadSanitizer takes for a race, so tests/race.rs does without.
thread_sanitizer() {
	local target
	target=$(rustc -vV | sed -n 's/^host: //p')
	if ! $CARGO +nightly --version >/dev/null 2>&1; then
		echo "skip tests/race.rs: there is no nightly toolchain (rustup toolchain install nightly)"
		return
	fi
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
		CARGO_TARGET_DIR="$CARGO_TARGET_DIR/tsan" \
		libtest $CARGO +nightly test --locked --test race --target "$target"
}

# libtest COMMAND...: what Rust's tests print, in the words of report.sh.
libtest() {
	"$@" 2>&1 | sed -E \
		-e '/^ +(Compiling|Downloading|Downloaded|Updating|Locking|Adding|Blocking|Finished|Running|Doc-tests) /d' \
		-e 's/^test (.*) \.\.\. ok$/ok \1/' \
		-e 's/^test (.*) \.\.\. FAILED$/not ok \1/' \
		-e 's/^test (.*) \.\.\. ignored(, (.*))?$/skip \1: ignored, \3/' \
		-e '/^(running [0-9]+ tests?|test result: ok\..*|)$/d'
	return "${PIPESTATUS[0]}"
}

# ---- what is built and installed ------------------------------------------------------------

release_build() {
	CARGO_TERM_QUIET=true check "release build and staged install" make --no-print-directory build/stage.done
}

# All of it goes where it was told to, gasp.pc says so, and uninstall leaves nothing.
install_and_uninstall() {
	local dest=$logs/dest where version pc
	where="DESTDIR=$dest PREFIX=/opt/g LIBDIR=/opt/g/lib/multi INCLUDEDIR=/opt/g/include/deep"
	version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
	pc=$dest/opt/g/lib/multi/pkgconfig/gasp.pc
	check "make install" make --no-print-directory install $where
	{
		printf 'lib/multi/%s\n' libgasp.a libgasp.so libgasp.so.1 "libgasp.so.$version" pkgconfig/gasp.pc
		(cd include && find . -name '*.h') | sed 's|^\.|include/deep|'
	} | sort >$logs/install.want
	(cd "$dest/opt/g" && find . ! -type d | sed 's|^\./||') | sort >$logs/install.have
	check "the installed files" diff $logs/install.want $logs/install.have
	check "libgasp.so leads to libgasp.so.$version" test -f "$dest/opt/g/lib/multi/libgasp.so"
	check "gasp.pc has the version" grep -qx "Version: $version" "$pc"
	check "gasp.pc has the directories" test "$(grep -c -x -e 'prefix=/opt/g' \
		-e 'libdir=${prefix}/lib/multi' -e 'includedir=${prefix}/include/deep' "$pc")" = 3
	check "make uninstall" make --no-print-directory uninstall $where
	check "nothing is left" test -z "$(find "$dest" ! -type d)"
}

exported_symbols() {
	grep -v '^#' abi/symbols.txt | sort >$logs/symbols.want
	nm -D --defined-only "$shared" | awk '{ print $NF }' | sort >$logs/symbols.have
	local name
	for name in $(comm -12 $logs/symbols.want $logs/symbols.have); do echo "ok $name"; done
	for name in $(comm -23 $logs/symbols.want $logs/symbols.have); do
		echo "not ok $name is in abi/symbols.txt, but libgasp.so does not export it"
		echo "    Is it #[unsafe(no_mangle)] pub extern \"C\", in a module that src/capi/mod.rs names?"
	done
	for name in $(comm -13 $logs/symbols.want $logs/symbols.have); do
		echo "not ok $name is exported by libgasp.so, but not in abi/symbols.txt"
		echo "    If it is meant for C: add it there and to abi/stub.c. If not: take its no_mangle away."
	done
}

shared_object() {
	check "SONAME" grep -qF 'soname: [libgasp.so.1]' <(readelf -d "$shared")
	check "needs nothing but libc and libgcc" \
		test -z "$(readelf -d "$shared" | grep NEEDED | grep -Ev '\[(libc\.so|libgcc_s\.so|ld-linux)')"
	check "gasp.pc names the libraries of the static library" \
		diff <(sed -n 's/^Libs.private: //p' "$lib/pkgconfig/gasp.pc") <(native_libraries)
}

# What rustc says that libgasp.a needs (any profile: it follows from the crates).
native_libraries() {
	$CARGO rustc -q --locked --lib --crate-type staticlib -- --print native-static-libs 2>&1 |
		sed -n 's/^note: native-static-libs: //p'
}

# ---- headers and types ----------------------------------------------------------------------

header_order() { # COMPILER STANDARD HEADER...
	local compiler=$1 standard=$2 language=c
	shift 2
	case $standard in c++*) language=c++ ;; esac
	check "$compiler $standard $*" "$compiler" -x $language -std="$standard" $warnings \
		-fsyntax-only -I"$STAGE_PREFIX/include" - < <(printf '#include <%s>\n' "$@")
}

# Each header alone and twice, each before and after each other; once, all of them in all orders.
header_orders() { # COMPILER STANDARD...
	local compiler=$1 standard a b
	shift
	local all=(qvm/types.h qvm/guest.h qvm/vdev-core.h qvm/gasp.h qvm/log.h gasp/host.h)
	for standard; do
		for a in "${all[@]}"; do
			echo "$compiler $standard $a"
			for b in "${all[@]}"; do echo "$compiler $standard $a $b"; done
		done
	done
	[ "$compiler" = gcc ] && all_orders "gcc c11" "${all[@]}"
}

# all_orders PREFIX WORD...: a line for each order of the words.
all_orders() {
	local prefix=$1 at
	shift
	[ $# -gt 1 ] || { echo "$prefix $1"; return; }
	for ((at = 1; at <= $#; at++)); do
		all_orders "$prefix ${!at}" "${@:1:at-1}" "${@:at+1}"
	done
}

header_matrix() {
	local compiler standards
	check "all headers are known here" test "$(find include -name '*.h' | wc -l)" = 6
	while read -r compiler standards; do
		have "$compiler" || { echo "skip with $compiler: $compiler is not installed"; continue; }
		header_orders "$compiler" $standards | in_parallel header_order
	done <<-end
		gcc c99 c11 c17
		clang c99 c11 c17
		g++ c++11 c++20
		clang++ c++11 c++20
	end
}

# ctests/abi/layouts.c: every size, offset and value, asserted while it is compiled.
layouts_and_values() {
	local compiler standards standard language name
	for name in $(cat include/*/*.h | grep -oE '^ *#define [A-Z]\w+|^    [A-Z]\w+ =' | grep -oE '[A-Z]\w+' | grep -v '^LIBGASP_'); do
		check "ctests/abi/layouts.c asserts the value of $name" grep -qw "$name" ctests/abi/layouts.c
	done
	while read -r compiler language standards; do
		have "$compiler" || { echo "skip with $compiler: $compiler is not installed"; continue; }
		for standard in $standards; do
			check "$compiler $standard" "$compiler" -x $language -std=$standard $warnings \
				-fsyntax-only -I"$STAGE_PREFIX/include" ctests/abi/layouts.c
		done
	done <<-end
		gcc c c11 c17
		clang c c11 c17
		g++ c++ c++11 c++20
		clang++ c++ c++11 c++20
	end
}

# Three links: the headers are what cbindgen makes of the Rust sources (a Rust test), the compiler
# compares them with the stub, abidiff compares the stub with what is in the library.
stub() { $CC -std=c11 $warnings -g -fPIC -shared -Wl,-soname,libgasp.so.1 "$@" abi/stub.c; }

abi_types() {
	check "abi/stub.c agrees with the headers" \
		stub -DWITH_HEADERS -I"$STAGE_PREFIX/include" -o $logs/stub-headers.so
	check "abi/stub.c compiles alone" stub -o $logs/stub.so
	check "abi/stub.c has the names of abi/symbols.txt" diff <(grep -v '^#' abi/symbols.txt) \
		<(nm -D --defined-only $logs/stub.so | awk '$2 == "T" { print $3 }' | sort)
	have abidiff || { echo "skip comparison of types: abidiff is not installed"; return; }
	check "abidiff can tell the functions apart" test -z "$(nm -D --defined-only "$shared" | cut -d' ' -f1 | sort | uniq -d)"
	check "stub and library have the same types" abidiff $logs/stub.so "$shared"
	check "abidiff finds a planted change" planted_width
}

planted_width() {
	stub -DPLANT_WIDTH -o $logs/stub-planted.so || return
	abidiff $logs/stub-planted.so "$shared" >$logs/planted.txt && return 1
	grep -q 'gram_reserve' $logs/planted.txt
}

# ---- C programs -----------------------------------------------------------------------------

# run NAME COMMAND...: a program that reports in ok lines. A crash, a timeout and silence fail.
run() {
	local name=$1 status=0 out
	shift
	out=$(timeout 300 "$@" 2>&1) || status=$?
	if [ $status = 0 ] && grep -Eq '^(ok|skip) ' <<<"$out" && ! grep -q '^not ok ' <<<"$out"; then
		grep -E '^(ok|skip) ' <<<"$out"
		return
	fi
	printf '%s: %s\n%s\n' "$name" "$*" "$out"
	grep -q '^not ok ' <<<"$out" || echo "not ok $name: ended with status $status"
}

# c_program VARIANT SOURCE: build one of ctests/*/*.c against the installed tree in one way; run it.
c_program() {
	local variant=$1 source=$2 name exe flags libs before=()
	name=${source#ctests/} name=${name%.c} exe=$logs/$variant/$name
	flags="$warnings -O1 -g -pthread -Ictests/harness $(ctests/harness/pc.sh cflags)" libs="$(ctests/harness/pc.sh libs) -ldl"
	local static_libs
	static_libs=$(ctests/harness/pc.sh static | sed 's/-lgasp/-l:libgasp.a/')
	before=(env LD_LIBRARY_PATH="$STAGE_PREFIX/lib")
	case $variant in
	c11) compile="$CC -std=c11 $flags $source -o $exe $libs" ;;
	c++17) compile="$CXX -x c++ -std=c++17 $flags $source -o $exe $libs" ;;
	static) compile="$CC -std=c11 $flags $source -o $exe $static_libs" before=() ;;
	sanitized)
		compile="$CC -std=c11 $flags -fsanitize=address,undefined -fno-sanitize-recover=all $source -o $exe $static_libs"
		before=(env GASP_TEST_SMALL=1) ;;
	memcheck)
		exe=$logs/c11/$name compile=true # built there
		before+=(GASP_TEST_SMALL=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite) ;;
	esac
	mkdir -p "$(dirname "$logs/$variant/$name")"
	local out
	if out=$($compile 2>&1); then
		run "$name" "${before[@]}" "$exe"
	else
		printf '%s\n%s\nnot ok %s: does not compile\n' "$compile" "$out" "$name"
	fi
}

# c_tests VARIANT TOOL: all of ctests/*/*.c in one way.
c_tests() {
	have "$2" || { echo "skip all: $2 is not installed"; return; }
	[ "$1" != sanitized ] || can_sanitize || { echo "skip all: $CC cannot build with ASan and UBSan here"; return; }
	export -f run
	printf '%s\n' ctests/*/*.c | sed "s/^/$1 /" | in_parallel c_program
}

can_sanitize() {
	$CC -fsanitize=address,undefined -x c - -o $logs/sanitizers <<<'int main(void) { return 0; }' && $logs/sanitizers
}

# The example of README.md, as printed there.
readme_example() {
	awk '/^```/ { if (on) exit; on = /^```c$/; next } on' README.md >$logs/readme.c
	[ -s $logs/readme.c ] || { echo "not ok README.md has no example (a block that starts with \`\`\`c)"; return; }
	check "README's example compiles" $CC -std=c11 $warnings $(ctests/harness/pc.sh cflags) \
		$logs/readme.c -o $logs/readme $(ctests/harness/pc.sh libs)
	check "README's example runs" env LD_LIBRARY_PATH="$lib" $logs/readme
}

# A guest where KVM works, else a script; both find the same.
make_run() {
	check "make run" make --no-print-directory run
	build/vm/gasp-vm --map --vdev-path build/vm vm/examples/demo.conf >$logs/run.txt 2>&1
	check "the guest comes to its end" grep -qx 'demo: done' $logs/run.txt
	check "the map before has 8 rows" test "$(sed '/^demo: /,$d' $logs/run.txt | grep -cE '^    (0x|io )')" = 8
	check "watched pages trap afterwards" grep -q '^  + 0x00022000.*VIRT_WR.*vdev dirty' $logs/run.txt
	check "hits are counted" grep -q '^    vdev watchdog, cookie 0 .* 0 .* 5 ' $logs/run.txt
	check "make layout" make --no-print-directory layout
	build/pc_layout build/vdev_window.so >$logs/demo.txt
	check "the map before has 9 rows" test "$(grep -c '^    0x' $logs/demo.txt)" -ge 9
	check "the plugin's window traps" grep -q '^  + .*VIRT_RD VIRT_WR' $logs/demo.txt
	check "the refusal is explained" grep -q 'overlaps' $logs/demo.txt
}

# ---- gasp-vm --------------------------------------------------------------------------------

# A test that cannot run here prints `skip NAME: reason` with its full name, and libtest takes it
# for passed.
gasp_vm_units() {
	if $CARGO fmt --version >/dev/null 2>&1; then
		check "cargo fmt" $CARGO fmt --check -p gasp-vm
	else
		echo "skip cargo fmt: rustfmt is not installed"
	fi
	if $CARGO clippy --version >/dev/null 2>&1; then
		check "cargo clippy" $CARGO clippy -q --locked -p gasp-vm --all-targets -- -D warnings
	else
		echo "skip cargo clippy: clippy is not installed"
	fi
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private-intra-doc-links" \
		check "cargo doc" $CARGO doc -q --locked -p gasp-vm --no-deps --document-private-items
	libtest $CARGO test --locked -p gasp-vm --no-fail-fast -- --nocapture --test-threads=2 | skipped_are_not_ok
	return "${PIPESTATUS[0]}"
}

skipped_are_not_ok() {
	awk '{ line[NR] = $0 }
		/^skip / { name = $2; sub(/:$/, "", name); skipped["ok " name] = 1 }
		END { for (i = 1; i <= NR; i++) if (!(line[i] in skipped || said[line[i]]++ && line[i] ~ /^skip /)) print line[i] }'
}

gasp_vm_build() { CARGO_TERM_QUIET=true check "make vm" make --no-print-directory vm; }

# ---- the ways into a process ----------------------------------------------------------------

ways_in() {
	local dir=$logs/ways flags libs private
	flags="-std=c11 $warnings -g $(ctests/harness/pc.sh cflags)" libs="$(ctests/harness/pc.sh libs)"
	private=$(ctests/harness/pc.sh static | sed 's/.*-lgasp//')
	mkdir -p "$dir"
	cd ctests/ways/programs || return
	check "build a plugin without libgasp" $CC $flags -shared -fPIC plugin.c -o "$dir/plain.so"
	check "build a plugin with -lgasp" $CC $flags -shared -fPIC plugin.c -o "$dir/linked.so" $libs
	check "build a host without libgasp" $CC $flags host.c -o "$dir/bare" -ldl
	check "build a host with -lgasp" $CC $flags -DHOST_HAS_GASP host.c -o "$dir/host" $libs -ldl
	check "build a host with all of libgasp.a" $CC $flags -DHOST_HAS_GASP -rdynamic host.c -o "$dir/whole" \
		-Wl,--whole-archive "$lib/libgasp.a" -Wl,--no-whole-archive $private
	check "build a host with -u and libgasp.a" $CC $flags -rdynamic host.c -o "$dir/wanted" \
		$(grep -v '^#' ../../../abi/symbols.txt | sed 's/^/-Wl,-u,/') "$lib/libgasp.a" $private
	check "build another library with these names" $CC $flags -shared -fPIC -Wl,-soname,libother.so \
		other.c -o "$dir/libother.so"
	check "build a plugin whose device traps" $CC $flags -shared -fPIC trap_plugin.c -o "$dir/trap.so"
	check "build a host that unloads it" $CC $flags -pthread unload.c -o "$dir/unload" $libs -ldl
	check "build a program for that library" $CC $flags program.c -o "$dir/program" -L"$dir" -lother

	local path="LD_LIBRARY_PATH=$lib:$dir"
	run "plugin with -lgasp, host without libgasp" env "$path" "$dir/bare" "$dir/linked.so"
	run "plugin with -lgasp, host with -lgasp" env "$path" "$dir/host" "$dir/linked.so"
	run "plain plugin, host with -lgasp" env "$path" "$dir/host" "$dir/plain.so"
	run "plain plugin, host with all of libgasp.a" "$dir/whole" "$dir/plain.so"
	run "plain plugin, host with -u and libgasp.a" "$dir/wanted" "$dir/plain.so"
	run "plain plugin, host without libgasp" "$dir/bare" "$dir/plain.so" unresolved
	run "plain plugin, host without libgasp, preloaded" env LD_PRELOAD="$shared" "$dir/bare" "$dir/plain.so"
	run "a plugin unloaded under load" env "$path" "$dir/unload" "$dir/trap.so"
	run "program for another library" env "$path" "$dir/program" other
	run "program for another library, preloaded" env "$path" LD_PRELOAD="$shared" "$dir/program" libgasp
}

# ---- the benchmark --------------------------------------------------------------------------

# What it checks before it measures: every design against an oracle. Times are not looked at.
benchmark() {
	local packages="-p gasp-bench -p gasp-bench-peers" status=0
	if $CARGO fmt --version >/dev/null 2>&1; then
		check "cargo fmt" $CARGO fmt --check $packages
	else
		echo "skip cargo fmt: rustfmt is not installed"
	fi
	if $CARGO clippy --version >/dev/null 2>&1; then
		check "cargo clippy" $CARGO clippy -q --locked $packages --all-targets -- -D warnings
	else
		echo "skip cargo clippy: clippy is not installed"
	fi
	check "cargo test" $CARGO test -q --locked $packages
	make --no-print-directory -C bench quick LIBDIR="$lib" >$logs/bench.txt 2>&1 || status=$?
	if [ $status = 0 ] && grep -q '^gasp-bench: checking: libgasp$' $logs/bench.txt; then
		sed -n 's/^gasp-bench: checking: /ok answers of /p' $logs/bench.txt
	else
		cat $logs/bench.txt
		echo "not ok make bench-quick: ended with status $status"
	fi
}

# ---- all of them ----------------------------------------------------------------------------

groups="format clippy doc rust loom tsan install symbols soname headers layouts abi c readme ways vm run bench"
wanted=" ${*:-$groups} "
for word in $wanted; do
	[[ " $groups " == *" $word "* ]] || { echo "no group $word; there are: $groups"; exit 2; }
done

# on KEY TITLE COMMAND...: run a group if it is wanted.
on() { [[ "$wanted" != *" $1 "* ]] || group "${@:2}"; }

# with_library KEY TITLE COMMAND...: as on, for a group that needs the staged library.
with_library() {
	if [ $built = yes ]; then
		on "$@"
	elif [[ "$wanted" == *" $1 "* ]]; then
		skip_group "$2" "the library was not built"
	fi
}

echo "Checking libgasp. The first run builds everything, which takes some minutes."
on format "Rust: format" rust_format
on clippy "Rust: clippy, warnings denied" rust_clippy
on doc "Rust: documentation, warnings denied" rust_doc
on rust "Rust: unit, model, race and header tests" rust_tests
on loom "Rust: the protocols of the map and of removal, in every order" exhaustive
on tsan "Rust: races, under ThreadSanitizer" thread_sanitizer

before=$failed built=yes
group "release build, staged install" release_build
[ $failed = "$before" ] || built=no
with_library install "make install and uninstall" install_and_uninstall
with_library symbols "exported symbols" exported_symbols
with_library soname "SONAME and system libraries" shared_object
with_library headers "headers, each alone and in any order" header_matrix
with_library layouts "layouts and values in C and C++" layouts_and_values
with_library abi "types, against the C stub" abi_types
with_library c "C tests: shared, C11" c_tests c11 "${CC%% *}"
with_library c "C tests: shared, C++17" c_tests c++17 "${CXX%% *}"
with_library c "C tests: static, C11" c_tests static "${CC%% *}"
with_library c "C tests: static, with ASan and UBSan" c_tests sanitized "${CC%% *}"
with_library c "C tests: shared, under valgrind" c_tests memcheck valgrind
with_library readme "README's example" readme_example
with_library ways "ways in: plugin, host, preload" ways_in
with_library vm "gasp-vm: format, clippy, unit tests" gasp_vm_units
with_library vm "gasp-vm: release build, vdevs, guests" gasp_vm_build
with_library vm "gasp-vm: end to end" ctests/vm/vm.sh
with_library run "make run" make_run
with_library bench "benchmark: answers, nothing timed" benchmark
summary
