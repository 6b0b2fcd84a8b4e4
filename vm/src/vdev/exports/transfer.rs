//! `<qvm/guest.h>`: the operands of accesses.

// cbindgen takes what is `pub`.
#![allow(unreachable_pub)]

use crate::vdev::abi::{guest_cpu, qvm_state_block};
use crate::vdev::operands::{self, Direction};
use core::ffi::{c_int, c_uint, c_void};

/// Get the value of operands: in vwrite, what the guest writes (oopnd).
///
/// The blocks are read in order, each into as many bytes of data as it is long; what is left of
/// data is the last one's. A value that is shorter than its bytes of data is extended: with
/// zeros, or as QSF_SEXT_SHIFT and QSF_ZEXT_SHIFT say (from that byte on the sign, then from that
/// byte on zeros); of a longer one the low bytes are taken. Types: QST_HOST, QST_IMMEDIATE,
/// QST_MEMORY and QST_PCI_IO, QST_X86_IO; the last three are accesses of the vCPU, and trap where
/// its own would.
///
/// flags: GXF_NONE; GXF_PAUSE, GXF_UNPAUSE and GXF_FLUSH have nothing to do here.
///
/// Returns EOK; -1 a bus error; or an error number: EINVAL gcp, blk or data is NULL, no blocks,
/// unknown type or flags; EPERM gcp is not this thread's vCPU; ENOTSUP the other types, GXF_ASYNC,
/// GXF_GDB; ENOMEM; ELOOP as gasp_cpu_access(). guest_cpu_to_vrs() makes an answer of it.
/// Threads: the one on which the vdev was called with gcp. Source: QNX 7.0; lengths, extension
/// and errors are libgasp's own.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_cpu_read(
    gcp: *mut guest_cpu,
    flags: c_uint,
    blk: *const qvm_state_block,
    nblks: c_uint,
    data: *mut c_void,
    data_len: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        operands::transfer(gcp, flags, (blk, nblks), (data.cast(), data_len), Direction::Read)
    }
}

/// Put a value into operands: in vread, what the guest reads (oopnd).
///
/// The blocks are written in order, each with as many bytes of data as it is long; what is left
/// of data is the last one's. A value that is shorter than its block is extended, of a longer one
/// the low bytes are taken. Everything else is as in guest_cpu_read(), but QST_IMMEDIATE cannot
/// be written (EINVAL).
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_cpu_write(
    gcp: *mut guest_cpu,
    flags: c_uint,
    blk: *const qvm_state_block,
    nblks: c_uint,
    data: *const c_void,
    data_len: c_uint,
) -> c_int {
    let data = (data.cast_mut().cast(), data_len);
    // SAFETY: the caller's promise; nothing is written to the data in this direction.
    unsafe { operands::transfer(gcp, flags, (blk, nblks), data, Direction::Write) }
}

/// Put all ones into an operand: in vread, the answer of a register that is not there.
///
/// Returns and threads: as guest_cpu_write(). Source: QNX 7.0 (name); the rest is libgasp's own.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_write_all_ones(
    gcp: *mut guest_cpu,
    blk: *const qvm_state_block,
) -> c_int {
    const ONE: u8 = 0xff;
    // SAFETY: a block, or NULL.
    let Some(&block) = (unsafe { blk.as_ref() }) else { return libc::EINVAL };
    // The sign of a byte of ones is ones; the block's own extension comes after it.
    let zero_extension = block.flags & 0xf0;
    let block = qvm_state_block { flags: 1 | zero_extension, ..block };
    let data = (core::ptr::from_ref(&ONE).cast_mut(), 1);
    // SAFETY: the caller's promise; nothing is written to the data in this direction.
    unsafe { operands::transfer(gcp, 0, (&raw const block, 1), data, Direction::Write) }
}
