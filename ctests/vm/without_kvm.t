#!/usr/bin/env bash
# Where there is no KVM: in a mount namespace in which /dev/kvm is something else.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"

name="without /dev/kvm: the script beside it"
if ! [ -e /dev/kvm ]; then
	gives "$name" 0 "demo: done" "$examples/demo.conf"
	done_testing
fi
hide='mount --bind /dev/null /dev/kvm && exec "$@"'
unshare -m sh -c "$hide" - true 2>/dev/null || skip_all "no mount namespace can be made here"
printf '#!/bin/sh\nexec unshare -m sh -c '\''%s'\'' - "%s" "$@"\n' "$hide" "$vm" >"$work/without-kvm"
chmod +x "$work/without-kvm"
vm=$work/without-kvm
gives "$name" 0 "demo: done" "$examples/demo.conf"
gives "without /dev/kvm: it says so" 0 "gasp-vm: no vCPU runs: the accesses are those of $examples/demo.trace" "$examples/demo.conf"
config alone 'ram 64k'
gives "without /dev/kvm: and without a script" 64 "gasp-vm: /dev/kvm does not *" "$work/alone.conf"
done_testing
