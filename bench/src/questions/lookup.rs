//! Question 1: what does a lookup cost? Question 2: what does one in the same region as before cost?

use crate::bench::Bench;
use crate::design::{Design, EMPTY, GASP, Map};
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{back_to_back, each_in_parts, interleave, isolated};
use crate::plot::{self, Words};
use crate::report::{Section, Table, number, ratios, spread};
use crate::vcpu::Cpu;
use core::ffi::c_int;
use gasp_abi::{gasp_region, qvm_state_block};

/// Row of libgasp's lookup with a hint.
pub const HINTED: &str = "gasp_hinted";
const HINTED_LABEL: &str = "libgasp with a vCPU's hint";

/// The locations that are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In random regions.
    Uniform,
    /// In one region.
    SameRegion,
}

/// Figures by design and number of regions, in nanoseconds.
#[derive(Debug, Default)]
pub struct Answer {
    /// One at a time, with the harness and the call.
    pub raw: Grid,
    /// One at a time, without the empty call of the same round.
    pub net: Grid,
    /// `net` over libgasp's, round by round.
    pub ratio: Grid,
    /// Back to back, with the call.
    pub throughput: Grid,
}

/// A map, or a vCPU that looks up with its hint.
enum Contestant<'m> {
    Map(&'m Map<'m>),
    Cpu(Cpu<'m>),
}

/// Nanoseconds a call, in one round.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) isolated: f64,
    pub(super) throughput: f64,
}

/// Measure.
pub fn ask(bench: &Bench, at: Where) -> Result<Answer, Error> {
    let mut answer = Answer::default();
    for &n in bench.plan.sizes {
        let layout = Layout::new(n);
        let count = bench.plan.lookups * 8;
        let locations = match at {
            Where::Uniform => layout.uniform(count),
            Where::SameRegion => layout.same_region(count),
        };
        let mut samples: Vec<Vec<Sample>> = Vec::new();
        for _ in 0..bench.plan.builds(n) {
            let maps = bench.maps(&layout, Fill::AscendingBatch, |_| true)?;
            let more = rounds(bench, &mut contestants(&maps, at)?, &locations, n)?;
            samples.resize_with(more.len(), Vec::new);
            samples.iter_mut().zip(more).for_each(|(all, more)| all.extend(more));
        }
        record(bench, &mut answer, n, &samples);
    }
    Ok(answer)
}

fn contestants<'m>(maps: &'m [Map<'m>], at: Where) -> Result<Vec<Contestant<'m>>, Error> {
    let mut all: Vec<Contestant> = maps.iter().map(Contestant::Map).collect();
    let hinted = maps.iter().find(|map| map.design().has_hint() && at == Where::SameRegion);
    if let Some(map) = hinted {
        all.push(Contestant::Cpu(Cpu::of(map)?));
    }
    Ok(all)
}

fn rounds(
    bench: &Bench,
    contestants: &mut [Contestant],
    locations: &[u64],
    n: usize,
) -> Result<Vec<Vec<Sample>>, Error> {
    let parts: Vec<&[u64]> = locations.chunks_exact(bench.plan.lookups).collect();
    interleave(contestants.len(), bench.plan.rounds_of_build(n), |design, round| {
        let part = |number: usize| parts[number % parts.len()];
        let warm = &part(round + parts.len() - 1)[..bench.plan.lookups / 8];
        Ok(contestants[design].sample(bench, warm, part(round)))
    })
}

impl Contestant<'_> {
    fn sample(&mut self, bench: &Bench, warm: &[u64], locations: &[u64]) -> Sample {
        match self {
            Self::Map(map) => time(bench, warm, locations, map.lookup()),
            Self::Cpu(cpu) => time(bench, warm, locations, cpu.lookup()),
        }
    }
}

/// One round of one kind of call: warmed up, then one at a time, then back to back.
pub(super) fn time(
    bench: &Bench,
    warm: &[u64],
    locations: &[u64],
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int + Copy,
) -> Sample {
    back_to_back(call, warm);
    let alone = each_in_parts(locations, |part| isolated(call, part));
    let overlapping = each_in_parts(locations, |part| back_to_back(call, part));
    Sample { isolated: bench.clock.ns(1) * alone, throughput: bench.clock.ns(1) * overlapping }
}

