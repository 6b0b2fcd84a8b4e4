//! Question 3: do two readers slow each other down?

use crate::bench::Bench;
use crate::design::Map;
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{between, interleave};
use crate::report::{Section, Table, number, ratios};

/// Figures by design and number of regions.
#[derive(Debug, Default)]
pub struct Answer {
    /// Nanoseconds a lookup, one reader (mean of both CPUs).
    pub alone: Grid,
    /// Nanoseconds a lookup of each of two readers (mean of both).
    pub together: Grid,
    /// The worse of both readers, each over itself alone on its CPU.
    pub ratio: Grid,
}

/// Nanoseconds of the reader here and of the one there, alone and together.
struct Sample {
    alone: (f64, f64),
    together: (f64, f64),
}

/// Measure; `None` where there is only one CPU.
pub fn ask(bench: &Bench) -> Result<Option<Answer>, Error> {
    let Some(other) = bench.cpus.1 else { return Ok(None) };
    let mut answer = Answer::default();
    for &n in bench.plan.sizes.iter().filter(|&&n| n <= 65_536) {
        let layout = Layout::new(n);
        let locations = [layout.uniform(65_536), layout.other_uniform(65_536)];
        let maps = bench.maps(&layout, Fill::AscendingBatch, |_| true)?;
        let samples = interleave(maps.len(), bench.plan.rounds * 2, |design, _| {
            sample(bench, other, &maps[design], &locations)
        })?;
        for (map, samples) in maps.iter().zip(samples) {
            let of = |pick: fn(&Sample) -> f64| samples.iter().map(pick).collect::<Vec<_>>();
            let mean = |pair: (f64, f64)| (pair.0 + pair.1) / 2.0;
            let alone: Vec<f64> = samples.iter().map(|s| mean(s.alone)).collect();
            let together: Vec<f64> = samples.iter().map(|s| mean(s.together)).collect();
            answer.alone.put(map.design(), n, &alone);
            answer.together.put(map.design(), n, &together);
            answer.ratio.put(map.design(), n, &of(Sample::worst));
        }
    }
    Ok(Some(answer))
}

impl Sample {
    fn worst(&self) -> f64 {
        (self.together.0 / self.alone.0).max(self.together.1 / self.alone.1)
    }
}

fn sample(
    bench: &Bench,
    other: usize,
    map: &Map,
    locations: &[Vec<u64>; 2],
) -> Result<Sample, Error> {
    let read = |locations: &[u64], (from, until): (u64, u64)| {
        let (count, ticks) = between(map.lookup(), locations, from, until);
        bench.clock.ns(ticks) / count as f64
    };
    let rest = |_: (u64, u64)| std::thread::sleep(bench.plan.window);
    let there = (other, bench.plan.window);
    let alone_here = read(&locations[0], bench.window(bench.plan.window));
    let ((), alone_there) =
        bench.side_by_side(there, rest, |window| read(&locations[1], window))?;
    let together = bench.side_by_side(
        there,
        |window| read(&locations[0], window),
        |window| read(&locations[1], window),
    )?;
    Ok(Sample { alone: (alone_here, alone_there), together })
}

/// The answer in words.
pub fn section(answer: &Answer) -> Section {
    let ratio = "**Two readers over one**: the worse of both, each over itself alone on its CPU.";
    Section {
        file: "readers",
        title: "Two readers",
        text: TEXT,
        tables: vec![
            Table::of_grid(ratio, &answer.ratio, ratios),
            Table::of_grid("**One reader**: ns a lookup.", &answer.alone, |s| number(s.median)),
            Table::of_grid("**Each of two**: ns a lookup.", &answer.together, |s| number(s.median)),
        ],
        plots: vec![],
    }
}

const TEXT: &str = "\
Two threads on two CPUs look up random locations in one map, back to back, in the same window of \
time; then each alone. The empty call and the sorted array write nothing that the other reads: what \
they lose is the machine's doing (two CPUs that share a core, or a neighbour), not a design's.

For a VMM: vCPUs and I/O threads share the map. A lock or a reference count that every lookup writes \
travels between their caches, and costs more the more of them there are.";
