#!/usr/bin/env bash
# The command line.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
gives "--help" 0 "usage: gasp-vm *" --help
gives "-h" 0 "usage: gasp-vm *" -h
version=$(sed -n 's/^version = "\(.*\)"/\1/p' vm/Cargo.toml | head -n 1)
gives "--version" 0 "gasp-vm $version" --version
gives "-V" 0 "gasp-vm $version" -V
gives "no configuration" 64 "gasp-vm: expected a configuration: a FILE, or its words (--help explains)"
gives "an unknown option" 64 "gasp-vm: expected an option that --help lists, found --mpa (--help explains)" --mpa a
gives "an option without its argument" 64 "gasp-vm: expected a file after --trace (--help explains)" a --trace
gives "a configuration that is not there" 65 "gasp-vm: command line:1:1: expected a file that can be read (No such file or directory (os error 2)), found '$work/none.conf'" "$work/none.conf"
gives "a word that is none" 65 "gasp-vm: command line:1:1: expected an option, found 'rma'; did you mean 'ram'?" rma 1m
config empty ''
gives "a script that is not there" 64 "gasp-vm: $work/empty.trace: No such file or directory (os error 2)" --no-kvm "$work/empty.conf"

# Files and words in any order; what is read last counts.
config one 'system one ram 64k'
config two 'vdev serial\n'
script one 'text io 0x2f8 "second\\n"'
gives "files and words" 0 second --no-kvm "@$work/one.conf" "$work/two.conf" loc io:0x2f8 -- cmdline --map
BOX=64k gives "the environment" 0 "Exiting: dryrun completed" --no-kvm --trace "$work/one.trace" ram '$env{BOX}' dryrun
gives "file names are relative to the working directory" 0 "Exiting: dryrun completed" --no-kvm vm/examples/demo.conf dryrun
gives "dryrun: and no vCPU" 64 "gasp-vm: expected --trace FILE: no file has a script beside it" --no-kvm ram 64k dryrun

# --check says what becomes of each word, and runs nothing.
gives "--check: done" 0 "load * ctests/vm/configs/memory.conf:9:1 * done" --no-kvm --trace "$work/one.trace" --check ctests/vm/configs/memory.conf
gives "--check: without effect" 0 "cpu sched *no effect: *" --no-kvm --trace "$work/one.trace" --check ctests/vm/configs/memory.conf
gives "--check: it would run" 0 "Exiting: dryrun completed" --no-kvm --trace "$work/one.trace" --check ctests/vm/configs/memory.conf
gives "--check: refused" 65 "pass intr *refused: *" --check ctests/vm/configs/x86-devices.conf
done_testing
