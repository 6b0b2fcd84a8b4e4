//! Bounds lines of the log that repeat: the first ten of each kind, then the 100th, the 1,000th and
//! so on. A vdev or a guest that fails all the time does not fill a disk.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;

/// How many lines of a kind come in full.
const FIRST: u64 = 10;
/// The most kinds. Lines of further ones are left out.
const KINDS: usize = 4096;

/// The lines of each kind so far.
#[derive(Debug)]
pub(crate) struct Bounded<K>(Mutex<HashMap<K, u64>>);

impl<K> Default for Bounded<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Bounded<K> {
    /// Counts a line; its number, if it is to be written.
    pub(crate) fn count(&self, kind: K) -> Option<u64> {
        let mut counts = unpoisoned(self.0.lock());
        if counts.len() >= KINDS && !counts.contains_key(&kind) {
            return None;
        }
        let count = counts.entry(kind).or_default();
        *count = count.saturating_add(1);
        is_written(*count).then_some(*count)
    }

    /// Whether it is the first line of its kind.
    pub(crate) fn is_first(&self, kind: K) -> bool {
        self.count(kind) == Some(1)
    }
}

fn is_written(count: u64) -> bool {
    count <= FIRST || 10_u64.checked_pow(count.ilog10()) == Some(count)
}

/// What a line says of those that were left out.
pub(crate) fn so_far(count: u64) -> String {
    if count > FIRST { format!(" ({count} times so far)") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_are_written_then_each_power_of_ten() {
        let lines = Bounded::default();
        let written: Vec<_> = (0..123_456).filter_map(|_| lines.count("a")).collect();
        assert_eq!(written, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1_000, 10_000, 100_000]);
        assert_eq!(lines.count("b"), Some(1));
        assert!(is_written(10_u64.pow(19)));
        assert!(!is_written(u64::MAX));
        assert_eq!((so_far(10), so_far(100)), (String::new(), " (100 times so far)".into()));
    }

    #[test]
    fn kinds_are_bounded_too() {
        let lines = Bounded::default();
        assert_eq!((0..2 * KINDS).filter_map(|kind| lines.count(kind)).count(), KINDS);
        assert_eq!(lines.count(0), Some(2));
    }
}
