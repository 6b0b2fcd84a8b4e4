//! Where the model test works: the edges of its cells, and where it likes to be.

use super::cells::Extent;
use super::numbers::*;

/// Bytes of a page at which a cell begins: changes can begin or end there.
const IN_PAGE: [u128; 4] = [0, 1, 0x800, 0xfff];
/// Pages cut that finely.
const PAGES: u128 = 32;
/// End of the low gigabyte; beside the pages there are a few huge cells.
const GIB: u128 = 1 << 30;

/// The edges of one space and the part where most changes start.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) edges: Vec<u128>,
    pub(crate) focus: Vec<Extent>,
    /// Neighbours that together are larger than 32 bits can say.
    pub(crate) huge: Vec<Extent>,
}

/// A stretch of pages cut finely, a few bytes of it cut into single ones, huge cells
/// at both sides, and the rest of the space.
fn memory(pages_from: u128, bytes: Extent, below: &[u128], above: &[u128]) -> Ground {
    let pages = Extent::new(pages_from, pages_from + PAGES * PAGE);
    let in_pages = (0..PAGES).flat_map(|page| IN_PAGE.map(|byte| pages_from + page * PAGE + byte));
    let coarse = [below, &[pages.start, pages.end], above].concat();
    let huge = coarse.windows(2).map(|pair| Extent::new(pair[0], pair[1])).collect();
    let fine = in_pages.chain(bytes.start..bytes.end);
    let edges = sorted(fine.chain(coarse).chain([0, MEMORY_END]).collect());
    Ground { edges, focus: vec![pages, pages, pages, bytes], huge }
}

fn sorted(mut edges: Vec<u128>) -> Vec<u128> {
    edges.sort_unstable();
    edges.dedup();
    edges
}

pub(crate) fn memory_at_zero() -> Ground {
    memory(0, Extent::new(0, 6), &[], &[GIB, 3 * GIB, 6 * GIB])
}

pub(crate) fn memory_at_4g() -> Ground {
    let bytes = Extent::new(4 * GIB - 3, 4 * GIB + 3);
    memory(4 * GIB - PAGES / 2 * PAGE, bytes, &[GIB, 2 * GIB], &[5 * GIB, 8 * GIB])
}

pub(crate) fn memory_at_top() -> Ground {
    let below = [MEMORY_END - 6 * GIB, MEMORY_END - 3 * GIB, MEMORY_END - GIB];
    let bytes = Extent::new(MEMORY_END - 6, MEMORY_END);
    memory(MEMORY_END - PAGES * PAGE, bytes, &below, &[])
}

/// Each port its own cell. Half of the changes start at the ends and at an odd place between.
pub(crate) fn ports() -> Ground {
    Ground { edges: (0..=PORTS_END).collect(), focus: ports_focus(), huge: Vec::new() }
}

/// As `ports`, but all ports between the places of interest are few cells.
pub(crate) fn few_ports() -> Ground {
    let fine = ports_focus().into_iter().flat_map(|extent| extent.start..=extent.end);
    let edges = sorted(fine.chain([0x1000, 0x7000, 0xc000]).collect());
    Ground { edges, focus: ports_focus(), huge: Vec::new() }
}

/// Thousands of ports, each a cell, with room for as many regions.
pub(crate) fn crowded_ports() -> Ground {
    let edges = sorted((0..=0x1800).chain([0x1900, 0xfff0, 0xffff, PORTS_END]).collect());
    Ground { edges, focus: vec![Extent::new(0, 0x1800)], huge: Vec::new() }
}

/// The last bytes of the memory space, each a cell, and some pages.
pub(crate) fn crowded_top() -> Ground {
    let mut ground = memory_at_top();
    let crowd = Extent::new(MEMORY_END - 0x800, MEMORY_END);
    ground.edges = sorted(ground.edges.into_iter().chain(crowd.start..crowd.end).collect());
    ground.focus = vec![ground.focus[0], crowd];
    ground
}

fn ports_focus() -> Vec<Extent> {
    let focus = [(0, 0x30), (0x3f0, 0x410), (PORTS_END - 0x30, PORTS_END)];
    focus.map(|(start, end)| Extent::new(start, end)).to_vec()
}
