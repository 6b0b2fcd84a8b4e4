//! Fences that cost nothing where they run all the time, and a system call where they are rare.
//!
//! [`light`] on one side and [`heavy`] on the other order a store before a later load on both
//! sides, as two sequentially consistent fences would. Where the kernel has no membarrier, both
//! are such fences.

#![cfg_attr(all(test, loom), allow(dead_code))] // vcpu/loom has them itself

use core::sync::atomic::{AtomicU8, Ordering::Relaxed, Ordering::SeqCst, compiler_fence, fence};

const UNKNOWN: u8 = 0;
const KERNEL: u8 = 1;
const FENCES: u8 = 2;

static MEANS: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Finds out which means there are. Has to come before the first use of [`light`] by a thread
/// that [`heavy`] counts on.
pub(crate) fn prepare() {
    if MEANS.load(Relaxed) == UNKNOWN {
        let registered = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
        MEANS.store(if registered { KERNEL } else { FENCES }, SeqCst);
    }
}

/// The side that runs all the time.
#[inline(always)]
pub(crate) fn light() {
    if MEANS.load(Relaxed) == KERNEL {
        compiler_fence(SeqCst);
    } else {
        fence(SeqCst);
    }
}

/// The side that is rare.
pub(crate) fn heavy() {
    fence(SeqCst);
    if MEANS.load(Relaxed) == KERNEL {
        // Once registered, the call cannot fail.
        call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    }
}

fn call(command: core::ffi::c_int) -> bool {
    // SAFETY: the system call touches no memory of this process.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
