#!/bin/sh
# pc.sh cflags|libs|static [PACKAGE...]: what pkg-config says of the packages, or of gasp, in the
# staged tree ($STAGE_PREFIX). Where it is not installed, the few lines of NAME.pc are read here.
# SPDX-License-Identifier: MIT OR Apache-2.0
set -eu
where=$STAGE_PREFIX/lib/pkgconfig
case $1 in cflags | libs) what=--$1 ;; static) what="--static --libs" ;; esac
shift
[ $# != 0 ] || set -- gasp

if command -v pkg-config >/dev/null; then
	PKG_CONFIG_PATH=$where exec pkg-config --define-variable=prefix="$STAGE_PREFIX" $what "$@"
fi

field() { sed -n "s/^$2[:=] *//p" "$where/$1.pc"; }
prefix=$STAGE_PREFIX
for package; do
	eval "includedir=$(field "$package" includedir) libdir=$(field "$package" libdir)"
	case $what in
	--cflags) eval "echo $(field "$package" Cflags)" ;;
	--libs) eval "echo $(field "$package" Libs)" ;;
	*) eval "echo $(field "$package" Libs) $(field "$package" Libs.private)" ;;
	esac
done
