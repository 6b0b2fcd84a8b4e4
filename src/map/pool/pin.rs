//! Pinning: a query keeps one version of the map as it is while changes go on.
//!
//! The writer does not change a pinned root: instead of a leaf in it, it publishes a new root. And
//! it reuses neither the pinned root nor a leaf of it. So a pin costs the writer one copy of the
//! root, and keeps as many nodes in quarantine as the pinned root has, however long the query takes
//! and whatever changes meanwhile. There is one pin at a time.

#![forbid(unsafe_code)]

use super::published::Pool;
use crate::map::root::Root;
use core::time::Duration;
use parking_lot::MutexGuard;

/// How long a query waits for the writer.
const WRITER_WAIT: Duration = Duration::from_millis(1);

/// A root that stays as it is, with its leaves, until this is dropped.
#[derive(Debug)]
pub(in crate::map) struct PinnedRoot<'p> {
    pool: &'p Pool,
    root: Option<&'p Root>,
    _turn: MutexGuard<'p, ()>,
}

impl Pool {
    /// Pins the published root. Waits for queries that have pinned one, up to `turn`, and for the
    /// writer, up to WRITER_WAIT. `None`: that took longer, or nodes of the last pinned root wait
    /// for the next commit.
    pub(in crate::map) fn pin_within(&self, turn: Duration) -> Option<PinnedRoot<'_>> {
        let turn = self.pins.try_lock_for(turn)?;
        let mut writer = self.write_within(WRITER_WAIT)?;
        let root = writer.published();
        writer.pin(root).then(|| PinnedRoot { pool: self, root, _turn: turn })
    }
}

impl PinnedRoot<'_> {
    /// The root; `None` if none was ever published.
    pub(in crate::map) fn root(&self) -> Option<&Root> {
        self.root
    }
}

impl Drop for PinnedRoot<'_> {
    fn drop(&mut self) {
        self.pool.pin.remove();
    }
}
