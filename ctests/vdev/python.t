#!/usr/bin/env bash
# A host in Python, which loads libraries with local names.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "$0")/../harness/tap.sh"
have python3 || skip_all "python3 is not installed"
python3 -c 'import ctypes' 2>/dev/null || skip_all "python3 has no ctypes"
LD_LIBRARY_PATH=$lib exec timeout 120 python3 ctests/vdev/host.py "$lib"
