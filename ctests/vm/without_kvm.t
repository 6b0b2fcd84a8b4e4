#!/usr/bin/env bash
# Where KVM is missing or does not work: in a mount namespace in which /dev/kvm is something else.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/gives.sh"

# instead NAME COMMAND: gasp-vm is run by a script that has COMMAND put something else at /dev/kvm.
instead() {
	printf '#!/bin/sh\nexec unshare -m sh -c '\''%s && exec "$@"'\'' - "%s" "$@"\n' "$1" "$program" >"$work/gasp-vm"
	chmod +x "$work/gasp-vm"
	vm=$work/gasp-vm
}

program=$vm missing="gasp-vm: there is no /dev/kvm: *"
config alone 'ram 64k'
if [ -e /dev/kvm ]; then
	unshare -m true 2>/dev/null || skip_all "no mount namespace can be made here"
	# A device node without a driver.
	instead 'mount -t tmpfs none /mnt && mknod /mnt/kvm c 10 254 && mount --bind /mnt/kvm /dev/kvm'
	"$vm" --kvm "$work/alone.conf" 2>&1 | grep -q "${missing%\*}" || skip_all "no device node can be made here"
fi
gives "without /dev/kvm: the script beside it" 0 "demo: done" "$examples/demo.conf"
gives "without /dev/kvm: the reason" 0 "$missing" "$examples/demo.conf"
gives "without /dev/kvm: it says what it does" 0 "gasp-vm: no vCPU runs: the accesses are those of $examples/demo.trace" "$examples/demo.conf"
gives "without /dev/kvm: and without a script" 64 "$missing" "$work/alone.conf"
gives "without /dev/kvm: --kvm" 64 "$missing" --kvm "$examples/demo.conf"
if [ -e /dev/kvm ]; then
	instead 'mount --bind /dev/null /dev/kvm'
	gives "/dev/kvm is something else: no script" 64 "gasp-vm: /dev/kvm *[(]--no-kvm plays a script instead)" "$examples/demo.conf"
	gives "/dev/kvm is something else: --no-kvm" 0 "demo: done" --no-kvm "$examples/demo.conf"
	# No user but root.
	instead 'mount -t tmpfs none /mnt && cp -a /dev/kvm /mnt/kvm && chgrp 12345 /mnt/kvm && chmod 660 /mnt/kvm && mount --bind /mnt/kvm /dev/kvm && set -- setpriv --reuid 65534 --regid 65534 --clear-groups "$@"'
	if "$vm" --version >/dev/null 2>&1; then
		gives "/dev/kvm may not be opened: no script" 64 \
			"gasp-vm: /dev/kvm may not be opened: Permission denied*: join it [(]sudo usermod -aG 12345 *[(]--no-kvm plays a script instead)" "$examples/demo.conf"
		gives "/dev/kvm may not be opened: --kvm" 64 "gasp-vm: /dev/kvm may not be opened: *" --kvm "$examples/demo.conf"
		gives "/dev/kvm may not be opened: --no-kvm" 0 "demo: done" --no-kvm "$examples/demo.conf"
	else
		skip "/dev/kvm may not be opened" "no other user can run gasp-vm here"
	fi
fi
done_testing