/// Put the samples of one number of regions into the grids.
fn record(bench: &Bench, answer: &mut Answer, n: usize, samples: &[Vec<Sample>]) {
    let find = |key| bench.designs.iter().position(|design| design.key == key);
    let isolated = |row: &[Sample]| row.iter().map(|s| s.isolated).collect::<Vec<_>>();
    let empty = find(EMPTY).map_or_else(Vec::new, |at| isolated(&samples[at]));
    let net = |row: &[Sample]| -> Vec<f64> {
        isolated(row).iter().zip(&empty).map(|(raw, empty)| raw - empty).collect()
    };
    let gasp = find(GASP).map(|at| net(&samples[at]));
    let names = bench.designs.iter().map(|design: &Design| (design.key, design.label));
    for ((key, label), row) in names.chain([(HINTED, HINTED_LABEL)]).zip(samples) {
        answer.raw.put_row(key, label, n, &isolated(row));
        let throughput: Vec<f64> = row.iter().map(|s| s.throughput).collect();
        answer.throughput.put_row(key, label, n, &throughput);
        if key == EMPTY {
            continue;
        }
        answer.net.put_row(key, label, n, &net(row));
        if let Some(gasp) = gasp.as_ref().filter(|_| key != GASP) {
            let ratio: Vec<f64> = net(row).iter().zip(gasp).map(|(net, own)| net / own).collect();
            answer.ratio.put_row(key, label, n, &ratio);
        }
    }
}

/// Question 1 in words.
pub fn uniform_section(answer: &Answer, bench: &Bench) -> Section {
    let net = "**One lookup at a time, empty call subtracted**: ns, median (quartiles).";
    let ratio = "**Times libgasp's**: the same figures over libgasp's, round by round.";
    let raw = "**One lookup at a time, as measured**: ns, harness and call included.";
    let throughput = "**Back to back**: ns a lookup, call included.";
    let words = Words {
        title: "One lookup at a random location",
        subtitle: "lfence; call; lfence. Empty call subtracted, median. Lower is better.",
        y: "ns a lookup (log scale)",
        machine: &bench.machine,
    };
    Section {
        file: "lookup",
        title: "A lookup at a random location",
        text: UNIFORM,
        tables: vec![
            Table::of_grid(net, &answer.net, spread),
            Table::of_grid(ratio, &answer.ratio, ratios),
            Table::of_grid(raw, &answer.raw, |s| number(s.median)),
            Table::of_grid(throughput, &answer.throughput, |s| number(s.median)),
        ],
        plots: vec![(
            "lookup",
            "nanoseconds a lookup over the number of regions, a line for each design".into(),
            plot::script("lookup", &answer.net, &words),
        )],
    }
}

const UNIFORM: &str = "\
Random region, random offset; about one location in twenty lies past the end of its region. Every \
design copies a whole 40-byte `struct gasp_region` out, clipped to the query. \"One at a time\" puts \
an `lfence` before and after each call, so that nothing overlaps: the nearest to one lookup in one \
exit. \"Back to back\" lets the processor overlap independent lookups: the nearest to translating \
a DMA descriptor list.

For a VMM: an exit costs 1 to 10 µs, so a lookup of 20 or of 60 ns hardly matters there; a device \
that translates millions of DMA addresses a second, without exits, pays for every nanosecond. From \
65,536 regions on, all figures are those of cache and memory and move from run to run.";

/// Question 2 in words.
pub fn same_section(answer: &Answer, bench: &Bench) -> Section {
    let raw = "**One lookup at a time, as measured**: ns, harness and call included.";
    let throughput = "**Back to back**: ns a lookup, call included.";
    let words = Words {
        title: "The same region again",
        subtitle: "lfence; call; lfence. Harness and call included, median. Lower is better.",
        y: "ns a lookup (log scale)",
        machine: &bench.machine,
    };
    let cell = |s: crate::stats::Summary| number(s.median);
    Section {
        file: "same-region",
        title: "The same region again",
        text: if bench.designs.iter().any(Design::has_hint) { SAME } else { SAME_WITHOUT_HINT },
        tables: vec![
            Table::of_grid(raw, &answer.raw, spread),
            Table::of_grid(throughput, &answer.throughput, cell),
        ],
        plots: vec![(
            "same-region",
            "nanoseconds a repeated lookup over the number of regions".into(),
            plot::script("same-region", &answer.raw, &words),
        )],
    }
}

const SAME: &str = "\
Random offsets in one region of the map. The hint (`gasp_cpu_info`) is the caller's, in a vCPU handle (one for each \
vCPU or queue): the region found last and the number of the map's last change, so that a hit needs no \
search and writes nothing that others read.

For a VMM: a vCPU that polls a device register, or a queue whose buffers lie in one RAM region, asks \
for the same region over and over.";

const SAME_WITHOUT_HINT: &str = "\
Random offsets in one region of the map. This libgasp exports no `gasp_cpu_info`, so the row with \
the caller's hint is missing.

For a VMM: a vCPU that polls a device register, or a queue whose buffers lie in one RAM region, asks \
for the same region over and over.";
