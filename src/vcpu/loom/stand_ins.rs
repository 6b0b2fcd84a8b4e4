//! What `quiet.rs` uses, as loom has it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // loom's locks are never poisoned

use core::ops::{Deref, DerefMut};
use core::sync::atomic::{self, Ordering, Ordering::Relaxed};
pub(in crate::vcpu) use loom::sync::atomic::AtomicU32;
use loom::sync::{self, atomic::AtomicU64 as LoomU64};

/// A number of which its only writer keeps a copy that loom does not know: loom thinks that
/// whoever loads something himself before he stores it has met all loads of others.
#[derive(Debug)]
pub(in crate::vcpu) struct AtomicU64 {
    number: LoomU64,
    copy: atomic::AtomicU64,
}

impl AtomicU64 {
    pub(in crate::vcpu) fn new(number: u64) -> Self {
        Self { number: LoomU64::new(number), copy: number.into() }
    }

    pub(in crate::vcpu) fn load(&self, order: Ordering) -> u64 {
        self.number.load(order)
    }

    pub(in crate::vcpu) fn store(&self, number: u64, order: Ordering) {
        self.number.store(number, order);
        self.copy.store(number, Relaxed);
    }
}

pub(in crate::vcpu) fn own(number: &AtomicU64) -> u64 {
    number.copy.load(Relaxed)
}

/// As `parking_lot` has it.
#[derive(Debug)]
pub(in crate::vcpu) struct Mutex<T>(sync::Mutex<T>);

/// Without loom's guard only while its thread sleeps.
pub(in crate::vcpu) struct Guard<'m, T>(Option<sync::MutexGuard<'m, T>>);

impl<T> Mutex<T> {
    pub(in crate::vcpu) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(in crate::vcpu) fn lock(&self) -> Guard<'_, T> {
        Guard(Some(self.0.lock().unwrap()))
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().unwrap()
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().unwrap()
    }
}

/// As `parking_lot` has it.
#[derive(Debug)]
pub(in crate::vcpu) struct Condvar(sync::Condvar);

impl Condvar {
    pub(in crate::vcpu) fn new() -> Self {
        Self(sync::Condvar::new())
    }

    pub(in crate::vcpu) fn wait<T>(&self, guard: &mut Guard<'_, T>) {
        guard.0 = guard.0.take().map(|guard| self.0.wait(guard).unwrap());
    }

    pub(in crate::vcpu) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The fences, as what the kernel's system call promises, and no more: for each vCPU, each heavy
/// fence comes before or after each of its light ones, and what was done before the first of the
/// two is seen after the second. Light fences of two vCPUs order nothing.
///
/// For each vCPU there is a cell that both kinds step on. (loom's own fences will not do. It tries
/// no other order of them, because they are no operations on anything.)
pub(in crate::vcpu) mod membarrier {
    use super::super::CPUS;
    use core::cell::Cell;
    use loom::sync::atomic::{AtomicUsize, Ordering::AcqRel};

    loom::lazy_static! {
        static ref STEPS: [AtomicUsize; CPUS] = core::array::from_fn(|_| AtomicUsize::new(0));
    }

    loom::thread_local! {
        /// The vCPU whose access the thread makes.
        static CPU: Cell<usize> = Cell::new(0);
    }

    /// Has to come before the first thread, which would be taken for who made the cells.
    pub(in crate::vcpu) fn prepare() {
        assert_eq!(STEPS.len(), CPUS);
    }

    /// Says whose light fences those of this thread are from now on.
    pub(in crate::vcpu) fn become_cpu(cpu: usize) {
        CPU.with(|own| own.set(cpu));
    }

    pub(in crate::vcpu) fn light() {
        STEPS[CPU.with(Cell::get)].fetch_add(1, AcqRel);
    }

    pub(in crate::vcpu) fn heavy() {
        for step in STEPS.iter() {
            step.fetch_add(1, AcqRel);
        }
    }
}
