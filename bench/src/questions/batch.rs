//! Question 6: what does it cost to set many regions by one call?

use crate::bench::Bench;
use crate::design::Map;
use crate::error::Error;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{interleave, once};
use crate::report::{Section, Table, times};
use gasp_abi::gasp_region;

/// Nanoseconds by design; columns [`ASCENDING`] and [`SHUFFLED`].
#[derive(Debug)]
pub struct Answer {
    /// The figures.
    pub grid: Grid,
}

pub const ASCENDING: &str = "ascending";
pub const SHUFFLED: &str = "random order";

/// Measure.
pub fn ask(bench: &Bench) -> Result<Answer, Error> {
    let layout = Layout::new(bench.plan.batch);
    let orders = [(ASCENDING, layout.regions.clone()), (SHUFFLED, layout.shuffled())];
    let mut grid = Grid::default();
    for (name, regions) in &orders {
        let samples = interleave(bench.designs.len(), bench.plan.rounds, |design, _| {
            fill(bench, &bench.designs[design].map()?, regions)
        })?;
        for (design, samples) in bench.designs.iter().zip(samples) {
            grid.put(design, name, &samples);
        }
    }
    Ok(Answer { grid })
}

/// Fill an empty map; nanoseconds. The allocator first returns all free memory to the system, so that
/// every design pays for its pages.
fn fill(bench: &Bench, map: &Map, regions: &[gasp_region]) -> Result<f64, Error> {
    // SAFETY: it takes a number and may be called at any time.
    unsafe { libc::malloc_trim(0) };
    let mut filled = Ok(());
    let ticks = once(|| filled = map.set(regions));
    filled.map(|()| bench.clock.ns(ticks))
}

/// The answer in words.
pub fn section(answer: &Answer, bench: &Bench) -> Section {
    let caption = format!("**{} regions by one call** into an empty map.", bench.plan.batch);
    Section {
        file: "batch",
        title: "Many regions by one call",
        text: TEXT,
        tables: vec![Table::of_grid(caption, &answer.grid, times)],
        plots: vec![],
    }
}

const TEXT: &str = "\
A new, empty map each time; the page faults of fresh memory are included for all designs. The peers with a \
tree insert one by one under one lock, those with a sorted array sort and build.

For a VMM: RAM from host chunks, restoring a snapshot, or a migration's permission map arrives as \
one long array before the guest runs.";
