# libgasp: build, demonstrate, test, install. `make help` lists what there is.
# SPDX-License-Identifier: MIT OR Apache-2.0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR    ?=

CARGO   ?= cargo
INSTALL ?= install
CFLAGS  ?= -O2 -g

# The version is written down once, in Cargo.toml; the SONAME, which names the ABI, in build.rs.
VERSION := $(shell sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)
SONAME  := $(shell sed -n 's/.*"\(libgasp\.so\.[0-9]*\)".*/\1/p' build.rs)
VDEV_SONAME := libgasp-vdev.so.1

CARGO_TARGET_DIR ?= $(CURDIR)/target
RELEASE  := $(CARGO_TARGET_DIR)/release
SHARED   := build/libgasp.so
STATIC   := build/libgasp.a
SOURCES  := Cargo.toml Cargo.lock build.rs $(shell find src abi -name '*.rs' -o -name '*.s' -o -name '*.txt')
VDEV_SHARED  := build/libgasp-vdev.so
VDEV_STATIC  := build/libgasp-vdev.a
VDEV_SOURCES := $(SOURCES) vdev/Cargo.toml vdev/build.rs vdev/symbols.txt \
	$(shell find vdev/src vdev/c safe text -name '*.rs' -o -name '*.[ch]' -o -name '*.toml')
