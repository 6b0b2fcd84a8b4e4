#!/bin/sh
# Tests README.md in a fresh Debian 13: installs the packages that it names, and runs `make run` and
# `make test` on the committed tree with Debian's own cargo and rustc. Prints TAP.
# DEBIAN_MIRROR: the mirror for debootstrap, if not its default.
# SPDX-License-Identifier: MIT OR Apache-2.0
set -u
cd "$(dirname "$0")/.." || exit 1
skip() { echo "1..0 # SKIP $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip "making a Debian root needs the rights of root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "namespaces cannot be made here"

# In namespaces of its own, so that no mount and no process is left behind, however the test ends.
[ "${1:-}" = inside ] || exec timeout -s KILL 7200 unshare --mount --pid --fork --kill-child "tests/${0##*/}" inside

base=$PWD/build/debian13/base root=$PWD/build/debian13/root log=$PWD/build/debian13/log
mkdir -p build/debian13

# Makes a Debian without any package of README.md. Later runs use it again.
empty() {
	[ -d "$base" ] && return
	rm -rf "$base.new"
	debootstrap --variant=minbase trixie "$base.new" ${DEBIAN_MIRROR:-} && mv "$base.new" "$base"
}

# Adds the tree, and what is the machine's own: how it reaches the network, and KVM. The root is
# mounted onto itself, because tests that make a mount namespace need `/` to be a mount.
fresh_copy() {
	rm -rf "$root" && cp -a "$base" "$root" && mkdir "$root/libgasp" || return
	git -c safe.directory="$PWD" archive HEAD | tar -x -C "$root/libgasp" || return
	cp -L /etc/resolv.conf "$root/etc"
	[ ! -d /usr/local/share/ca-certificates ] || cp -a /usr/local/share/ca-certificates "$root/usr/local/share"
	[ ! -e /dev/kvm ] || cp -a /dev/kvm "$root/dev"
	mount --bind "$root" "$root" && mount -t proc proc "$root/proc"
}

there() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
		sh -c "cd /libgasp && $1"
}

# Keeps the downloaded packages for later runs, but not what they install: each run installs only
# what README.md names.
install() {
	there "apt-get update && apt-get install -y --no-install-recommends $packages" &&
		cp -u "$root"/var/cache/apt/archives/*.deb "$base/var/cache/apt/archives" && there "cargo --version"
}

number=0
step() {
	name=$1 number=$((number + 1)) begin=$(date +%s)
	shift
	"$@" >"$log" 2>&1 && result=ok || result="not ok"
	printf '%s\n# %s\n' "$result $number - $name" "$(($(date +%s) - begin)) s, the last line: $(tail -n 1 "$log")"
	[ "$result" = ok ] || { sed 's/^/# /' "$log"; exit 1; }
}

echo 1..5
step "debootstrap makes an empty Debian 13" empty
step "a copy of it gets the committed tree" fresh_copy
packages=$(sed -n 's/^ *apt-get install --no-install-recommends //p' "$root/libgasp/README.md" | head -n 1)
step "apt-get installs README's packages: ${packages:?README.md names none}" install
step "make run" there "make run"
step "make test" there "make test"
