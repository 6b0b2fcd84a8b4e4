# libgasp: build, demonstrate, test, install. `make help` lists what there is.
# SPDX-License-Identifier: MIT OR Apache-2.0

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR    ?=

CARGO   ?= cargo
INSTALL ?= install
CFLAGS  ?= -O2 -g

# The version is written down once, in Cargo.toml; the SONAME, which names the ABI, in build.rs.
VERSION := $(shell sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)
SONAME  := $(shell sed -n 's/.*"\(libgasp\.so\.[0-9]*\)".*/\1/p' build.rs)

CARGO_TARGET_DIR ?= $(CURDIR)/target
RELEASE  := $(CARGO_TARGET_DIR)/release
SHARED   := build/libgasp.so
STATIC   := build/libgasp.a
SOURCES  := Cargo.toml Cargo.lock build.rs $(shell find src abi -name '*.rs' -o -name '*.s' -o -name '*.txt')
HEADERS  := $(wildcard include/qvm/*.h include/gasp/*.h)

# The tests and the demo use an installed tree, as everybody else does.
STAGE        := $(CURDIR)/build/stage
STAGE_PREFIX := $(STAGE)/usr/local
STRICT       := -std=c11 -Wall -Wextra -Wpedantic -Werror

export CARGO CC CXX CARGO_TARGET_DIR STAGE_PREFIX SONAME

.PHONY: all vm run layout test heavy test-faults test-kvm test-debian bench bench-quick bench-vm headers install uninstall deps deps-kvm clean help
.DELETE_ON_ERROR:

## all: build libgasp.so and libgasp.a in build/, where programs can be linked with them and run
all: $(SHARED)

# Without the rlib among the crate types, or else rustc leaves link-time optimisation out.
# The copies in build/ are out of the reach of other cargo commands.
$(SHARED): $(SOURCES)
	$(CARGO) rustc --release --locked --lib --crate-type cdylib,staticlib
	@mkdir -p build && cp $(RELEASE)/libgasp.so $(RELEASE)/libgasp.a build && ln -sf libgasp.so build/$(SONAME)

## vm: build gasp-vm, its example vdevs and its guests, in build/vm
vm: build/stage.done
	@$(MAKE) --no-print-directory -C vm BUILD=$(CURDIR)/build/vm

## run: the demo: gasp-vm boots a guest that talks to virtual devices (without /dev/kvm: a script)
run: vm
	@echo
	@build/vm/gasp-vm --map --vdev-path build/vm vm/examples/demo.conf

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

## bench: measure beside other designs (five minutes, on a quiet machine); results in build/bench
bench: $(SHARED)
	@$(MAKE) --no-print-directory -C bench bench LIBDIR=$(CURDIR)/build

## bench-quick: only check that all designs give right answers; nothing is timed
bench-quick: $(SHARED)
	@$(MAKE) --no-print-directory -C bench quick LIBDIR=$(CURDIR)/build

## bench-vm: what gasp-vm adds to KVM, beside bare KVM (one minute, on a quiet machine)
bench-vm: build/stage.done
	@$(CARGO) test --release --locked -p gasp-vm -- --ignored --nocapture --test-threads 1 bench_

## headers: generate include/ from the Rust sources
headers:
	GASP_BLESS=1 $(CARGO) test --locked --test headers

## install: install under DESTDIR and PREFIX (also LIBDIR, INCLUDEDIR)
install: $(SHARED)
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/qvm $(DESTDIR)$(INCLUDEDIR)/gasp
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/libgasp.so.$(VERSION)
	ln -sf libgasp.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libgasp.so
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/libgasp.a
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
		gasp.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/gasp.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/gasp.pc
	$(INSTALL) -m 644 include/qvm/*.h $(DESTDIR)$(INCLUDEDIR)/qvm
	$(INSTALL) -m 644 include/gasp/*.h $(DESTDIR)$(INCLUDEDIR)/gasp
	@test -n "$(DESTDIR)" || echo "Installed. If programs do not find $(SONAME), run ldconfig."

## uninstall: remove what install put there
uninstall:
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libgasp.so $(SONAME) libgasp.so.$(VERSION) libgasp.a pkgconfig/gasp.pc)
	rm -f $(HEADERS:include/%=$(DESTDIR)$(INCLUDEDIR)/%)
	@rmdir $(DESTDIR)$(INCLUDEDIR)/qvm $(DESTDIR)$(INCLUDEDIR)/gasp 2>/dev/null || true

# A tree as `make install` makes it, new whenever the library, a header or gasp.pc is newer.
build/stage.done: $(SHARED) $(HEADERS) gasp.pc.in Makefile
	@rm -rf $(STAGE) && mkdir -p $(STAGE)
	@$(MAKE) --no-print-directory -s install DESTDIR=$(STAGE) PREFIX=/usr/local \
		LIBDIR=/usr/local/lib INCLUDEDIR=/usr/local/include
	@touch $@

## deps: install the tools that the optional checks need (Debian, Ubuntu)
TOOLS := perl g++ clang abigail-tools valgrind pkg-config
deps:
	$(call install-tools,$(TOOLS))
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
