//! How readers and the writer synchronise: two counters and a mark, and every memory ordering of the
//! map, each with the reason for it. (The writers exclude each other by the pool's mutex.)
//!
//! A node is published by a store ([`PUBLISH`]) of a pointer to it, and reached by a load
//! ([`FOLLOW`]) of that pointer. So a reader that reaches a node sees what the writer wrote to the
//! node before publishing it. The fields of a node are read and written without ordering; the two
//! counters make that safe. [`ReuseEpoch`] validates one lookup, [`Version`] several together. A
//! query that cannot be validated, because changes do not pause, keeps its nodes from being reused
//! ([`Pin`]).
//!
//! `map/loom` runs this file in every order that the memory model allows. For each ordering here it
//! has a scenario that fails without it.

#![forbid(unsafe_code)]

use crate::sync::{AtomicU32, AtomicU64, fence, own};
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// The ordering of a store that publishes a node.
pub(super) const PUBLISH: Ordering = Release;
/// The ordering of a load that follows a pointer to a node.
pub(super) const FOLLOW: Ordering = Acquire;

/// A counter that grows by one before the writer reuses nodes that readers may still be in.
#[derive(Debug)]
pub(super) struct ReuseEpoch(AtomicU64);

impl ReuseEpoch {
    /// The counter before the first reuse. `start` can be any number.
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// The result of a run of `look` during which no node was reused. `look` may run more than
    /// once: in the runs before, it may read nonsense, but has to return.
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

    /// The counter at the start of a lookup.
    ///
    /// Acquire, paired with the release in [`ReuseEpoch::announce`]: a reader that starts with the
    /// new number sees all that was published before it, and cannot reach the nodes being reused.
    #[inline(always)]
    pub(super) fn begin(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Whether no node was reused since [`ReuseEpoch::begin`] returned `before`.
    ///
    /// Acquire fence, paired with the release fences below: a reader that saw a word of a reused
    /// node sees the incremented counter here too, and retries.
    #[inline(always)]
    pub(super) fn is_steady(&self, before: u64) -> bool {
        fence(Acquire);
        self.0.load(Relaxed) == before
    }

    /// Has to be called by a thread that became the only writer, before it writes to a node.
    ///
    /// By the mutex, the thread has seen all increments of the writers before it. The release fence
    /// passes them on: a reader that sees a word which this thread writes sees them too.
    pub(super) fn start_writing(&self) {
        fence(Release);
    }

    /// Increments the counter, then runs `take_back`. The nodes that are no longer published may be
    /// written from `take_back` on.
    ///
    /// The fence is for the writes of `take_back`, as in [`ReuseEpoch::start_writing`].
    pub(super) fn announce(&self, take_back: impl FnOnce()) {
        let number = own(&self.0);
        self.0.store(number.wrapping_add(1), Release);
        fence(Release);
        take_back();
    }
}

/// The version of the map: even, and two more with each commit; odd while a commit is published.
///
/// It needs no fences. Versions differ in pointers to nodes, so a thread that saw something of a
/// version did a [`FOLLOW`] of a pointer that the writer had [`PUBLISH`]ed, which orders the stores
/// and loads here.
///
/// It has a cache line of its own: each change writes it, and lookups without a hint do not read
/// it.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Version(AtomicU64);

impl Version {
    /// The first version, which has to be even.
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// The version now, to be passed to [`Version::is_still`] later.
    ///
    /// Acquire, paired with the release at the end of [`Version::publish`]: a thread that has the
    /// number of a version sees that version or a later one.
    #[inline(always)]
    pub(super) fn now(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Whether the map has stayed at version `before`. A thread that saw something of a later
    /// version finds the odd number before it, or a later number.
    #[inline(always)]
    pub(super) fn is_still(&self, before: u64) -> bool {
        before & 1 == 0 && self.0.load(Relaxed) == before
    }

    /// The result of `query`, if it saw one version only.
    pub(super) fn snapshot<T>(&self, query: impl FnOnce() -> T) -> Option<T> {
        let before = self.now();
        let result = query();
        self.is_still(before).then_some(result)
    }

    /// Runs `store`, the [`PUBLISH`] that makes the next version visible.
    ///
    /// The number becomes odd before that, so that no thread uses a region that it kept with the
    /// previous number after another thread saw the new version. Nothing is kept with an odd
    /// number.
    pub(super) fn publish(&self, store: impl FnOnce()) {
        let number = own(&self.0);
        self.0.store(number.wrapping_add(1), Relaxed);
        store();
        self.0.store(number.wrapping_add(2), Release);
    }
}

/// The mark that a query reads a root which is to stay as it is, with its leaves, until the query
/// ends.
///
/// Only a thread with the writers' mutex sets it. So a writer that finds no mark may take what was
/// published when it got the mutex as unmarked until it gives the mutex away.
#[derive(Debug)]
pub(super) struct Pin(AtomicU32);

impl Pin {
    /// No mark.
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Sets the mark. The caller has the writers' mutex, which passes the mark on to the writers
    /// after it.
    pub(super) fn set(&self) {
        self.0.store(1, Relaxed);
    }

    /// Removes the mark. This needs no mutex, because a thread with an open draft may be waiting
    /// for the query.
    ///
    /// Release, paired with the acquire in [`Pin::is_set`]: the query has read all that it reads
    /// before a writer reuses it.
    pub(super) fn remove(&self) {
        self.0.store(0, Release);
    }

    /// Whether the mark is set, for a thread with the writers' mutex.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Acquire) != 0
    }
}
