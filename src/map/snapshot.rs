//! Queries of several lookups that all see the same version of the map.

#![forbid(unsafe_code)]

use super::lookup::{Map, first_from, last_to};
use super::root::Root;
use crate::value::range::Location;
use crate::value::region::Region;
use core::time::Duration;
use std::time::Instant;

/// How often a query is tried on the map as it changes.
const TRIES: usize = 8;
/// A query that has been tried for so long is not tried again.
const LONG: Duration = Duration::from_millis(1);

/// What a query looks at. Its lookups all see the same version of the map, or the query's result is
/// discarded.
#[derive(Debug)]
pub(crate) struct Snapshot<'m>(Source<'m>);

#[derive(Debug, Clone, Copy)]
enum Source<'m> {
    /// The map. It may change meanwhile.
    Live(&'m Map),
    /// A root that stays as it is; `None`: the map was never changed.
    Pinned(Option<&'m Root>),
}

impl<'m> Snapshot<'m> {
    /// The version of a pinned root.
    pub(super) fn pinned(root: Option<&'m Root>) -> Self {
        Self(Source::Pinned(root))
    }

    /// As [`Map::lookup`].
    pub(crate) fn lookup(&self, location: Location) -> Option<Region> {
        match self.0 {
            Source::Live(map) => map.lookup(location),
            Source::Pinned(_) => {
                self.lookup_from(location).filter(|region| region.range.contains(location))
            }
        }
    }

    /// As [`Map::lookup_from`].
    pub(crate) fn lookup_from(&self, location: Location) -> Option<Region> {
        match self.0 {
            Source::Live(map) => map.lookup_from(location),
            Source::Pinned(root) => first_from(root?, location.get()),
        }
    }

    /// As [`Map::lookup_to`].
    pub(crate) fn lookup_to(&self, location: Location) -> Option<Region> {
        match self.0 {
            Source::Live(map) => map.lookup_to(location),
            Source::Pinned(root) => last_to(root?, location.get()),
        }
    }
}

impl Map {
    /// The result of a query whose lookups all saw the same version of the map. The query may run
    /// more than once.
    ///
    /// If the map does not stop changing, the query gets a version of its own to look at, and the
    /// changes go on.
    ///
    /// This never waits until an open draft is closed, because the thread with the draft may be
    /// waiting for this one. As long as the draft is open the map does not change, so another try
    /// succeeds.
    pub(crate) fn snapshot<T>(&self, query: impl Fn(&Snapshot<'_>) -> T) -> T {
        let live = || self.version.snapshot(|| query(&Snapshot(Source::Live(self))));
        live().unwrap_or_else(|| self.snapshot_again(live, &query))
    }

    #[cold]
    fn snapshot_again<T>(
        &self,
        live: impl Fn() -> Option<T>,
        query: impl Fn(&Snapshot<'_>) -> T,
    ) -> T {
        let start = Instant::now();
        for _ in 1..TRIES {
            if let Some(result) = live() {
                return result;
            }
            if start.elapsed() >= LONG {
                break;
            }
        }
        loop {
            // Another query may have its own version for long, but a short one does not wait for it.
            if let Some(pinned) = self.pool.pin_within(start.elapsed()) {
                return query(&Snapshot::pinned(pinned.root()));
            }
            if let Some(result) = live() {
                return result;
            }
        }
    }
}
