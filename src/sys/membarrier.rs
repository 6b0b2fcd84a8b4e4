//! Asymmetric fences: the frequent side costs nothing, the rare side makes a system call.
//!
//! [`light`] on one side and [`heavy`] on the other order a store before a later load on both
//! sides, as two sequentially consistent fences would. If the kernel has no membarrier, both are
//! such fences.

#![cfg_attr(all(test, loom), allow(dead_code))] // vcpu/loom has them itself

use super::failure::SystemError;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed, Ordering::SeqCst, compiler_fence, fence};

const UNKNOWN: u8 = 0;
const KERNEL: u8 = 1;
const FENCES: u8 = 2;

static MEANS: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Registers the process for membarrier, if the kernel has it and allows it. A thread's first
/// [`light`] must come after a call of this.
pub(crate) fn prepare() {
    if MEANS.load(Relaxed) == UNKNOWN {
        let registered = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
        settle(&MEANS, if registered.is_ok() { KERNEL } else { FENCES });
    }
}

/// Two threads may come to different means. The first ones stay, because fences may follow them.
fn settle(place: &AtomicU8, means: u8) {
    let _ = place.compare_exchange(UNKNOWN, means, SeqCst, SeqCst);
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

/// The fence of the rare side. It can fail after the registration: a sandbox may have come later, or
/// the kernel has no memory. Then nothing is ordered.
pub(crate) fn heavy() -> Result<(), SystemError> {
    fence(SeqCst);
    if MEANS.load(Relaxed) != KERNEL {
        return Ok(());
    }
    // The second command is slow, but needs neither memory nor the registration.
    call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
        .or_else(|failure| call(libc::MEMBARRIER_CMD_GLOBAL).map_err(|_| failure))
}

fn call(command: core::ffi::c_int) -> Result<(), SystemError> {
    // SAFETY: the system call reads and writes no memory of this process.
    match unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } {
        0 => Ok(()),
        _ => Err(SystemError::last("membarrier")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_means_stay() {
        let place = AtomicU8::new(UNKNOWN);
        settle(&place, FENCES);
        settle(&place, KERNEL);
        assert_eq!(place.load(Relaxed), FENCES);
    }
}
