//! The devices of the dispatch question, behind one handler, as a VMM would register it.

use crate::functions::EOK;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use gasp_abi::{gasp_cpu, gasp_trap};

/// The handler that is timed: a read gives the register's location. It writes nothing that another
/// vCPU reads.
///
/// # Safety
/// `trap` points to a trap whose data can be written.
pub unsafe extern "C" fn read(
    _arg: *mut c_void,
    _cpu: *mut gasp_cpu,
    trap: *const gasp_trap,
) -> c_int {
    // SAFETY: the caller promises it.
    let trap = unsafe { &*trap };
    if trap.length == size_of::<u64>() {
        // SAFETY: the caller promises `length` bytes that can be written.
        unsafe { trap.data.cast::<u64>().write_unaligned(trap.location) };
    }
    EOK
}

/// The calls of the checking handler.
#[derive(Debug)]
pub struct Seen {
    pub calls: usize,
    /// The last access.
    pub last: gasp_trap,
}

impl Default for Seen {
    fn default() -> Self {
        let nothing = gasp_trap {
            vdev: null_mut(),
            location: 0,
            data: null_mut(),
            length: 0,
            cookie: 0,
            kind: 0,
            r#type: 0,
        };
        Self { calls: 0, last: nothing }
    }
}

/// The handler of the checks: as `read`, and records the access.
///
/// # Safety
/// As `read`; `arg` points to a [`Seen`] that no other thread uses.
pub unsafe extern "C" fn note(
    arg: *mut c_void,
    cpu: *mut gasp_cpu,
    trap: *const gasp_trap,
) -> c_int {
    // SAFETY: the caller promises it.
    let seen = unsafe { &mut *arg.cast::<Seen>() };
    seen.calls += 1;
    // SAFETY: the caller promises a readable trap.
    seen.last = unsafe { *trap };
    // SAFETY: the caller's promises are those asked for.
    unsafe { read(arg, cpu, trap) }
}