VDEVS    := $(patsubst vdevs/%.c,build/gasp/vdevs/%.so,$(wildcard vdevs/vdev-*.c))
HEADERS  := $(wildcard include/qvm/*.h include/gasp/*.h)

# The tests and the demo use an installed tree, as everybody else does.
STAGE        := $(CURDIR)/build/stage
STAGE_PREFIX := $(STAGE)/usr/local
STRICT       := -std=c11 -Wall -Wextra -Wpedantic -Werror

export CARGO CC CXX CARGO_TARGET_DIR STAGE_PREFIX SONAME VDEV_SONAME

.PHONY: all FORCE vm run layout test heavy test-faults test-kvm test-debian bench bench-quick bench-vm headers install uninstall deps deps-kvm clean help
.DELETE_ON_ERROR:

## all: build the libraries, gasp-vm and the vdevs in build/, where programs can be linked and run
all: $(SHARED) $(VDEV_SHARED) $(VDEV_STATIC) $(VDEVS) build/vm/gasp-vm

# Without the rlib among the crate types, or else rustc leaves link-time optimisation out.
# The copies in build/ are out of the reach of other cargo commands.
$(SHARED): $(SOURCES)
	$(CARGO) rustc --release --locked --lib --crate-type cdylib,staticlib
	@mkdir -p build && cp $(RELEASE)/libgasp.so $(RELEASE)/libgasp.a build && ln -sf libgasp.so build/$(SONAME)

# The compiler of C makes the shared library of Rust's static one, because Rust does not export
# functions that are written in C, such as those with "...".
$(VDEV_SHARED): $(SHARED) $(VDEV_SOURCES) $(HEADERS)
	GASP_LIBDIR=$(CURDIR)/build $(CARGO) rustc --release --locked -p gasp-vdev --crate-type staticlib
	@{ echo '{ global:'; sed '/^#/d; s/$$/;/' vdev/symbols.txt; echo 'local: *; };'; } > build/vdev.map
	$(CC) -shared -o $@ -Wl,-soname,$(VDEV_SONAME),--version-script,build/vdev.map,--gc-sections \
		-Wl,-z,relro,-z,now,--no-undefined -Wl,--whole-archive $(RELEASE)/libgasp_vdev.a \
		-Wl,--no-whole-archive -Lbuild -lgasp -lgcc_s -lpthread -ldl -lm
	@ln -sf $(@F) build/$(VDEV_SONAME)

# With libgasp inside: two archives of Rust do not go together.
$(VDEV_STATIC): $(VDEV_SHARED)
	GASP_LIBDIR=$(CURDIR)/build $(CARGO) rustc --release --locked -p gasp-vdev --features static --crate-type staticlib
	@cp $(RELEASE)/libgasp_vdev.a $@

# As for qvm: without libraries, because the program that loads a vdev has the functions.
build/gasp/vdevs/%.so: vdevs/%.c $(HEADERS)
	@mkdir -p $(@D)
	@echo "Building $*: a virtual device, in C"
	@$(CC) $(STRICT) $(CFLAGS) -Iinclude -shared -fPIC -pthread $< -o $@

# Cargo decides whether to build anything.
build/vm/gasp-vm: FORCE $(VDEV_SHARED)
	@echo "Building gasp-vm"
	@GASP_LIBDIR=$(CURDIR)/build $(CARGO) build --release --locked -p gasp-vm
	@mkdir -p $(@D)
	@cmp -s $(RELEASE)/gasp-vm $@ || cp $(RELEASE)/gasp-vm $@

## vm: build gasp-vm, the vdevs, and the guests of the examples
vm: all
	@$(MAKE) --no-print-directory -C vm BUILD=$(CURDIR)/build/vm

## run: the demo: gasp-vm boots a guest that talks to virtual devices (a script, if KVM does not work)
run: vm
	@echo
	@demo() { build/vm/gasp-vm "$$@" --map vm/examples/demo.conf; }; \
	demo || { [ $$? = 64 ] && echo "No vCPU can run here, so a script takes its place:" && demo --no-kvm; }

## layout: a smaller demo, of the map alone: a PC's memory, and a vdev that takes a window out of it
layout: build/pc_layout build/vdev_window.so
	@echo
	@build/pc_layout build/vdev_window.so

# Linked as a VMM would be; the path to the staged library is for this tree only.
build/pc_layout: examples/pc_layout.c build/stage.done
	@echo "Building the demo: a host, and a device plugin"
	@$(CC) $(STRICT) $(CFLAGS) -I$(STAGE_PREFIX)/include $< -o $@ \
		-L$(STAGE_PREFIX)/lib -lgasp -ldl -Wl,-rpath,$(STAGE_PREFIX)/lib

# Linked as a vdev is: without libgasp, its gasp_* come from the host that loads it.
build/vdev_window.so: examples/vdev_window.c build/stage.done
	@$(CC) $(STRICT) $(CFLAGS) -I$(STAGE_PREFIX)/include -shared -fPIC $< -o $@

## test: every check; what cannot run here is skipped, counted and named (ONLY="symbols c" runs some)
test: build/stage.done vm
	@ctests/harness/run $(ONLY)

## heavy: the long forms of the checks that have one, test-faults and test-kvm (an hour)
heavy: build/stage.done vm
	GASP_ROUNDS=200000 GASP_MODEL_STEPS=100000 GASP_SECONDS=60 $(CARGO) test --release --locked
	GASP_STRESS_SECONDS=60 ctests/harness/run c ways
	LOOM_MAX_PREEMPTIONS=5 ctests/harness/run loom
	GASP_SECONDS=60 ctests/harness/run tsan
	GASP_VM_ROUNDS=10000 GASP_VM_STEPS=200000 $(CARGO) test --release --locked -p gasp-vm
	tests/faults/run
	ctests/harness/run kvm

## test-faults: plant faults in a copy of the code, one at a time: a test has to find each (ten minutes)
test-faults:
	@tests/faults/run

## test-kvm: gasp-vm's tests on real KVM, in an emulated machine: needs QEMU, but no /dev/kvm
test-kvm: build/stage.done vm
	@ctests/harness/run $(or $(ONLY),kvm)

## test-debian: README's packages and its two commands in a fresh Debian 13 (needs root and debootstrap)
test-debian:
	@tests/debian13.sh

## bench: measure beside other designs, and what vdevs add (five minutes, on a quiet machine); results in build/bench
bench: $(VDEV_SHARED)
	@$(MAKE) --no-print-directory -C bench bench LIBDIR=$(CURDIR)/build

## bench-quick: only check that all designs give right answers; nothing is timed
bench-quick: $(VDEV_SHARED)
	@$(MAKE) --no-print-directory -C bench quick LIBDIR=$(CURDIR)/build

## bench-vm: what gasp-vm adds to KVM, beside bare KVM (one minute, on a quiet machine)
bench-vm: build/stage.done
	@$(CARGO) test --release --locked -p gasp-vm -- --ignored --nocapture --test-threads 1 bench_

## headers: generate include/ from the Rust sources
headers:
	GASP_BLESS=1 $(CARGO) test --locked --test headers

## install: install libraries, headers, gasp-vm and vdevs under DESTDIR and PREFIX (also BINDIR, LIBDIR, INCLUDEDIR)
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/gasp/vdevs \
		$(DESTDIR)$(INCLUDEDIR)/qvm $(DESTDIR)$(INCLUDEDIR)/gasp
	$(call install-library,libgasp,$(SONAME),gasp.pc)
	$(call install-library,libgasp-vdev,$(VDEV_SONAME),gasp-vdev.pc)
	$(INSTALL) -m 644 include/qvm/*.h $(DESTDIR)$(INCLUDEDIR)/qvm
	$(INSTALL) -m 644 include/gasp/*.h $(DESTDIR)$(INCLUDEDIR)/gasp
	$(INSTALL) -m 755 $(VDEVS) $(DESTDIR)$(LIBDIR)/gasp/vdevs
	$(INSTALL) -m 755 build/vm/gasp-vm $(DESTDIR)$(BINDIR)
	@test -n "$(DESTDIR)" || echo "Installed. If programs do not find $(SONAME), run ldconfig."

# NAME,SONAME,PC
define install-library
$(INSTALL) -m 755 build/$(1).so $(DESTDIR)$(LIBDIR)/$(1).so.$(VERSION)
ln -sf $(1).so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(2)
ln -sf $(2) $(DESTDIR)$(LIBDIR)/$(1).so
$(INSTALL) -m 644 build/$(1).a $(DESTDIR)$(LIBDIR)/$(1).a
sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
	-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
	$(3).in > $(DESTDIR)$(LIBDIR)/pkgconfig/$(3)
chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/$(3)
endef

## uninstall: remove what install put there
uninstall:
	rm -f $(foreach name,libgasp libgasp-vdev,$(addprefix $(DESTDIR)$(LIBDIR)/,$(name).so $(name).so.$(VERSION) $(name).a))
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,$(SONAME) $(VDEV_SONAME) pkgconfig/gasp.pc pkgconfig/gasp-vdev.pc)
	rm -f $(VDEVS:build/%=$(DESTDIR)$(LIBDIR)/%) $(DESTDIR)$(BINDIR)/gasp-vm
	rm -f $(HEADERS:include/%=$(DESTDIR)$(INCLUDEDIR)/%)
	@rmdir $(DESTDIR)$(INCLUDEDIR)/qvm $(DESTDIR)$(INCLUDEDIR)/gasp $(DESTDIR)$(LIBDIR)/gasp/vdevs \
		$(DESTDIR)$(LIBDIR)/gasp 2>/dev/null || true

# A tree as `make install` makes it, new whenever something in it is newer.
build/stage.done: $(SHARED) $(VDEV_SHARED) $(VDEV_STATIC) $(VDEVS) build/vm/gasp-vm $(HEADERS) gasp.pc.in gasp-vdev.pc.in Makefile
	@rm -rf $(STAGE) && mkdir -p $(STAGE)
	@$(MAKE) --no-print-directory -s install DESTDIR=$(STAGE) PREFIX=/usr/local \
		BINDIR=/usr/local/bin LIBDIR=/usr/local/lib INCLUDEDIR=/usr/local/include
	@touch $@

## deps: install the tools that the optional checks need, and unpack a kernel (Debian, Ubuntu)
TOOLS := perl g++ clang abigail-tools valgrind pkg-config
deps:
	$(call install-tools,$(TOOLS))
	@ctests/vm/kernel || echo "There is no package linux-image-amd64 here: gasp-vm's test with it will be skipped."
	@! command -v rustup >/dev/null || rustup component add rustfmt clippy

## deps-kvm: install what test-kvm needs, QEMU from backports if apt has them (Debian, Ubuntu; 100 MB)
deps-kvm:
	$(call install-tools,qemu-system-x86 busybox-static cpio,$$(apt-cache policy | sed -n 's/.*n=\([a-z]*-backports\),.*/-t \1/p' | head -n 1))

define install-tools
@echo "Installing the tools of the optional checks: $(1)"
@command -v apt-get >/dev/null || { echo "No apt-get here: install their counterparts by hand."; exit 1; }
@if [ "$$(id -u)" = 0 ]; then run=; else run=sudo; fi; \
$$run apt-get update -qq && \
DEBIAN_FRONTEND=noninteractive $$run apt-get install -y --no-install-recommends $(2) $(1)
endef

## clean: remove everything that was built
clean:
	rm -rf build
	$(CARGO) clean

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): /  make \1\t/p' Makefile | expand -t 20
