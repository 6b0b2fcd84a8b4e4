//! `<qvm/guest.h>`: the operands of accesses.

use crate::operands::{self, Direction};
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{guest_cpu, qvm_state_block};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_cpu_read(
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

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_cpu_write(
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

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_write_all_ones(
    gcp: *mut guest_cpu,
    flags: c_uint,
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
    unsafe { operands::transfer(gcp, flags, (&raw const block, 1), data, Direction::Write) }
}
