//! How readers and the writer keep out of each other's way: two counters, every ordering of the
//! map but the mutex of the writers, and why each of them is needed.
//!
//! A node is published by a store ([`PUBLISH`]) of a pointer to it, and reached by a load
//! ([`FOLLOW`]) of that pointer: who has the pointer sees what was written to the node before.
//! What is in the nodes needs no ordering of its own, because of the two counters.
//!
//! [`ReuseEpoch`] protects one look at the nodes, [`Version`] what was seen in several looks.
//! `exhaustive.rs` runs this code in every order that the memory model allows, and has a test for
//! each ordering here: it fails without it.

#![forbid(unsafe_code)]

use crate::sync::{AtomicU64, fence, own};
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// The order of a store that publishes a node.
pub(super) const PUBLISH: Ordering = Release;
/// The order of a load that follows a pointer to a node.
pub(super) const FOLLOW: Ordering = Acquire;

/// Says that nodes are used again which readers may still be looking at. Grows by one each time.
#[derive(Debug)]
pub(super) struct ReuseEpoch(AtomicU64);

impl ReuseEpoch {
    /// Nothing was ever used again. `start` is any number.
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// The result of a look during which no node was used again. There may be looks before it:
    /// they saw nonsense, and have to come to an end nevertheless.
    #[inline(always)]
    pub(super) fn read<T>(&self, look: impl Fn() -> T) -> T {
        loop {
            let before = self.begin();
            let seen = look();
            if self.is_steady(before) {
                return seen;
            }
        }
    }

    /// Acquire, with the release in [`ReuseEpoch::announce`]: who starts with the new number sees what
    /// was published before the announcement, and cannot come to the nodes it is about.
    #[inline(always)]
    pub(super) fn begin(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Acquire fence, with the release fences below: who saw a word of the new use of a node has
    /// the announcement before this load, and finds another number than at the beginning.
    #[inline(always)]
    pub(super) fn is_steady(&self, before: u64) -> bool {
        fence(Acquire);
        self.0.load(Relaxed) == before
    }

    /// Has to be called by a thread that became the only writer, before it writes to any node.
    ///
    /// The release fence makes the announcements of the writers before it, which it knows of by
    /// the mutex, its own: a reader meets them with the first word that this thread writes.
    pub(super) fn start_writing(&self) {
        fence(Release);
    }

    /// Lets the writer have the nodes that were replaced by what is published: `take_back` may
    /// write to them, and so may whatever comes after it.
    ///
    /// The fence is for `take_back`, as in [`ReuseEpoch::start_writing`].
    pub(super) fn announce(&self, take_back: impl FnOnce()) {
        let number = own(&self.0);
        self.0.store(number.wrapping_add(1), Release);
        fence(Release);
        take_back();
    }
}

/// Counts states: even, and growing by two with each; odd while one is being published.
///
/// It has no fences: states differ in pointers to nodes, so a thread that saw something of a state
/// came by a [`FOLLOW`] of its [`PUBLISH`], and has the stores and loads here in order with that.
///
/// In a cache line of its own: it is written with each change, and lookups without a hint do not
/// read it.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Version(AtomicU64);

impl Version {
    /// The number of the first state, which has to be even.
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// The number of the state, for [`Version::is_still`].
    ///
    /// Acquire, with the release at the end of [`Version::publish`]: who has the number of a
    /// state sees that state or a later one.
    #[inline(always)]
    pub(super) fn now(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Whether all that was seen since `before` was the number is of that one state: who saw a
    /// later one finds the odd number before it, or one after that.
    #[inline(always)]
    pub(super) fn is_still(&self, before: u64) -> bool {
        before & 1 == 0 && self.0.load(Relaxed) == before
    }

    /// The result of a query that saw one state, unless it saw several in each of some tries.
    pub(super) fn snapshot<T>(&self, tries: usize, query: impl Fn() -> T) -> Option<T> {
        (0..tries).find_map(|_| {
            let before = self.now();
            let result = query();
            self.is_still(before).then_some(result)
        })
    }

    /// Runs the store ([`PUBLISH`]) that makes a state visible.
    ///
    /// The number is odd first, so that nobody uses what was remembered with the number of the
    /// last state when somebody saw the new one. Nothing is remembered with an odd number.
    pub(super) fn publish(&self, store: impl FnOnce()) {
        let number = own(&self.0);
        self.0.store(number.wrapping_add(1), Relaxed);
        store();
        self.0.store(number.wrapping_add(2), Release);
    }
}
