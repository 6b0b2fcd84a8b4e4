//! Sections 6.2 and 6.3 of the specification: walks over the runs of `GRF_MEMORY` locations in
//! ascending order, and their filters.

use super::cells::Extent;
use super::numbers::*;
use super::query::low64;
use super::state::{Kind, Model};

/// One entry, as it stands in the walk's state after the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) guest_loc: u64,
    pub(crate) host_loc: u64,
    pub(crate) length: u64,
}

/// The arguments of a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) max_length: u64,
    pub(crate) host: bool,
}

impl Way {
    pub(crate) fn flags(&self) -> u32 {
        if self.host { GWS_HOST } else { 0 }
    }

    fn limit(&self) -> u128 {
        if self.max_length == 0 { MEMORY_END } else { self.max_length.into() }
    }
}

/// A filter as a pure function: of a candidate range, the first part that is wanted.
pub(crate) type Filter = fn(u64, usize) -> (u64, usize);

impl Model {
    /// The entry that a walk finds next when it has got as far as `cursor`.
    pub(crate) fn walk_next(&self, cursor: u128, way: Way) -> Option<Entry> {
        let run = self.memory_runs(way).into_iter().find(|run| cursor < run.end)?;
        let start = cursor.max(run.start);
        let end = run.end.min(start + way.limit());
        Some(self.entry(Extent::new(start, end), way))
    }

    /// All entries of a walk.
    pub(crate) fn walk(&self, way: Way) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut cursor = 0;
        while let Some(entry) = self.walk_next(cursor, way) {
            cursor = u128::from(entry.guest_loc) + u128::from(entry.length);
            entries.push(entry);
        }
        entries
    }

    /// All entries of a walk with a filter, which is called with each run and then with the rest
    /// of it. A filter without progress ends its run (6.3.5).
    pub(crate) fn walk_filtered(&self, way: Way, filter: Filter) -> Vec<Entry> {
        let mut entries = Vec::new();
        for run in self.memory_runs(way) {
            let mut rest = run;
            while rest.start < rest.end {
                let length = usize::try_from(rest.length()).expect("not all of the space");
                let (location, length) = filter(low64(rest.start), length);
                let wanted = Extent::new(location.into(), u128::from(location) + length as u128);
                if length == 0 || !wanted.inside(rest) {
                    break;
                }
                entries.extend(cut(wanted, way.limit()).map(|piece| self.entry(piece, way)));
                rest.start = wanted.end;
            }
        }
        entries
    }

    /// How much of the guest's memory space is GRF_MEMORY.
    pub(crate) fn memory_size(&self) -> u128 {
        let way = Way { max_length: 0, host: false };
        self.memory_runs(way).iter().map(|run| run.length()).sum()
    }

    /// The runs of GRF_MEMORY, before they are cut to a length.
    fn memory_runs(&self, way: Way) -> Vec<Extent> {
        let mut joined: Vec<Extent> = Vec::new();
        for run in self.runs(Kind::Memory).iter().filter(|run| run.first.flags & MEMORY != 0) {
            match joined.last_mut() {
                Some(last) if last.end == run.extent.start && self.joins(run.extent.start, way) => {
                    last.end = run.extent.end;
                }
                _ => joined.push(run.extent),
            }
        }
        joined
    }

    /// Does a walk go on across the border before a location?
    fn joins(&self, location: u128, way: Way) -> bool {
        let host = |location| self.memory.cells.at(location).and_then(|there| there.host);
        !way.host || host(location) == host(location - 1).map(|before| before + 1)
    }

    fn entry(&self, extent: Extent, way: Way) -> Entry {
        let host = self.memory.cells.at(extent.start).and_then(|first| first.host);
        Entry {
            guest_loc: low64(extent.start),
            host_loc: if way.host { low64(host.expect("memory is backed")) } else { 0 },
            length: low64(extent.length()),
        }
    }
}

/// A range in pieces of at most `limit`.
fn cut(range: Extent, limit: u128) -> impl Iterator<Item = Extent> {
    let pieces = range.length().div_ceil(limit);
    (0..pieces).map(move |piece| {
        let start = range.start + piece * limit;
        Extent::new(start, range.end.min(start + limit))
    })
}
