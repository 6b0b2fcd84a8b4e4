//! Question 5: what does it cost to change a page in the middle of a region, and to change it back?

use crate::bench::Bench;
use crate::clock::start;
use crate::design::{EMPTY, Map};
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{interleave, once};
use crate::plot::{self, Words};
use crate::report::{Section, Table, times};
use gasp_abi::gasp_region;
use std::time::Duration;

/// Figures by the way in which the maps were filled.
#[derive(Debug)]
pub struct Answer {
    /// In the order of [`FILLS`].
    pub filled: Vec<Filled>,
}

/// Nanoseconds by design and number of regions, empty call subtracted.
#[derive(Debug)]
pub struct Filled {
    /// How the maps were filled.
    pub fill: Fill,
    /// One region becomes three.
    pub split: Grid,
    /// Three become one.
    pub merge: Grid,
    /// The mean of both.
    pub both: Grid,
}

/// Ticks of a split and of a merge.
#[derive(Clone, Copy)]
struct Sample {
    split: f64,
    merge: f64,
}

/// Pairs of changes in one round, at most.
const PAIRS: usize = 2048;
/// A design that is slower stops early.
const LONGEST: Duration = Duration::from_millis(20);

/// A tree that was filled by one call may have full nodes; one that grew has room in them.
const FILLS: [Fill; 2] = [Fill::AscendingBatch, Fill::Random];

/// Measure.
pub fn ask(bench: &Bench) -> Result<Answer, Error> {
    let filled = FILLS.into_iter().map(|fill| ask_filled(bench, fill)).collect::<Result<_, _>>()?;
    Ok(Answer { filled })
}

fn ask_filled(bench: &Bench, fill: Fill) -> Result<Filled, Error> {
    let [split, merge, both] = [const { Grid::new() }; 3];
    let mut answer = Filled { fill, split, merge, both };
    for &n in bench.plan.update_sizes {
        let layout = Layout::new(n);
        let flips = layout.flips(PAIRS * bench.plan.rounds);
        let mut samples: Vec<Vec<Sample>> = Vec::new();
        for _ in 0..bench.plan.builds(n) {
            let maps = bench.maps(&layout, fill, |_| true)?;
            let more = interleave(maps.len(), bench.plan.rounds_of_build(n), |design, round| {
                Ok(sample(bench, &maps[design], &flips[round * PAIRS..][..PAIRS]))
            })?;
            samples.resize_with(more.len(), Vec::new);
            samples.iter_mut().zip(more).for_each(|(all, more)| all.extend(more));
        }
        record(bench, &mut answer, n, &samples);
    }
    Ok(answer)
}

fn sample(bench: &Bench, map: &Map, flips: &[[gasp_region; 2]]) -> Sample {
    let change = |region: &gasp_region| {
        let region = core::slice::from_ref(region);
        once(|| {
            map.set_raw(region, 1);
        })
    };
    let (mut split, mut merge, mut count) = (0, 0, 0);
    let until = start() + bench.clock.ticks(LONGEST);
    for [out, back] in flips {
        split += change(out);
        merge += change(back);
        count += 1;
        if start() >= until {
            break;
        }
    }
    Sample { split: bench.each(split, count), merge: bench.each(merge, count) }
}

fn record(bench: &Bench, answer: &mut Filled, n: usize, samples: &[Vec<Sample>]) {
    let suited = || bench.designs.iter().filter(|design| answer.fill.suits(design));
    let empty = suited().position(|design| design.key == EMPTY);
    let Some(empty) = empty.map(|at| &samples[at]) else { return };
    for (design, row) in suited().zip(samples).filter(|(design, _)| !design.is_empty_call()) {
        let net = |pick: fn(&Sample) -> f64| -> Vec<f64> {
            row.iter().zip(empty).map(|(s, empty)| pick(s) - pick(empty)).collect()
        };
        answer.split.put(design, n, &net(|s| s.split));
        answer.merge.put(design, n, &net(|s| s.merge));
        answer.both.put(design, n, &net(|s| (s.split + s.merge) / 2.0));
    }
}

/// The answer in words.
pub fn section(answer: &Answer, bench: &Bench) -> Section {
    let words = Words {
        title: "A page in the middle of a region changes its flags, and back",
        subtitle: "Mean of the split and the merge; maps filled by one call. Lower is better.",
        y: "ns a change (log scale)",
        machine: &bench.machine,
    };
    Section {
        file: "update",
        title: "A page changes its flags, and back",
        text: TEXT,
        tables: answer.filled.iter().flat_map(tables).collect(),
        plots: vec![(
            "update",
            "nanoseconds a change over the number of regions, a line for each design".into(),
            answer
                .filled
                .first()
                .map_or_else(String::new, |f| plot::script("update", &f.both, &words)),
        )],
    }
}

fn tables(filled: &Filled) -> [Table; 2] {
    let caption = |what| format!("**{what}**, maps filled: {}.", filled.fill.name());
    [
        Table::of_grid(caption("One region becomes three"), &filled.split, times),
        Table::of_grid(caption("Three become one again"), &filled.merge, times),
    ]
}

const TEXT: &str = "\
A page in the middle of a random region is made read-only by one set call and writable again by the \
next; each call is timed on its own and publishes its change; the empty call is subtracted. The \
`BTreeMap` of the peers splits and merges with one search and two insertions or removals. \
vm-memory's, QEMU's and the sorted array's cost is that of a new map. Maps are filled in two ways: \
one call in ascending order can pack nodes full, so that the first changes split nodes; maps that \
grew one by one have room.

For a VMM: this is what trapping one page, dirty tracking by page, or a guest that toggles \
protections asks for. The kernel's own call for a memory slot takes 10 to 80 µs, so anything below \
a few µs is not the bottleneck; a new map at 100,000 regions is.";
