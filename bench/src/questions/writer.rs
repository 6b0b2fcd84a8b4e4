//! Question 4: how much does a writer that never pauses slow a reader down?

use crate::bench::Bench;
use crate::clock::start;
use crate::design::{Map, Updates};
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::{Grid, Size};
use crate::handover;
use crate::layout::Layout;
use crate::measure::{between, interleave, one_by_one, wait_for};
use crate::report::{Section, Table, time};
use crate::stats::Tail;
use gasp_abi::gasp_region;

/// Figures by number of regions.
#[derive(Debug, Default)]
pub struct Answer {
    /// Columns [`ALONE`] to [`WRITES`].
    pub sizes: Vec<Size>,
    /// Nanoseconds that a cache line takes from one CPU to the other.
    pub handover: Option<f64>,
}

/// Mean without a writer.
pub const ALONE: &str = "alone";
/// Mean beside the writer.
pub const BESIDE: &str = "beside writer";
/// Median of the lookups beside the writer, timed one by one.
pub const P50: &str = "p50";
/// 99th percentile of the same.
pub const P99: &str = "p99";
pub const P999: &str = "p99.9";
pub const MAX: &str = "max";
/// One change, as the writer sees it.
pub const WRITES: &str = "one change";

/// Lookups that are timed one by one in one window, at most.
const TIMED: usize = 1 << 18;

/// The inputs of all rounds at one number of regions.
struct Setting {
    other: usize,
    locations: Vec<u64>,
    flips: Vec<[gasp_region; 2]>,
}

// SAFETY: the pointer of a region to its vdev is a mere number here; no code dereferences it.
unsafe impl Sync for Setting {}

struct Sample {
    alone: f64,
    beside: f64,
    write: f64,
    tail: Tail,
}

/// Measure; `None` where there is only one CPU.
pub fn ask(bench: &Bench) -> Result<Option<Answer>, Error> {
    let Some(other) = bench.cpus.1 else { return Ok(None) };
    let mut answer = Answer { handover: handover::measure(bench)?, ..Answer::default() };
    for &n in bench.plan.writer_sizes {
        let layout = Layout::new(n);
        let setting =
            Setting { other, locations: layout.uniform(65_536), flips: layout.flips(16_384) };
        let maps =
            bench.maps(&layout, Fill::AscendingBatch, |design| design.updates != Updates::Alone)?;
        // Written once now, so that no page fault comes between two timed lookups.
        let mut ticks = vec![1; TIMED];
        let samples = interleave(maps.len(), bench.plan.rounds, |design, _| {
            sample(bench, &setting, &maps[design], &mut ticks)
        })?;
        let mut grid = Grid::default();
        for (map, samples) in maps.iter().zip(samples) {
            record(bench, &mut grid, map, &samples);
        }
        answer.sizes.push(Size { n, grid });
    }
    Ok(Some(answer))
}

fn sample(
    bench: &Bench,
    setting: &Setting,
    map: &Map,
    ticks: &mut Vec<u64>,
) -> Result<Sample, Error> {
    let Setting { other, locations, .. } = setting;
    let length = bench.plan.writer_window;
    let there = (*other, length);
    let mean = |(count, ticks): (u64, u64)| bench.clock.ns(ticks) / count as f64;
    let (from, until) = bench.window(length);
    let alone = mean(between(map.lookup(), locations, from, until));
    let write = |window| write(bench, map, setting, window);
    let read = |(from, until)| mean(between(map.lookup(), locations, from, until));
    let (beside, first) = bench.side_by_side(there, read, write)?;
    ticks.clear();
    let read = |window| one_by_one(map.lookup(), locations, window, ticks);
    let ((), second) = bench.side_by_side(there, read, write)?;
    let write = (first + second) / 2.0;
    let tail = Tail::of(ticks).expect("at least one lookup was timed");
    Ok(Sample { alone, beside, write, tail })
}

/// Change pages and change them back until the window ends; nanoseconds a change.
fn write(bench: &Bench, map: &Map, setting: &Setting, (from, until): (u64, u64)) -> f64 {
    wait_for(from);
    let begun = start();
    let mut count = 0;
    for [change, back] in setting.flips.iter().cycle() {
        map.set_raw(core::slice::from_ref(change), 1);
        map.set_raw(core::slice::from_ref(back), 1);
        count += 2;
        if start() >= until {
            break;
        }
    }
    bench.each(start() - begun, count)
}

fn record(bench: &Bench, grid: &mut Grid, map: &Map, samples: &[Sample]) {
    let mut put = |column, pick: &dyn Fn(&Sample) -> f64| {
        grid.put(map.design(), column, &samples.iter().map(pick).collect::<Vec<_>>());
    };
    put(ALONE, &|s| s.alone);
    put(BESIDE, &|s| s.beside);
    put(P50, &|s| bench.clock.ns(s.tail.p50));
    put(P99, &|s| bench.clock.ns(s.tail.p99));
    put(P999, &|s| bench.clock.ns(s.tail.p999));
    put(MAX, &|s| bench.clock.ns(s.tail.max));
    put(WRITES, &|s| s.write);
}

/// The answer in words.
pub fn section(answer: &Answer) -> Section {
    let table = |size: &Size| {
        let caption = format!("**{} regions**: medians of the rounds.", size.n);
        Table::of_grid(caption, &size.grid, |s| time(s.median))
    };
    let mut tables: Vec<Table> = answer.sizes.iter().map(table).collect();
    if let Some(ns) = answer.handover {
        let mut table = Table::new("**The machine's part.**", ["", "time"]);
        table.row(["a cache line from one CPU to the other".to_owned(), time(ns)]);
        tables.push(table);
    }
    Section {
        file: "writer",
        title: "A reader beside a writer that never pauses",
        text: TEXT,
        tables,
        plots: vec![],
    }
}

const TEXT: &str = "\
The writer, on its own CPU, makes a page in the middle of a random region read-only and writable \
again, without a pause. The reader looks up random locations: \"alone\" and \"beside writer\" are \
means of untimed lookups back to back; the percentiles are of lookups timed one by one, so they \
contain what the empty call shows in the same columns. QEMU's shape and the sorted array are \
missing: they would need a grace period, which the re-creations have not. Whatever the design, a \
reader has to fetch the lines that the writer wrote since the last time: the last table says what \
one of them costs here.

For a VMM: a vCPU or a queue must not stall because another vCPU remaps a BAR, toggles dirty \
tracking or balloons. The tail, not the mean, is what a guest's latency test sees.";
