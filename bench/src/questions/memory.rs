//! Question 8: how much memory does a map take, and does it give memory back?

use crate::bench::Bench;
use crate::design::Design;
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::{Grid, Size};
use crate::probe::{self, Weight};
use crate::report::{Section, Table, number};

/// Figures by design.
#[derive(Debug, Default)]
pub struct Answer {
    /// Bytes a region; columns are the names of the ways to fill.
    pub per_region: Vec<Size>,
    /// KiB of an empty map: touched, and reserved.
    pub empty: Grid,
    /// MiB, full and after every region was deleted, for the largest number of regions.
    pub given_back: Grid,
}

/// KiB that an empty map touches.
pub const TOUCHED: &str = "KiB touched";
/// KiB of address space that it reserves.
pub const RESERVED: &str = "KiB reserved";

/// Empty maps that are measured together.
const EMPTY_MAPS: usize = 256;

/// Measure.
pub fn ask(bench: &Bench) -> Result<Answer, Error> {
    let mut answer = Answer::default();
    let designs = || bench.designs.iter().filter(|design| !design.is_empty_call());
    for design in designs() {
        empty(bench, design, &mut answer.empty)?;
    }
    for &n in bench.plan.memory_sizes {
        let mut grid = Grid::with_columns(Fill::ALL.map(Fill::name));
        for design in designs() {
            for fill in Fill::ALL.into_iter().filter(|fill| fill.suits(design)) {
                let weight = full(bench, design, (n, fill), &mut grid)?;
                if bench.plan.memory_sizes.last() == Some(&n) && fill == usual(design) {
                    give_back(design, &weight, &mut answer.given_back);
                }
            }
        }
        answer.per_region.push(Size { n, grid });
    }
    Ok(answer)
}

/// How a map is filled before it is emptied.
fn usual(design: &Design) -> Fill {
    if Fill::Random.suits(design) { Fill::Random } else { Fill::RandomBatch }
}

fn empty(bench: &Bench, design: &Design, grid: &mut Grid) -> Result<(), Error> {
    let weight = probe::ask(&bench.libraries, design, (1, EMPTY_MAPS), Fill::AscendingBatch)?;
    let each = |bytes: f64| bytes / 1024.0 / EMPTY_MAPS as f64;
    grid.put(design, TOUCHED, &[each(weight.empty)]);
    grid.put(design, "KiB with one region", &[each(weight.full)]);
    grid.put(design, RESERVED, &[each(weight.reserved)]);
    Ok(())
}

fn full(
    bench: &Bench,
    design: &Design,
    (n, fill): (usize, Fill),
    grid: &mut Grid,
) -> Result<Weight, Error> {
    let copies = (64_000 / n).max(1);
    let weight = probe::ask(&bench.libraries, design, (n, copies), fill)?;
    grid.put(design, fill.name(), &[weight.full / (n * copies) as f64]);
    Ok(weight)
}

fn give_back(design: &Design, weight: &Weight, grid: &mut Grid) {
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    grid.put(design, "full", &[mib(weight.full)]);
    grid.put(design, "every region deleted", &[mib(weight.emptied)]);
    grid.put(design, "map destroyed", &[mib(weight.destroyed)]);
}

/// The answer in words.
pub fn section(answer: &Answer) -> Section {
    let cell = |s: crate::stats::Summary| number(s.median);
    let empty = "**A map without regions**: KiB each, over 256 of them.";
    let back = "**Given back**: MiB held for the largest map, filled in random order, emptied in \
                another one.";
    let size = |size: &Size| {
        Table::of_grid(format!("**Bytes a region**, {} regions.", size.n), &size.grid, cell)
    };
    let mut tables: Vec<Table> = answer.per_region.iter().map(size).collect();
    tables.push(Table::of_grid(empty, &answer.empty, cell));
    tables.push(Table::of_grid(back, &answer.given_back, cell));
    Section { file: "memory", title: "Memory", text: TEXT, tables, plots: vec![] }
}

const TEXT: &str = "\
What the kernel holds for the process (anonymous and shared pages of `/proc/self/smaps_rollup`) after \
minus before, in a process of its own for each figure; below 64,000 regions several maps are weighed \
together. It includes what an allocator keeps aside: what the peers free goes to glibc's `malloc`, \
which gives it back when it sees fit. The shapes of the buses include the table of whoever owns \
their devices, and QEMU's the writer's flat view.

For a VMM: 75 bytes a region are 75 MB at a million regions, next to gigabytes of guest memory; what \
matters more is that a small guest costs a few pages, and that a peak does not stay.";
