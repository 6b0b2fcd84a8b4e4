//! Asymmetric fences: the frequent side costs nothing, the rare side makes a system call.
//!
//! [`light`] on one side and [`heavy`] on the other order a store before a later load on both
//! sides, as two sequentially consistent fences would. If the kernel has no membarrier, both are
//! such fences.

#![cfg_attr(all(test, loom), allow(dead_code))] // vcpu/loom has them itself

use core::sync::atomic::{AtomicU8, Ordering::Relaxed, Ordering::SeqCst, compiler_fence, fence};

const UNKNOWN: u8 = 0;
const KERNEL: u8 = 1;
const FENCES: u8 = 2;

static MEANS: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Registers the process for membarrier, if the kernel has it. A thread's first [`light`] must come
/// after a call of this.
pub(crate) fn prepare() {
    if MEANS.load(Relaxed) == UNKNOWN {
        let registered = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
        MEANS.store(if registered { KERNEL } else { FENCES }, SeqCst);
    }
}

/// The fence of the frequent side.
#[inline(always)]
pub(crate) fn light() {
    if MEANS.load(Relaxed) == KERNEL {
        compiler_fence(SeqCst);
    } else {
        fence(SeqCst);
    }
}

/// The fence of the rare side.
pub(crate) fn heavy() {
    fence(SeqCst);
    if MEANS.load(Relaxed) == KERNEL {
        // The call cannot fail after the registration.
        call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    }
}

fn call(command: core::ffi::c_int) -> bool {
    // SAFETY: the system call reads and writes no memory of this process.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
