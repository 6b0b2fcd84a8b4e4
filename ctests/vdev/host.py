"""A host in Python: loads libgasp and libgasp-vdev as ctypes does, makes their names global, and uses a
vdev. Prints TAP. Arguments: the directory of the libraries.

SPDX-License-Identifier: MIT OR Apache-2.0"""

import ctypes
import os
import sys

QST_MEMORY, READ, WRITE = 0, 0, 1
CONFIGURED, STARTING = 2, 9
AT = 0xD0000000
checks = 0


def check(name, is_true, why=""):
    global checks
    checks += 1
    print(f"{'ok' if is_true else 'not ok'} {checks} - {name}")
    if not is_true:
        print(f"# {why}")


class Option(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("value", ctypes.c_char_p)]


def returns(function, result, *arguments):
    function.restype, function.argtypes = result, arguments
    return function


directory = sys.argv[1]
paths = [os.path.join(directory, name) for name in ("libgasp.so.1", "libgasp-vdev.so.1")]
# With local names, which is what ctypes does, and what an extension module gets.
gasp, vdev = [ctypes.CDLL(path) for path in paths]
pointer, unsigned, length = ctypes.c_void_p, ctypes.c_uint, ctypes.c_size_t
last_error = returns(gasp.gasp_last_error, ctypes.c_char_p)
create = returns(gasp.gasp_guest_create, pointer, pointer)
start = returns(gasp.gasp_guest_start, ctypes.c_int, pointer)
new_cpu = returns(gasp.gasp_cpu_create, pointer, pointer)
access = returns(gasp.gasp_cpu_access, ctypes.c_int, pointer, unsigned, unsigned, ctypes.c_uint64, pointer, length)
destroy = returns(gasp.gasp_guest_destroy, None, pointer)
create_set = returns(vdev.gasp_vdevs_create, pointer, pointer, pointer)
add = returns(vdev.gasp_vdevs_add, pointer, pointer, ctypes.c_char_p, pointer, unsigned, pointer)
control = returns(vdev.gasp_vdevs_control, ctypes.c_int, pointer, unsigned, ctypes.c_char_p)
destroy_set = returns(vdev.gasp_vdevs_destroy, None, pointer)

guest = create(None)
vdevs = create_set(guest, None)
check("both libraries work with local names", vdevs, last_error())
options = (Option * 1)(Option(b"loc", b"0xd0000000"))
made = add(vdevs, b"trace", options, 1, None)
check("but a vdev does not find their functions", not made and b"trace.so needs " in last_error(), last_error())

for path in paths:
    ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_GLOBAL)
made = add(vdevs, b"trace", options, 1, None)
check("it does when the names are global", made, last_error())
told = [control(vdevs, CONFIGURED, None), start(guest), control(vdevs, STARTING, None)]
check("it starts", told == [0, 0, 0], last_error())
cpu, value = new_cpu(guest), ctypes.c_uint32(1000)
wrote = access(cpu, QST_MEMORY, WRITE, AT, ctypes.byref(value), 4)
value.value = 0
read = access(cpu, QST_MEMORY, READ, AT, ctypes.byref(value), 4)
check("accesses reach it", (wrote, read) == (0, 0) and value.value >= 1000, (wrote, read, value.value))
destroy_set(vdevs)
destroy(guest)
print(f"1..{checks}")
