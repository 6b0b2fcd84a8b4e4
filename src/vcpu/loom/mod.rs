//! Accesses and grace periods, in every order that the memory model allows (loom):
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --lib loom
//! ```
//!
//! `grace.rs` is the real one. The guest around it is a model: devices that are in the map or not,
//! whose memory is freed after a grace period. The accesses to the map have no memory ordering. A
//! scenario names all possible results, and also fails if one of them was not seen: so it covers its
//! subject. It also fails if a thread sleeps forever, or is counted as a waiter at the end.
//!
//! `LOOM_MAX_PREEMPTIONS=n` explores more orders than [`PREEMPTIONS`].

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(clippy::arc_with_non_send_sync)] // loom runs its threads in one, by turns

mod misses;
mod scenarios;

use super::grace::{AccessCounter, Accesses, GracePeriods};
use crate::sync::membarrier::{self, CPUS};
use core::fmt::Debug;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::atomic;
use loom::thread;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as StdMutex};

/// How often threads are preempted in one run, at most. With three threads it is once less, because
/// they have many more orders.
const PREEMPTIONS: usize = 3;

const DEVICES: usize = 2;

/// A device, whose handler uses its memory. loom does not track `is_freed`, which is only checked.
struct Device {
    in_map: atomic::AtomicBool,
    memory: UnsafeCell<()>,
    is_freed: AtomicBool,
}

impl Device {
    fn new() -> Self {
        Self {
            in_map: atomic::AtomicBool::new(true),
            memory: UnsafeCell::new(()),
            is_freed: AtomicBool::new(false),
        }
    }

    /// Like a set call that deletes its region.
    fn remove(&self) {
        self.in_map.store(false, Relaxed);
    }

    /// Called by its handler. loom detects that another thread may free the memory meanwhile.
    fn use_memory(&self) {
        self.memory.with(|_| assert!(!self.is_freed.load(Relaxed), "it was freed"));
    }

    fn free(&self) {
        self.memory.with_mut(|_| assert!(!self.is_freed.swap(true, Relaxed), "it was freed"));
    }

    /// Uses the device, if it is in the map.
    fn find(&self) -> bool {
        let found = self.in_map.load(Relaxed);
        if found {
            self.use_memory();
        }
        found
    }
}

type Callback = Box<dyn FnOnce()>;

/// A model of a guest.
struct Model {
    grace_periods: GracePeriods<Callback>,
    counters: [AccessCounter; CPUS],
    /// The number of accesses of each vCPU that are inside each other. Only its thread uses it.
    depths: [AtomicUsize; CPUS],
    devices: [Device; DEVICES],
    /// How many quiet callbacks were called.
    called: AtomicUsize,
}

impl Accesses for Model {
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &AccessCounter>) -> T) -> T {
        look(&mut self.counters.iter())
    }
}

impl Model {
    fn new() -> Self {
        membarrier::prepare();
        Self {
            grace_periods: GracePeriods::default(),
            counters: core::array::from_fn(|_| AccessCounter::new()),
            depths: core::array::from_fn(|_| AtomicUsize::new(0)),
            devices: core::array::from_fn(|_| Device::new()),
            called: AtomicUsize::new(0),
        }
    }

    /// Like `Running::start`.
    fn start(&self, cpu: usize) {
        membarrier::become_cpu(cpu);
        if self.depths[cpu].fetch_add(1, Relaxed) == 0 {
            self.counters[cpu].start();
        }
    }

    /// Like `Running::end`. Returns whether a grace period may have been waiting.
    fn end(&self, cpu: usize) -> bool {
        membarrier::become_cpu(cpu);
        let is_last = self.depths[cpu].fetch_sub(1, Relaxed) == 1;
        let is_awaited = is_last && self.counters[cpu].end(&self.grace_periods);
        if is_awaited {
            self.grace_periods.end_of(&self.counters[cpu], |function| function());
        }
        is_awaited
    }

    /// An access of a vCPU.
    fn access<T>(&self, cpu: usize, handle: impl FnOnce() -> T) -> T {
        self.start(cpu);
        let result = handle();
        self.end(cpu);
        result
    }

    /// Like `System::synchronize`.
    fn synchronize(&self) {
        self.grace_periods.synchronize(self).unwrap();
    }

    /// Like `System::call_when_quiet`.
    fn call_when_quiet(self: &Arc<Self>, function: impl FnOnce(&Arc<Self>) + 'static) {
        let model = self.clone();
        let function = move || {
            model.called.fetch_add(1, Relaxed);
            function(&model);
        };
        let periods = &self.grace_periods;
        if let Some(function) = periods.call_when_quiet(&**self, Box::new(function)).unwrap() {
            function();
        }
    }
}

/// Runs a scenario in all orders, and compares the set of its results with the expected one.
fn explore<T, S>(threads: usize, expected: impl IntoIterator<Item = T>, scenario: S)
where
    T: Ord + Debug + Send + 'static,
    S: Fn(&Arc<Model>) -> T + Send + Sync + 'static,
{
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let results = seen.clone();
    let mut builder = Builder::new();
    let preemptions = builder.preemption_bound.unwrap_or(PREEMPTIONS);
    builder.preemption_bound = Some(preemptions.saturating_sub(usize::from(threads > 2)).max(2));
    builder.check(move || {
        let model = Arc::new(Model::new());
        let result = scenario(&model);
        model.start(0);
        assert!(!model.end(0), "a thread is still waiting");
        results.lock().unwrap().insert(result);
    });
    assert_eq!(*seen.lock().unwrap(), expected.into_iter().collect());
}

fn spawn<T: 'static>(
    model: &Arc<Model>,
    action: impl FnOnce(&Arc<Model>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let model = model.clone();
    thread::spawn(move || action(&model))
}
