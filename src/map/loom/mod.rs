//! Readers and writers of `gate.rs`, in every order that the memory model allows (loom):
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --lib loom
//! ```
//!
//! `gate.rs`, `first_of_two` and the hint are the real ones (the hint's cells are core's, because one
//! thread at a time uses it). The nodes are models, because loom's atomics cannot be in zeroed
//! memory: there are two roots of two slots, and leaves of two words. Both counters start just
//! before they wrap. A scenario lists all results that may be seen. It fails if another one is seen,
//! and if one of them is not, because then it did not reach what it is to test.
//!
//! `LOOM_MAX_PREEMPTIONS=n` explores more orders than [`PREEMPTIONS`] does.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

mod scenarios;

use super::gate::{FOLLOW, PUBLISH, Pin, ReuseEpoch, Version};
use super::hint::Hint;
use super::lookup::first_of_two;
use crate::value::flags::Flags;
use crate::value::range::{Location, Range};
use crate::value::region::{Region, Vdev};
use core::fmt::Debug;
use core::sync::atomic::Ordering::Relaxed;
use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::atomic::{self, AtomicUsize};
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::collections::BTreeSet;
use std::sync::{Arc as StdArc, Mutex as StdMutex};

/// The greatest number of preemptions in one run.
const PREEMPTIONS: usize = 3;

/// The keys of leaves. A search for one key must not find another.
const SOUGHT: u64 = 10;
const OTHER: u64 = 20;
/// The words of a leaf that was never written.
const GARBAGE: u64 = 99;

/// A key and a value.
type Leaf = [atomic::AtomicU64; 2];

/// A small map. Root 0 is published. Both slots of both roots have leaf 0: `(SOUGHT, 0)`.
#[derive(Debug)]
struct Model {
    reuse: ReuseEpoch,
    version: Version,
    root: AtomicUsize,
    places: [[AtomicUsize; 2]; 2],
    leaves: [Leaf; 3],
    /// loom finds out if a leaf may be written while somebody who does not retry reads it.
    uses: [UnsafeCell<()>; 3],
    pin: Pin,
    /// The free leaves, and the mutex of the writers.
    free_leaves: Mutex<Vec<usize>>,
}

impl Model {
    fn new() -> Self {
        let leaf = |value: [u64; 2]| value.map(atomic::AtomicU64::new);
        let places = || [0, 0].map(AtomicUsize::new);
        Self {
            reuse: ReuseEpoch::new(u64::MAX),
            version: Version::new(u64::MAX - 1),
            root: AtomicUsize::new(0),
            places: [places(), places()],
            leaves: [leaf([SOUGHT, 0]), leaf([GARBAGE; 2]), leaf([GARBAGE; 2])],
            uses: [(); 3].map(UnsafeCell::new),
            pin: Pin::new(),
            free_leaves: Mutex::new(Vec::new()),
        }
    }

    fn follow(&self, place: usize) -> usize {
        let root = self.root.load(FOLLOW);
        self.places[root][place].load(FOLLOW)
    }

    fn words(&self, leaf: usize) -> (u64, u64) {
        let [key, value] = &self.leaves[leaf];
        (key.load(Relaxed), value.load(Relaxed))
    }

    /// As `Map::lookup`.
    fn lookup(&self, place: usize) -> (u64, u64) {
        self.reuse.read(|| self.words(self.follow(place)))
    }

    fn write(&self, leaf: usize, key: u64, value: u64) {
        self.uses[leaf].with_mut(|_| {});
        self.leaves[leaf][0].store(key, Relaxed);
        self.leaves[leaf][1].store(value, Relaxed);
    }

    /// Publishes one leaf in a root, as a small change does.
    fn publish_leaf(&self, root: usize, place: usize, leaf: usize) {
        self.version.publish(|| self.places[root][place].store(leaf, PUBLISH));
    }

    /// Publishes a root, as a larger change does.
    fn publish_root(&self, root: usize) {
        self.version.publish(|| self.root.store(root, PUBLISH));
    }

    /// As `Map::snapshot` with a pinned root: both slots.
    fn look_at_pinned(&self) -> [(u64, u64); 2] {
        let writers = self.free_leaves.lock().unwrap();
        let root = self.root.load(FOLLOW);
        self.pin.set();
        drop(writers);
        let seen = [0, 1].map(|place| {
            let leaf = self.places[root][place].load(FOLLOW);
            self.uses[leaf].with(|_| self.words(leaf))
        });
        self.pin.remove();
        seen
    }

    /// As a draft that replaces one leaf of root 0: in place, unless the root is pinned.
    fn replace_leaf(&self, place: usize, leaf: usize) {
        if !self.pin.is_set() || self.root.load(Relaxed) != 0 {
            return self.publish_leaf(self.root.load(Relaxed), place, leaf);
        }
        for copied in 0..2 {
            let same = self.places[0][copied].load(Relaxed);
            self.places[1][copied].store(if copied == place { leaf } else { same }, PUBLISH);
        }
        self.publish_root(1);
    }

    /// As `Map::lookup_hinted`. Returns the value, which is the cookie of a region here.
    fn lookup_hinted(&self, hint: &Hint) -> u64 {
        let lookup = |location| {
            let (_, value) = self.lookup(0);
            let cookie = u32::try_from(value).ok()?;
            let range = Range::from_ends(location, location)?;
            Some(Region { range, flags: Flags::NONE, cookie, vdev: Vdev(0), host: 0 })
        };
        let found = hint.lookup(Location::new(SOUGHT), &self.version, lookup);
        found.unwrap().cookie.into()
    }

    /// As `Map::lookup_from`: the place and the value of the first leaf if its value is not 0, or
    /// else of the second.
    fn look_at_two(&self) -> (usize, u64) {
        self.reuse.read(|| {
            let root = self.root.load(FOLLOW);
            let leaf = |place: usize| Some(&self.leaves[self.places[root][place].load(FOLLOW)]);
            let value = |leaf: &Leaf| leaf[1].load(Relaxed);
            let search = |leaf| Some((0, value(leaf))).filter(|(_, value)| *value != 0);
            first_of_two(|| leaf(0), search, || Some((1, value(leaf(1)?)))).unwrap()
        })
    }
}

/// Runs a scenario in all orders, and compares the results seen with those expected.
fn explore<T, S>(expected: impl IntoIterator<Item = T>, scenario: S)
where
    T: Ord + Debug + Send + 'static,
    S: Fn(Arc<Model>) -> T + Send + Sync + 'static,
{
    let seen = StdArc::new(StdMutex::new(BTreeSet::new()));
    let results = seen.clone();
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(move || {
        let result = scenario(Arc::new(Model::new()));
        results.lock().unwrap().insert(result);
    });
    assert_eq!(*seen.lock().unwrap(), expected.into_iter().collect());
}

fn spawn<T: 'static>(
    model: &Arc<Model>,
    action: impl FnOnce(&Model) -> T + 'static,
) -> thread::JoinHandle<T> {
    let model = model.clone();
    thread::spawn(move || action(&model))
}
