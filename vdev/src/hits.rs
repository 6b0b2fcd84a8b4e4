//! Counts accesses by vdev and cookie.
//!
//! Every vCPU has a table of its own and is the only thread that writes it, with plain loads and
//! stores. Other threads may read it at any time.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::OnceLock;

/// The number of counters of a table.
const PLACES: usize = 64;
/// The number of slots that are tried before the next table.
const TRIES: usize = 8;

/// The reads and writes of one vdev's regions with one cookie.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// The vdev's address; 0: the slot is free.
    vdev: AtomicUsize,
    cookie: AtomicU32,
    reads: AtomicU64,
    writes: AtomicU64,
}

/// The values of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// The vdev's address.
    pub(super) vdev: usize,
    pub(super) cookie: u32,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

/// The counters of one vCPU.
#[derive(Debug)]
pub(super) struct Hits {
    counters: [Counter; PLACES],
    more: OnceLock<Box<Self>>,
}

impl Default for Hits {
    fn default() -> Self {
        Self { counters: core::array::from_fn(|_| Counter::default()), more: OnceLock::new() }
    }
}

impl Counter {
    fn is(&self, vdev: usize, cookie: u32) -> bool {
        self.vdev.load(Ordering::Relaxed) == vdev && self.cookie.load(Ordering::Relaxed) == cookie
    }

    fn is_free(&self) -> bool {
        self.vdev.load(Ordering::Relaxed) == 0
    }

    /// Counts an access. Only for the vCPU that owns the counter.
    pub(super) fn count(&self, is_read: bool) {
        let counter = if is_read { &self.reads } else { &self.writes };
        // One writer: nothing is lost between the load and the store. 2^64 hits do not happen.
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    fn seen(&self) -> Option<Count> {
        let vdev = self.vdev.load(Ordering::Acquire);
        (vdev != 0).then(|| Count {
            vdev,
            cookie: self.cookie.load(Ordering::Relaxed),
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
        })
    }
}

impl Hits {
    /// Finds a counter.
    pub(super) fn find(&self, vdev: usize, cookie: u32) -> Option<&Counter> {
        for counter in self.places(vdev, cookie) {
            if counter.is(vdev, cookie) {
                return Some(counter);
            }
            if counter.is_free() {
                return None;
            }
        }
        self.more.get()?.find(vdev, cookie)
    }

    /// Finds or makes a counter. Only for the vCPU that owns the table.
    pub(super) fn add(&self, vdev: usize, cookie: u32) -> &Counter {
        if let Some(counter) = self.find(vdev, cookie) {
            return counter;
        }
        let Some(counter) = self.places(vdev, cookie).find(|place| place.is_free()) else {
            return self.more.get_or_init(Box::default).add(vdev, cookie);
        };
        counter.cookie.store(cookie, Ordering::Relaxed);
        // A reader that sees the vdev also sees the cookie.
        counter.vdev.store(vdev, Ordering::Release);
        counter
    }

    /// All counts, in no particular order.
    pub(super) fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<_> = self.counters.iter().filter_map(Counter::seen).collect();
        if let Some(more) = self.more.get() {
            counts.extend(more.counts());
        }
        counts
    }

    fn places(&self, vdev: usize, cookie: u32) -> impl Iterator<Item = &Counter> {
        // Vdevs are allocations: their low bits are equal.
        let first = (vdev >> 6).wrapping_add(cookie as usize) % PLACES;
        self.counters.iter().cycle().skip(first).take(TRIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_are_counted_apart() {
        let hits = Hits::default();
        for is_read in [true, true, false] {
            hits.add(0x1000, 7).count(is_read);
        }
        let expected = Count { vdev: 0x1000, cookie: 7, reads: 2, writes: 1 };
        assert_eq!(hits.counts(), [expected]);
    }

    #[test]
    fn every_cookie_has_its_counter_however_many() {
        let hits = Hits::default();
        for round in 0..3 {
            for cookie in 0..1000 {
                assert_eq!(hits.find(0x40, cookie).is_some(), round > 0);
                hits.add(0x40, cookie).count(cookie % 2 == 0);
            }
        }
        let mut counts = hits.counts();
        counts.sort_by_key(|count| count.cookie);
        assert_eq!(counts.len(), 1000);
        for (cookie, count) in (0..).zip(counts) {
            let (reads, writes) = if cookie % 2 == 0 { (3, 0) } else { (0, 3) };
            assert_eq!(count, Count { vdev: 0x40, cookie, reads, writes });
        }
    }

    #[test]
    fn vdevs_with_one_cookie_are_told_apart() {
        let hits = Hits::default();
        hits.add(0x40, 1).count(true);
        hits.add(0x40 << 6, 1).count(false);
        assert!(hits.find(0x80, 1).is_none());
        let mut counts = hits.counts();
        counts.sort_by_key(|count| count.vdev);
        assert_eq!(counts[0], Count { vdev: 0x40, cookie: 1, reads: 1, writes: 0 });
        assert_eq!(counts[1], Count { vdev: 0x1000, cookie: 1, reads: 0, writes: 1 });
    }
}
