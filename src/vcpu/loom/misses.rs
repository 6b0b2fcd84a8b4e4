//! Accesses that find nothing, beside threads that change the map step by step with the lock held.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::PREEMPTIONS;
use crate::sync::Mutex;
use crate::vcpu::misses::look_twice;
use core::convert::Infallible;
use core::sync::atomic::Ordering::Relaxed;
use loom::model::Builder;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as StdMutex};

/// What is at the place that all accesses are made to.
const NOTHING: usize = 0;
const RAM: usize = 1;
const DEVICE: usize = 2;

/// A map of one place, without any memory ordering, and the lock of its space.
struct Place {
    lock: Mutex<()>,
    content: AtomicUsize,
}

impl Place {
    /// Takes the place away, and puts something else there.
    fn replace(&self, by: usize) {
        let _held = self.lock.lock();
        self.content.store(NOTHING, Relaxed);
        self.content.store(by, Relaxed);
    }

    fn access(&self) -> usize {
        let look = || self.content.load(Relaxed);
        let hold = || Ok::<_, Infallible>(self.lock.lock());
        look_twice(look, |found| *found == NOTHING, hold).0
    }
}

/// Makes an access beside a thread that runs `change`, in all orders. The results are `expected`.
fn explore(expected: &[usize], change: impl Fn(&Place) + Copy + Send + Sync + 'static) {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let results = seen.clone();
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(move || {
        let place = Arc::new(Place { lock: Mutex::new(()), content: AtomicUsize::new(RAM) });
        let changed = place.clone();
        let other = thread::spawn(move || change(&changed));
        results.lock().unwrap().insert(place.access());
        other.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), expected.iter().copied().collect());
}

#[test]
fn an_access_sees_the_last_step() {
    explore(&[RAM, DEVICE], |place| place.replace(DEVICE));
}

/// The place may be taken away again as soon as the lock is free.
#[test]
fn an_access_sees_no_state_between_two_steps() {
    explore(&[RAM, DEVICE], |place| {
        place.replace(DEVICE);
        place.replace(RAM);
    });
}

#[test]
fn an_access_finds_nothing_where_nothing_is_left() {
    explore(&[NOTHING, RAM], |place| place.replace(NOTHING));
}
