//! Copies from and to host memory that may not be there: a file that was truncated, a device that
//! is gone. The signal that would end the process makes the copy fail instead.
//!
//! The instructions that touch host memory are in `guarded.s`, and a table has their places. If one
//! of them faults, its function returns 1. All others, also those that touch only `data`, fault as
//! ever.
//!
//! Only for x86-64; `unguarded.rs` stands in elsewhere.

use crate::sys::failure::SystemError;
use crate::sys::fault;
use core::arch::global_asm;

/// Whether this architecture has guarded copies.
pub(crate) const AVAILABLE: bool = true;

/// The host memory of a copy is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vanished;

/// Prepares the process for guarded copies.
pub(crate) fn prepare() -> Result<(), SystemError> {
    fault::catch(recover)
}

global_asm!(include_str!("guarded.s"));

/// A function of `guarded.s`. It returns 0, or 1 if the host memory is not there.
type Function = unsafe extern "C" fn(host: *mut u8, data: *mut u8, length: usize) -> u32;

unsafe extern "C" {
    fn gasp_guarded_read1(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_read2(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_read4(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_read8(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_read(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_write1(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_write2(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_write4(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_write8(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_write(host: *mut u8, data: *mut u8, length: usize) -> u32;
    fn gasp_guarded_move(to: *mut u8, from: *mut u8, length: usize) -> u32;
    static gasp_guarded_code: u8;
    static gasp_guarded_failed: u8;
    static gasp_guarded_table: u32;
    static gasp_guarded_table_end: u32;
}

/// Copies `length` bytes from `host` to `data`, which may overlap. 1, 2, 4 or 8 bytes are one read.
///
/// # Safety
/// `data` can be written. `host` is host memory, there or not.
pub(crate) unsafe fn read(host: *mut u8, data: *mut u8, length: usize) -> Result<(), Vanished> {
    let function: Function = match length {
        1 => gasp_guarded_read1,
        2 => gasp_guarded_read2,
        4 => gasp_guarded_read4,
        8 => gasp_guarded_read8,
        _ if starts_inside(data, host, length) => {
            // SAFETY: as below. `data` starts in host memory, so faults there are caught, too.
            return result(unsafe { gasp_guarded_move(data, host, length) });
        }
        _ => gasp_guarded_read,
    };
    // SAFETY: `data` can be written, as the caller promises. A fault at `host` is caught, since
    // `prepare` came before: only guests that it was called for make guarded copies.
    result(unsafe { function(host, data, length) })
}

/// Copies `length` bytes from `data` to `host`, which may overlap. 1, 2, 4 or 8 bytes are one
/// write. If the result is an error, some may have been written.
///
/// # Safety
/// `data` can be read. `host` is host memory, there or not.
pub(crate) unsafe fn write(host: *mut u8, data: *mut u8, length: usize) -> Result<(), Vanished> {
    let function: Function = match length {
        1 => gasp_guarded_write1,
        2 => gasp_guarded_write2,
        4 => gasp_guarded_write4,
        8 => gasp_guarded_write8,
        _ if starts_inside(host, data, length) => {
            // SAFETY: as in `read`.
            return result(unsafe { gasp_guarded_move(host, data, length) });
        }
        _ => gasp_guarded_write,
    };
    // SAFETY: as in `read`, except that `data` is only read.
    result(unsafe { function(host, data, length) })
}

/// Whether a copy upwards would overwrite bytes that it has not read yet.
fn starts_inside(to: *mut u8, from: *mut u8, length: usize) -> bool {
    to.addr().wrapping_sub(from.addr()) < length
}

fn result(failed: u32) -> Result<(), Vanished> {
    if failed == 0 { Ok(()) } else { Err(Vanished) }
}

/// Where a thread goes on that has faulted at an instruction, if that is one of the table. Runs in
/// a signal handler.
fn recover(instruction: usize) -> Option<usize> {
    let offset = instruction.wrapping_sub((&raw const gasp_guarded_code).addr());
    let table = &raw const gasp_guarded_table;
    let count = ((&raw const gasp_guarded_table_end).addr() - table.addr()) / size_of::<u32>();
    // SAFETY: the table is constant, and lies between its two symbols.
    let table = unsafe { core::slice::from_raw_parts(table, count) };
    let caught = table.iter().any(|entry| *entry as usize == offset);
    caught.then(|| (&raw const gasp_guarded_failed).addr())
}
