#!/usr/bin/env bash
# The pages about vdevs: the first example of docs/vdevs.md, as it is printed there; and the functions of
# hosts in docs/vdev-host.md.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/printed.sh"
page=docs/vdevs.md
block c $page >"$work/vdev-offset.c"

check "$page has an example in C" test -s "$work/vdev-offset.c"
check "it compiles without a warning" $CC -std=c11 $warnings $(pc cflags) -shared -fPIC "$work/vdev-offset.c" -o "$work/vdev.so"
check "its commands run" printed "{ $(block sh $page); } >out 2>&1"
diag <"$work/out"
check "they print what $page says" grep -qxF "$(block text $page)" "$work/out"

# The second example is a part of a function.
{
	printf '#include <%s>\n' errno.h qvm/gasp.h qvm/outpipe.h qvm/vdev-core.h string.h
	printf '#define PIECES_MAX 8\nvoid take(vdev_t *vdev);\nvoid take(vdev_t *vdev)\n{\n'
	sed -n '/^## Changing a window/,/^## Hosts/p' $page >"$work/window.md"
	block c "$work/window.md"
	echo '}'
} >"$work/window.c"
check "the change of a window is one call" grep -q gasp_region_set_soft "$work/window.c"
check "it compiles without a warning" $CC -std=c11 $warnings $(pc cflags) -c "$work/window.c" -o "$work/window.o"

exported() { grep '^gasp_vdev' vdev/symbols.txt | sort; }
described() { sed -n 's/^|* *`[a-z].*[ *]\(gasp_vdev[a-z_]*\)(.*`.*/\1/p' docs/vdev-host.md | sort; }
check "docs/vdev-host.md describes each function of hosts" diff <(exported) <(described)
done_testing
