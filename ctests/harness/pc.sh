#!/bin/sh
# pc.sh cflags|libs|static: what pkg-config says of gasp in the staged tree ($STAGE_PREFIX).
# Where pkg-config is not installed, the few lines of gasp.pc are read here.
# SPDX-License-Identifier: MIT OR Apache-2.0
set -eu
pc=$STAGE_PREFIX/lib/pkgconfig/gasp.pc

if command -v pkg-config >/dev/null; then
	case $1 in cflags | libs) what=--$1 ;; static) what="--static --libs" ;; esac
	PKG_CONFIG_PATH=${pc%/*} exec pkg-config --define-variable=prefix="$STAGE_PREFIX" $what gasp
fi

field() { sed -n "s/^$1[:=] *//p" "$pc"; }
prefix=$STAGE_PREFIX
eval "includedir=$(field includedir) libdir=$(field libdir)"
case $1 in
cflags) eval "echo $(field Cflags)" ;;
libs) eval "echo $(field Libs)" ;;
static) eval "echo $(field Libs) $(field Libs.private)" ;;
esac
