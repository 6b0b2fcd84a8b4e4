//! The atomics, fences and locks of the protocols that loom checks (`map/gate.rs` and
//! `vcpu/grace.rs`): those of core, parking_lot and the kernel, or, in the tests under
//! `--cfg loom`, stand-ins that loom knows.

#![forbid(unsafe_code)]

#[cfg(all(test, loom))]
mod stand_ins;

#[cfg(all(test, loom))]
pub(crate) use stand_ins::{AtomicU32, AtomicU64, Condvar, Mutex, fence, membarrier, own};
#[cfg(not(all(test, loom)))]
pub(crate) use {
    crate::sys::membarrier,
    core::sync::atomic::{AtomicU32, AtomicU64, fence},
    parking_lot::{Condvar, Mutex},
};

/// The number in a counter, for the only thread that stores to it.
#[cfg(not(all(test, loom)))]
#[inline(always)]
pub(crate) fn own(number: &AtomicU64) -> u64 {
    number.load(core::sync::atomic::Ordering::Relaxed)
}
