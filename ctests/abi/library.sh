# Which library a script of this folder is about: its argument, gasp or gasp-vdev. Sourced by them.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

library=$1 others='libc\.so|libgcc_s\.so|ld-linux'
case $library in
gasp)
	soname=$SONAME symbols=abi/symbols.txt stub=abi/stub.c planted=gram_reserve
	crate="--lib" exports=src/capi/mod.rs ;;
gasp-vdev)
	soname=$VDEV_SONAME symbols=vdev/symbols.txt stub=vdev/stub.c planted=gasp_vdevs_advance
	crate="-p gasp-vdev --features static" exports="vdev/src/capi/mod.rs or vdev/src/exports/mod.rs"
	others+="|$SONAME" ;;
*) echo "Bail out! no library $library" && exit 2 ;;
esac
shared=$lib/$soname

# The names that the library exports; those that its archive contains.
names() { grep -v '^#' "$symbols" | sort; }
inside() { [ "$library" = gasp ] && names || cat <(names) <(grep -v '^#' abi/symbols.txt) | sort; }
# defined FILE: the names that a shared object exports.
defined() { nm -D --defined-only "$1" | awk '{ print $NF }' | sort; }
# archived FILE: the names in the index of an archive.
archived() { nm -s "$1" 2>/dev/null | sed -n '/^Archive index:/,/^$/s/ in .*//p' | sort -u; }
