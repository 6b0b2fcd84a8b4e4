//! Ranges whose ends are edges of cells.

use super::cells::{Cells, Extent, Run};

/// Can 32 bits describe the run?
pub(crate) fn short(run: &Run) -> bool {
    run.extent.length() <= u128::from(u32::MAX)
}

/// The range between two edges, or one cell.
pub(crate) fn sorted(a: u128, b: u128, cells: &Cells) -> Extent {
    if a == b { one_cell(cells, a.min(cells.end() - 1)) } else { Extent::new(a.min(b), a.max(b)) }
}

fn one_cell(cells: &Cells, location: u128) -> Extent {
    let cell = cells.index(location);
    Extent::new(cells.edges()[cell], cells.edges()[cell + 1])
}

/// The hole that holds a location or is the next after it, from there on.
pub(crate) fn hole_after(cells: &Cells, location: u128) -> Extent {
    let mut start = location;
    for run in cells.runs() {
        if start < run.extent.start {
            return Extent::new(start, run.extent.start);
        }
        start = start.max(run.extent.end);
    }
    if start < cells.end() { Extent::new(start, cells.end()) } else { one_cell(cells, location) }
}

/// The range, extended to whole units.
pub(crate) fn whole(range: Extent, unit: u128) -> Extent {
    Extent::new(range.start / unit * unit, range.end.next_multiple_of(unit))
}

/// The range, cut at the edge of a unit and of a cell so that its length has 32 bits.
pub(crate) fn describable(cells: &Cells, range: Extent, unit: u128) -> Option<Extent> {
    let longest = range.end.min(range.start + u128::from(u32::MAX) / unit * unit);
    let edge = cells.edges()[cells.index(longest.min(cells.end() - 1))];
    let end = if longest == range.end { longest } else { edge / unit * unit };
    (end > range.start).then(|| Extent::new(range.start, end))
}
