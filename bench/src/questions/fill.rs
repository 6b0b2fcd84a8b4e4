//! Question 7: what does it cost to set many regions one by one, in random order?

use crate::bench::Bench;
use crate::design::{Design, Updates};
use crate::error::Error;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{interleave, once};
use crate::report::{Section, Table, times};
use crate::stats::Tail;
use gasp_abi::gasp_region;

/// Nanoseconds a call by design; columns [`MEAN`] to [`MAX`].
#[derive(Debug)]
pub struct Answer {
    /// The figures.
    pub grid: Grid,
}

pub const MEAN: &str = "mean";
pub const P50: &str = "p50";
pub const P99: &str = "p99";
pub const P999: &str = "p99.9";
pub const MAX: &str = "max";

/// Measure.
pub fn ask(bench: &Bench) -> Result<Answer, Error> {
    let regions = Layout::new(bench.plan.fill).shuffled();
    let designs: Vec<&Design> =
        bench.designs.iter().filter(|design| design.updates == Updates::Cheap).collect();
    let samples = interleave(designs.len(), bench.plan.fill_rounds, |design, _| {
        fill(designs[design], &regions)
    })?;
    let mut grid = Grid::default();
    for (design, tails) in designs.iter().zip(samples) {
        let mut put = |column, pick: &dyn Fn(&Tail) -> f64| {
            grid.put(design, column, &tails.iter().map(pick).collect::<Vec<_>>());
        };
        put(MEAN, &|t| bench.clock.ns(1_000_000) * t.mean / 1e6);
        put(P50, &|t| bench.clock.ns(t.p50));
        put(P99, &|t| bench.clock.ns(t.p99));
        put(P999, &|t| bench.clock.ns(t.p999));
        put(MAX, &|t| bench.clock.ns(t.max));
    }
    Ok(Answer { grid })
}

fn fill(design: &Design, regions: &[gasp_region]) -> Result<Tail, Error> {
    // SAFETY: it takes a number and may be called at any time.
    unsafe { libc::malloc_trim(0) };
    let map = design.map()?;
    // Written once now, so that no page fault comes between two calls.
    let mut ticks = vec![1; regions.len()];
    let mut refused = 0;
    for (region, ticks) in regions.iter().zip(&mut ticks) {
        let region = core::slice::from_ref(region);
        *ticks = once(|| refused += 1 - map.set_raw(region, 1));
    }
    if refused > 0 {
        let (index, count) = (0, refused as usize);
        return Err(Error::Refused { design: design.label, index, count });
    }
    Ok(Tail::of(&mut ticks).expect("a map is filled with something"))
}

/// The answer in words.
pub fn section(answer: &Answer, bench: &Bench) -> Section {
    let caption = format!("**{} regions, one call each, random order.**", bench.plan.fill);
    Section {
        file: "fill",
        title: "Many regions one by one",
        text: TEXT,
        tables: vec![Table::of_grid(caption, &answer.grid, times)],
        plots: vec![],
    }
}

const TEXT: &str = "\
Into an empty map; every call publishes its change; timed one by one, the timer (the row of the \
empty call) not subtracted; faults of fresh pages are included. Designs whose change costs a new map \
are left out: they would take hours.

For a VMM: a guest that maps and unmaps through an emulated IOMMU does this. The tail is what one \
unlucky change costs: a grown table, a copied root, a page from the kernel.";
