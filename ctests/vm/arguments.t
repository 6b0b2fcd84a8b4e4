#!/usr/bin/env bash
# The command line.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"
gives "--help" 0 "usage: gasp-vm *" --help
gives "--version" 0 "gasp-vm $(sed -n 's/^version = "\(.*\)"/\1/p' vm/Cargo.toml | head -n 1)" --version
gives "no configuration" 64 "gasp-vm: expected CONFIG, a configuration file (--help explains)"
gives "two configurations" 64 "gasp-vm: expected one CONFIG, found two (--help explains)" a b
gives "an unknown option" 64 "gasp-vm: expected an option that --help lists, found --kwm (--help explains)" --kwm a
gives "an option without its argument" 64 "gasp-vm: expected a file after --trace (--help explains)" a --trace
gives "a configuration that is not there" 64 "gasp-vm: $work/none.conf: No such file or directory (os error 2)" "$work/none.conf"
config empty ''
gives "a script that is not there" 64 "gasp-vm: $work/empty.trace: No such file or directory (os error 2)" --no-kvm "$work/empty.conf"
done_testing
