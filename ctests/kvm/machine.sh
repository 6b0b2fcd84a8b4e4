# A machine with real KVM on any x86-64 host: QEMU emulates AMD-V, and Debian's kernel has its KVM
# in there. It has the host's files, read-only, so that what was built here runs there.
# Sourced by the .t scripts.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

machine=$PWD/build/kvm
qemu=qemu-system-x86_64
# In the order in which they are loaded. Kernels differ: those that one does not have are left out.
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
	netfs fscache 9pnet 9pnet_virtio 9p irqbypass ccp kvm kvm-amd"

# Skips everything where the machine cannot be made.
needs_machine() {
	local version tool
	[ "$(uname -m)" = x86_64 ] || skip_all "the emulated machine is for x86-64"
	for tool in $qemu busybox cpio; do
		have $tool || skip_all "there is no $tool (make deps-kvm)"
	done
	version=$($qemu --version | sed -n 's/^QEMU emulator version //p')
	[ "${version%%.*}" -ge 8 ] || skip_all "QEMU ${version%% *} is too old: 7.2 freezes, 8 is needed (Debian 12 has it in backports)"
	! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip_all "busybox is not static (make deps-kvm)"
	mkdir -p "$machine"
	exec 9>"$machine/lock" && flock 9
	kernel >"$machine/log" 2>&1 || skip_all "no kernel can be downloaded: $(tail -n 1 "$machine/log")"
	initrd >"$machine/log" 2>&1 || { diag <"$machine/log" && not_ok "make an initial RAM disk" && done_testing; }
	exec 9>&-
}

# Downloads the kernel, and keeps what the machine needs of it for later runs. Nothing is installed.
kernel() (
	[ ! -e "$machine/kernel" ] || exit 0
	rm -rf "$machine/new" && mkdir -p "$machine/new/modules" && cd "$machine/new" || exit
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
	timeout 600 apt-get -qq -o APT::Sandbox::User=root download "${package:-linux-image-amd64}" &&
		dpkg-deb -x ./*.deb image && mv image/boot/vmlinuz-* vmlinuz || exit
	for module in $modules; do
		file=$(find image -name "$module.ko*")
		case $file in
		*.xz) busybox unxz -c "$file" ;;
		?*) cat "$file" ;;
		*) continue ;;
		esac >"modules/$module.ko" && echo "$module" >>modules/order || exit
	done
	rm -r ./*.deb image && mv "$machine/new" "$machine/kernel"
)

# The files of the machine's first process.
initrd() (
	rm -rf "$machine/initrd" && mkdir "$machine/initrd" && cp ctests/kvm/init "$machine/initrd" &&
		cd "$machine/initrd" && mkdir bin dev out proc r sys && cp -r ../kernel/modules . &&
		cp "$(command -v busybox)" bin/busybox && find . | cpio -o -H newc >../initrd.new &&
		mv ../initrd.new ../initrd.cpio
)

# in_machine NAME SECONDS COMMAND...: what the command prints in the machine, and how it ends. A
# machine that does not end in time has failed. It does not outlive this script either.
in_machine() {
	local out=$machine/$1 limit=$2 name
	rm -rf "$out" && mkdir -p "$out" && shift 2 || exit
	{
		for name in PATH LC_ALL CC STAGE_PREFIX SONAME CASE; do
			[ -z "${!name-}" ] || printf 'export %s=%q\n' $name "${!name}"
		done
		printf 'export TMPDIR=%q\ncd %q\n' "$logs" "$PWD"
		printf '%q ' exec "$@"
	} >"$out/script"
	setpriv --pdeathsig TERM timeout -k 10 "$limit" \
		$qemu -accel tcg,thread=multi -cpu max,+svm -m 2G -smp 2 -nodefaults -no-user-config \
		-display none -serial "file:$out/console" -no-reboot \
		-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
		-virtfs "local,path=${out//,/,,},mount_tag=out,security_model=none" \
		-kernel "$machine/kernel/vmlinuz" -initrd "$machine/initrd.cpio" \
		-append "console=ttyS0 quiet panic=-1 nokaslr" </dev/null >"$out/qemu" 2>&1
	# There is KVM in there: whatever is skipped for want of it has failed.
	[ ! -e "$out/output" ] || sed 's|^ok \(.*\) # SKIP \(.*/dev/kvm.*\)|not ok \1: \2|' "$out/output"
	[ ! -s "$out/status" ] || exit "$(cat "$out/status")"
	cat "$out/qemu" "$out/console" | tail -n 30 | diag
	echo "# The machine has not come to its end (limit: $limit s)"
	exit 1
}
