//! The whole report: the machine, the verdict, and a section for each question.

use crate::bench::Bench;
use crate::error::Error;
use crate::machine::{self, Parts, Usage};
use crate::questions::Answers;
use crate::report::{Section, Table};
use crate::verdict;
use core::fmt::Write;
use std::fs;
use std::path::Path;

/// The load of the machine from the beginning of the measurements.
#[derive(Debug)]
pub struct Watch {
    usage: Option<Usage>,
    load: String,
}

impl Watch {
    /// Start watching.
    pub fn begin() -> Self {
        Self { usage: Usage::now(), load: machine::load() }
    }

    fn parts(&self) -> Option<Parts> {
        Usage::now().zip(self.usage).map(|(now, then)| now.since(then))
    }
}

/// The report, in pieces.
#[derive(Debug)]
pub struct Report {
    quick: bool,
    head: String,
    verdict: String,
    sections: Vec<Section>,
}

impl Report {
    /// Put the answers into words.
    pub fn new(bench: &Bench, answers: &Answers, watch: &Watch, quick: bool) -> Self {
        let parts = watch.parts();
        let warning = warning(quick, parts);
        let machine = machine(bench, watch, parts).markdown();
        let head = format!("# Performance\n\n{warning}{INTRODUCTION}\n\n{machine}");
        let table = verdict::table(answers).markdown();
        let verdict = format!("## Targets\n\n{VERDICT}\n{}", table.trim_start_matches('\n'));
        Self { quick, head, verdict, sections: answers.sections(bench) }
    }

    /// Everything.
    pub fn markdown(&self) -> String {
        let verdict = if self.quick { "" } else { &self.verdict };
        let mut text = format!("{}\n{verdict}", self.head);
        for section in &self.sections {
            let _ = write!(text, "\n{}", section.markdown());
        }
        text
    }

    /// The same as files: `performance.md`, a Markdown file for each question, and a script for each
    /// plot.
    pub fn write(&self, out: &Path) -> Result<(), Error> {
        fs::create_dir_all(out).map_err(Error::io(out.display().to_string()))?;
        let save = |name: String, text: &str| {
            let path = out.join(name);
            fs::write(&path, text).map_err(Error::io(path.display().to_string()))
        };
        save("performance.md".into(), &self.markdown())?;
        save("targets.md".into(), &self.verdict)?;
        for section in &self.sections {
            save(format!("{}.md", section.file), &section.markdown())?;
            for (name, _, script) in &section.plots {
                save(format!("{name}.gp"), script)?;
            }
        }
        Ok(())
    }
}

/// The warning that the report begins with, if its figures are not to be relied on.
fn warning(quick: bool, parts: Option<Parts>) -> String {
    if quick {
        return "> A `--quick` run: answers were checked, the figures mean nothing.\n\n".into();
    }
    let others = parts.map_or(0.0, |parts| parts.others);
    if others < QUIET {
        return String::new();
    }
    format!(
        "> Other programs used {others:.0} % of the CPUs during this run: do not rely on figures \
         of two threads and of tails, and not too much on the rest.\n\n"
    )
}

/// Percent of the CPUs that others may use before the report says so.
const QUIET: f64 = 2.0;

fn machine(bench: &Bench, watch: &Watch, parts: Option<Parts>) -> Table {
    let mut table = Table::new("**The machine of this run**", ["", ""]);
    for (name, value) in machine::long(bench.clock) {
        table.row([name.to_owned(), value]);
    }
    let (here, other) = bench.cpus;
    let cpus = other.map_or_else(|| format!("{here}"), |other| format!("{here}, {other}"));
    let percent = |part: fn(Parts) -> f64| {
        parts.map_or_else(|| "unknown".into(), |parts| format!("{:.1} %", part(parts)))
    };
    table.row(["pinned to CPU".to_owned(), cpus]);
    table
        .row(["load average before, after".into(), format!("{}; {}", watch.load, machine::load())]);
    table.row(["CPU time used by other programs".into(), percent(|parts| parts.others)]);
    table.row(["CPU time stolen by the host".into(), percent(|parts| parts.stolen)]);
    table
}

const INTRODUCTION: &str = "\
libgasp and its peers, measured in one process through the same kind of C call: every design is in \
a shared object (`libgasp.so`, and `libgasp_bench_peers.so` for the peers) and is reached through a \
function pointer that the dynamic loader filled in. Peers are crates from crates.io and small \
re-creations of what VMMs do; a \"shape\" is such a re-creation, not the original.

How it is measured: the thread is pinned; addresses are computed before; the maps are warmed up; a \
round asks every design once, in an order that moves on by one each round (lookups in eight parts, of \
which the median counts, so that a lost time slice spoils a part and not the round); figures are \
medians over the rounds with their quartiles. Ratios are taken round by round. Time comes from the time stamp \
counter, fenced. The empty call is a function of the same signature that returns at once; where it \
is subtracted, the text says so. Before anything is timed, every design must give the answers of an \
oracle, on the measured maps, after thousands of random changes, and beside a writer.

The map is skewed like a VM's: half of the regions from 0 up, a quarter from 4 GiB up, a quarter at \
56 TiB and 16 times as long there; 3 to 10 pages long, a gap after one in four.

To reproduce: `make bench` in a quiet machine's checkout (it takes some minutes), then compare \
ratios, not nanoseconds. CPU time that other programs use, or that the host steals, spoils it.";

const VERDICT: &str = "\
Medians of this run. A peer's ratio to libgasp above 1 means that libgasp is faster; libgasp's \
ratio to something else above 1 means that libgasp costs more.\n";
