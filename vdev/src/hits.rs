//! Counts accesses by vdev and cookie, if the host asks for it.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use std::collections::HashMap;
use std::sync::Mutex;

/// The reads and writes of one vdev's regions with one cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The vdev's address.
    pub(crate) vdev: usize,
    pub(crate) cookie: u32,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// The counters of one guest's vdevs.
#[derive(Debug, Default)]
pub(crate) struct Hits(Mutex<HashMap<(usize, u32), (u64, u64)>>);

impl Hits {
    /// Counts an access.
    pub(crate) fn count(&self, vdev: usize, cookie: u32, is_read: bool) {
        let mut counters = unpoisoned(self.0.lock());
        let (reads, writes) = counters.entry((vdev, cookie)).or_default();
        let counter = if is_read { reads } else { writes };
        *counter = counter.saturating_add(1);
    }

    /// All counts, in no particular order.
    pub(crate) fn all(&self) -> Vec<Hit> {
        let counters = unpoisoned(self.0.lock());
        let hit = |(&(vdev, cookie), &(reads, writes))| Hit { vdev, cookie, reads, writes };
        counters.iter().map(hit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_are_counted_apart_for_each_vdev_and_cookie() {
        let hits = Hits::default();
        for is_read in [true, true, false] {
            hits.count(0x1000, 7, is_read);
        }
        hits.count(0x1000, 8, true);
        hits.count(0x2000, 7, false);
        let mut all = hits.all();
        all.sort_by_key(|hit| (hit.vdev, hit.cookie));
        let hit = |vdev, cookie, reads, writes| Hit { vdev, cookie, reads, writes };
        assert_eq!(all, [hit(0x1000, 7, 2, 1), hit(0x1000, 8, 1, 0), hit(0x2000, 7, 0, 1)]);
    }
}
