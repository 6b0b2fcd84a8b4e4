//! The trap handlers that each vCPU is in, and what becomes of those that never return.
//!
//! A handler can be left without returning: its thread ends (`pthread_exit`, cancellation), or it
//! jumps (`longjmp`). No code of the library runs then, and what was on the stack is overwritten. So
//! what is needed to end the access is in the vCPU. A thread that ends ends the accesses whose
//! handlers it was in. One that jumped ends them when it comes back with the same vCPU, from a place
//! on its stack that is not inside of them. (Other vCPUs are not judged by the stack: a host may
//! switch stacks in its handlers.)
//!
//! The place of an access is the address of a variable on the stack. The stack grows downwards, and
//! one function makes all accesses. So those inside of an access have lower addresses, and one that
//! is made in its stead has the same.

#![forbid(unsafe_code)]

use super::running::Running;
use super::system::{Handler, MAX_NESTED, Vcpu, all_cpus};
use crate::error::Error;
use crate::guest::listeners;
use crate::sys::thread::{this_thread, watched_thread};
use core::ffi::c_void;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

impl Vcpu {
    /// Runs a device's trap handler, unless this vCPU is in a handler of that device already, which
    /// would recurse forever. Nothing is dropped, because the handler may not return.
    #[inline(always)]
    pub(super) fn in_handler<T>(
        &self,
        place: usize,
        device: u64,
        handle: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        let nested = self.nested.load(Relaxed);
        let outer = &self.handlers[..(nested as usize).min(MAX_NESTED)];
        let is_same = |other: &Handler| other.device.load(Relaxed) == device;
        if outer.len() == MAX_NESTED || outer.iter().any(is_same) {
            return Err(Error::ReachesItself);
        }
        let handler = &self.handlers[outer.len()];
        handler.device.store(device, Relaxed);
        handler.thread.store(watched_thread(), Relaxed);
        handler.place.store(place, Relaxed);
        // Who sees the number sees the handlers.
        self.nested.store(nested + 1, Release);
        let result = handle();
        self.nested.store(nested, Release);
        Ok(result)
    }

    /// Whether the calling thread is in a trap handler of this vCPU.
    pub(super) fn is_handling(&self) -> bool {
        self.own_handler(|_| true).is_some()
    }

    /// The number of trap handlers that the vCPU is in when an access starts at `place`. This thread
    /// has left those that are not outside of it; their accesses are ended first.
    #[inline(always)]
    pub(super) fn nested_at(&self, place: usize) -> u32 {
        match self.nested.load(Relaxed) {
            0 => 0,
            _ => self.nested_without_left(place),
        }
    }

    #[cold]
    fn nested_without_left(&self, place: usize) -> u32 {
        let is_left = |handler: &Handler| handler.place.load(Relaxed) <= place;
        if let Some(level) = self.own_handler(is_left) {
            self.leave(level);
        }
        self.nested.load(Relaxed)
    }

    /// The outermost trap handler that the calling thread is in and that fits, as the number of
    /// handlers outside of it.
    fn own_handler(&self, fits: impl Fn(&Handler) -> bool) -> Option<u32> {
        let thread = this_thread();
        let fits = |level: &u32| {
            let handler = self.handlers.get(*level as usize);
            handler.is_some_and(|one| one.thread.load(Relaxed) == thread && fits(one))
        };
        (0..self.nested.load(Acquire)).find(fits)
    }

    /// Ends an access whose trap handler was left, and those inside of it.
    fn leave(&self, level: u32) {
        self.nested.store(level, Release);
        if let Some(system) = self.system() {
            Running::of(self, system).end();
        }
    }
}

/// Called when a thread ends. Its number is not reused, so the callbacks that it is still in are
/// those that it has left.
pub(crate) extern "C" fn thread_ends(_: *mut c_void) {
    listeners::thread_ends();
    let left = |cpu: &'static Vcpu| Some((cpu, cpu.own_handler(|_| true)?));
    // The list is not locked while an access ends, which may call the host.
    let next = || all_cpus().lock().iter().filter_map(|slot| slot.get()).find_map(left);
    while let Some((cpu, level)) = next() {
        cpu.leave(level);
    }
}
