//! One space as in section 1 of the specification: a function from each location to absent or to
//! attributes.
//!
//! 2^64 locations cannot be kept one by one, so the space is cut into *cells* at a fixed list of
//! edges, and changes only ever begin and end at these edges. All locations of a cell are then
//! always alike, but for their host address, which counts upwards from that of the first.
//!
//! Locations are `u128`: 2^64, the end of the memory space, is an ordinary number here.

use std::cell::OnceCell;
use std::ops::Range;

/// The attributes of a location (1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) flags: u32,
    pub(crate) cookie: u32,
    pub(crate) vdev: usize,
    /// `None`: not backed.
    pub(crate) host: Option<u128>,
    pub(crate) saved: u32,
}

impl Attributes {
    /// The attributes of the location `distance` further on, if it is in the same region.
    pub(crate) fn further(self, distance: u128) -> Self {
        Self { host: self.host.map(|host| host + distance), ..self }
    }
}

/// A half-open range of locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: u128,
    pub(crate) end: u128,
}

impl Extent {
    pub(crate) fn new(start: u128, end: u128) -> Self {
        Self { start, end }
    }

    pub(crate) fn length(self) -> u128 {
        self.end - self.start
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub(crate) fn holds(self, location: u128) -> bool {
        self.start <= location && location < self.end
    }

    pub(crate) fn inside(self, outer: Self) -> bool {
        outer.start <= self.start && self.end <= outer.end
    }
}

/// A region: a maximal run of locations with equal attributes and consecutive host addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) extent: Extent,
    /// The attributes of its first location.
    pub(crate) first: Attributes,
}

impl Run {
    /// The attributes of a location in this run, or of one that would continue it.
    pub(crate) fn at(&self, location: u128) -> Attributes {
        self.first.further(location - self.extent.start)
    }
}

#[derive(Clone)]
pub(crate) struct Cells {
    /// Cell i is [edges[i], edges[i + 1]); together they are the whole space.
    edges: Vec<u128>,
    /// The attributes of the first location of each cell.
    cells: Vec<Option<Attributes>>,
    /// The regions, computed on demand.
    runs: OnceCell<Vec<Run>>,
}

impl Cells {
    pub(crate) fn new(edges: Vec<u128>) -> Self {
        assert!(edges[0] == 0 && edges.is_sorted_by(|a, b| a < b), "edges of a space: {edges:x?}");
        Self { cells: vec![None; edges.len() - 1], edges, runs: OnceCell::new() }
    }

    /// One past the last location.
    pub(crate) fn end(&self) -> u128 {
        self.edges[self.edges.len() - 1]
    }

    pub(crate) fn edges(&self) -> &[u128] {
        &self.edges
    }

    /// The cell that a location is in.
    pub(crate) fn index(&self, location: u128) -> usize {
        self.edges.partition_point(|&edge| edge <= location) - 1
    }

    /// The function of section 1: the attributes of a location.
    pub(crate) fn at(&self, location: u128) -> Option<Attributes> {
        let cell = self.index(location);
        self.cells[cell].map(|first| first.further(location - self.edges[cell]))
    }

    /// Do all locations of a range satisfy a condition (that does not look at the host address)?
    pub(crate) fn every(&self, range: Extent, wanted: impl Fn(Option<Attributes>) -> bool) -> bool {
        self.cells[self.touched(range)].iter().all(|&cell| wanted(cell))
    }

    /// Does some location of a range satisfy a condition (that does not look at the host address)?
    pub(crate) fn some(&self, range: Extent, wanted: impl Fn(Option<Attributes>) -> bool) -> bool {
        self.cells[self.touched(range)].iter().any(|&cell| wanted(cell))
    }

    /// The longest part of a range, from its start, that is all in one region or all absent.
    pub(crate) fn uniform_part(&self, range: Extent) -> Extent {
        let first = self.at(range.start);
        let expected = |location| first.map(|first| first.further(location - range.start));
        let same = |&cell: &usize| self.cells[cell] == expected(self.edges[cell]);
        let other = self.touched(range).skip(1).find(|cell| !same(cell));
        Extent::new(range.start, other.map_or(range.end, |cell| self.edges[cell]))
    }

    /// Give each location of a range the result of `new`, called with its attributes and its offset
    /// in the range.
    pub(crate) fn change(
        &mut self,
        range: Extent,
        new: impl Fn(Option<Attributes>, u128) -> Option<Attributes>,
    ) {
        for cell in self.touched(range) {
            let extent = Extent::new(self.edges[cell], self.edges[cell + 1]);
            let changed = new(self.cells[cell], extent.start.saturating_sub(range.start));
            let same = changed == self.cells[cell];
            assert!(same || extent.inside(range), "fault of the test: {range:x?} cuts {extent:x?}");
            self.cells[cell] = changed;
        }
        self.runs = OnceCell::new();
    }

    /// The regions in ascending order.
    pub(crate) fn runs(&self) -> &[Run] {
        self.runs.get_or_init(|| self.collect_runs(|_| true))
    }

    /// Do all locations have the same attributes in both?
    pub(crate) fn same_map(&self, other: &Self) -> bool {
        self.cells == other.cells
    }

    /// The longest runs of locations that are present here and differ in `other`.
    pub(crate) fn runs_unlike(&self, other: &Self) -> Vec<Run> {
        self.collect_runs(|cell| self.cells[cell] != other.cells[cell])
    }

    fn collect_runs(&self, wanted: impl Fn(usize) -> bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (cell, &attributes) in self.cells.iter().enumerate() {
            let Some(first) = attributes.filter(|_| wanted(cell)) else { continue };
            let extent = Extent::new(self.edges[cell], self.edges[cell + 1]);
            match runs.last_mut() {
                Some(run) if run.extent.end == extent.start && run.at(extent.start) == first => {
                    run.extent.end = extent.end;
                }
                _ => runs.push(Run { extent, first }),
            }
        }
        runs
    }

    /// The cells that have a location in the range.
    fn touched(&self, range: Extent) -> Range<usize> {
        self.index(range.start)..self.index(range.end - 1) + 1
    }
}
