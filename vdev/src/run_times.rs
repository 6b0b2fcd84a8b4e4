//! How long vdevs ran for the guest.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::sync::Mutex;

/// Whether any host has asked.
static WANTED: AtomicBool = AtomicBool::new(false);

/// The nanoseconds of each vdev, by its address.
#[derive(Debug, Default)]
pub(crate) struct RunTimes(Mutex<HashMap<usize, u64>>);

impl RunTimes {
    /// Counts that a host has asked for.
    pub(crate) fn wanted() -> Self {
        WANTED.store(true, Ordering::Relaxed);
        Self::default()
    }

    /// Whether any host has asked.
    pub(crate) fn are_wanted() -> bool {
        WANTED.load(Ordering::Relaxed)
    }

    /// Counts for a vdev.
    pub(crate) fn add(&self, vdev: usize, nanoseconds: u64) {
        let mut times = unpoisoned(self.0.lock());
        let time = times.entry(vdev).or_default();
        *time = time.saturating_add(nanoseconds);
    }

    pub(crate) fn of(&self, vdev: usize) -> u64 {
        unpoisoned(self.0.lock()).get(&vdev).copied().unwrap_or(0)
    }

    /// Forgets a vdev.
    pub(crate) fn remove(&self, vdev: usize) {
        unpoisoned(self.0.lock()).remove(&vdev);
    }
}
