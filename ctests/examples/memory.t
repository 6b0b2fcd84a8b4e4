#!/usr/bin/env bash
# The examples of guest memory in other hands: a vhost-user back end, and a pager.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
export LD_LIBRARY_PATH=$lib
build() { $CC -std=c11 $warnings -pthread $(pc cflags) "examples/$1.c" -o "$logs/$1" $(pc libs); }

check "examples/vhost_user.c compiles" build vhost_user
"$logs/vhost_user" >"$logs/vhost_user.txt" 2>&1
check "vhost_user ends well" test $? = 0
check "the back end gets each table" diff "$logs/vhost_user.txt" - <<'END'
  region 0x00000000, 0x100000 bytes, at 0x0 of its file
  region 0x00100000, 0x100000 bytes, at 0x101000 of its file
table 1: 2 regions
the guest reads 'b'
  region 0x00000000, 0x100000 bytes, at 0x0 of its file
  region 0x00100000, 0x100000 bytes, at 0x101000 of its file
  region 0x100000000, 0x80000 bytes, at 0x0 of its file
table 2: 3 regions
the guest reads 'c'
  region 0x00000000, 0x100000 bytes, at 0x0 of its file
  region 0x100000000, 0x80000 bytes, at 0x0 of its file
table 3: 2 regions
the guest reads 'd'
END

check "examples/pager.c compiles" build pager
"$logs/pager" >"$logs/pager.txt" 2>&1
case $? in
77) skip "pages come on demand" "this kernel does not let the process use $(cat "$logs/pager.txt")" ;;
*) check "pages come on demand" diff "$logs/pager.txt" - <<'END' ;;
5 runs are paged
the guest reads 5
the guest reads 1048642
the guest reads 5
the host reads 7 and 8
4 pages were filled
END
esac
done_testing
