//! The targets, one by one, against the figures of this run.

use crate::design::{DIRECT, EMPTY, GASP};
use crate::filling::Fill;
use crate::grid::{Grid, Size};
use crate::questions::{Answers, batch, dispatch, fill, lookup, memory, update, writer};
use crate::report::{Table, number, time};

/// A target and what came out.
struct Line {
    what: String,
    target: String,
    outcome: Outcome,
    figures: String,
}

/// How it came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Reached,
    Missed,
    NotMeasured,
}

impl Outcome {
    /// Reached where every figure that there should be is there and fits.
    fn of(figures: &[(String, Option<f64>)], fits: impl Fn(f64) -> bool) -> Self {
        let values: Option<Vec<f64>> = figures.iter().map(|figure| figure.1).collect();
        match values {
            None => Self::NotMeasured,
            Some(values) if values.is_empty() => Self::NotMeasured,
            Some(values) if values.iter().all(|&value| fits(value)) => Self::Reached,
            Some(_) => Self::Missed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "**not reached**",
            Self::NotMeasured => "not measured",
        }
    }
}

/// What the peers' net lookup has to cost at least, in libgasp's, for N = 16 to 4096.
const MIDDLE: [(&str, &str, f64); 5] = [
    ("cloud", "cloud-hypervisor", 2.0),
    ("crosvm", "crosvm", 1.5),
    ("vm_memory", "vm-memory", 1.3),
    ("btree_rwlock", "BTreeMap, RwLock", 1.2),
    ("rangemap", "rangemap", 1.2),
];

/// The verdict over everything that was asked.
pub fn table(answers: &Answers) -> Table {
    let mut lines = Vec::new();
    answers.uniform.iter().for_each(|answer| uniform(answer, &mut lines));
    answers.same.iter().for_each(|answer| hinted(answer, &mut lines));
    answers.readers.iter().for_each(|answer| readers(&answer.ratio, &mut lines));
    answers
        .writer
        .iter()
        .flat_map(|answer| &answer.sizes)
        .for_each(|size| beside(size, &mut lines));
    let filled = answers.update.iter().flat_map(|answer| &answer.filled);
    filled.for_each(|filled| updates(filled, &mut lines));
    answers.batch.iter().for_each(|answer| batches(answer, &mut lines));
    answers.fill.iter().for_each(|answer| fills(answer, &mut lines));
    answers.memory.iter().for_each(|answer| weights(answer, &mut lines));
    answers.dispatch.iter().for_each(|answer| dispatches(answer, &mut lines));
    let mut table = Table::new("", ["what", "target", "", "figures of this run"]);
    for line in lines {
        table.row([line.what, line.target, line.outcome.word().into(), line.figures]);
    }
    table
}

/// Columns of a grid that are numbers of regions in a range.
fn sizes(grid: &Grid, range: core::ops::RangeInclusive<usize>) -> Vec<usize> {
    let numbers = grid.columns().filter_map(|column| column.parse().ok());
    numbers.filter(|n| range.contains(n)).collect()
}

/// One target on a ratio to libgasp's: reached if it holds at every size.
fn ratio(
    grid: &Grid,
    (keys, name): (&[&str], &str),
    (sizes, span): (&[usize], &str),
    least: f64,
) -> Line {
    let at = |n: &usize| {
        let ratios = keys.iter().filter_map(|key| grid.median(key, n));
        (n.to_string(), ratios.reduce(f64::min))
    };
    let ratios: Vec<(String, Option<f64>)> = sizes.iter().map(at).collect();
    Line {
        what: format!("lookup, {span}: {name}"),
        target: format!("≥ {least}x"),
        outcome: Outcome::of(&ratios, |ratio| ratio >= least),
        figures: listed(&ratios, times_as_much),
    }
}

fn uniform(answer: &lookup::Answer, lines: &mut Vec<Line>) {
    let grid = &answer.ratio;
    let (one, middle) = (sizes(grid, 1..=1), sizes(grid, 16..=4096));
    let large = sizes(grid, 65_536..=usize::MAX);
    for (key, name, least) in MIDDLE {
        lines.push(ratio(grid, (&[key], name), (&middle, "N = 16 to 4096"), least));
    }
    for (key, name, _) in MIDDLE {
        let least = if key == "vm_memory" { 2.0 } else { 1.0 };
        lines.push(ratio(grid, (&[key], name), (&large, "N ≥ 65536"), least));
    }
    for (key, name, _) in MIDDLE {
        lines.push(ratio(grid, (&[key], name), (&one, "N = 1"), 1.0));
    }
    let qemu: (&[&str], &str) = (&["qemu", "qemu_bare"], "QEMU, the faster of both");
    let (near, mut far) = (sizes(grid, 256..=4096), sizes(grid, 1..=255));
    far.extend(large);
    lines.push(ratio(grid, qemu, (&near, "N = 256 to 4096"), 0.95));
    lines.push(ratio(grid, qemu, (&far, "elsewhere"), 1.0));
}

/// A target "at most": the figures by name, in the words of `word`.
fn at_most(
    what: impl Into<String>,
    (most, word): (f64, fn(f64) -> String),
    figures: impl IntoIterator<Item = (String, Option<f64>)>,
) -> Line {
    let figures: Vec<(String, Option<f64>)> = figures.into_iter().collect();
    Line {
        what: what.into(),
        target: format!("≤ {}", word(most)),
        outcome: Outcome::of(&figures, |value| value <= most),
        figures: listed(&figures, word),
    }
}

/// Figures with their names; "–" where there is none.
fn listed(figures: &[(String, Option<f64>)], word: fn(f64) -> String) -> String {
    let text = figures.iter().map(|(name, value)| {
        let value = value.map_or_else(|| "–".into(), word);
        if name.is_empty() { value } else { format!("{name}: {value}") }
    });
    text.collect::<Vec<_>>().join(", ")
}

fn times_as_much(value: f64) -> String {
    format!("{value:.2}x")
}

fn bytes(value: f64) -> String {
    format!("{} B", number(value))
}

fn kib(value: f64) -> String {
    format!("{} KiB", number(value))
}

fn hinted(answer: &lookup::Answer, lines: &mut Vec<Line>) {
    let over_empty = |n: &usize| {
        let own = answer.raw.median(lookup::HINTED, n);
        let empty = answer.raw.median(EMPTY, n);
        (n.to_string(), own.zip(empty).map(|(own, empty)| own / empty))
    };
    let figures = sizes(&answer.raw, 1..=usize::MAX);
    let what = "same region, caller's hint, over an empty call (one at a time, as measured)";
    lines.push(at_most(what, (1.2, times_as_much), figures.iter().map(over_empty)));
}

fn readers(grid: &Grid, lines: &mut Vec<Line>) {
    let figures = |key: &'static str| {
        let sizes = sizes(grid, 1..=4096).into_iter();
        sizes.map(move |n| (n.to_string(), grid.median(key, n)))
    };
    let mut line =
        at_most("two readers, each over one alone", (1.05, times_as_much), figures(GASP));
    let empty: Vec<String> = figures(EMPTY).filter_map(|f| f.1).map(times_as_much).collect();
    line.figures += &format!(" (empty call: {})", empty.join(", "));
    lines.push(line);
}

fn beside(size: &Size, lines: &mut Vec<Line>) {
    let (grid, n) = (&size.grid, size.n);
    let value = |column| grid.median(GASP, column);
    let mean = value(writer::BESIDE).zip(value(writer::ALONE)).map(|(b, alone)| b / alone);
    let what = format!("reader beside a writer, N = {n}: mean over alone");
    lines.push(at_most(what, (2.0, times_as_much), [(String::new(), mean)]));
    let what = format!("reader beside a writer, N = {n}: p99.9");
    lines.push(at_most(what, (500.0, time), [(String::new(), value(writer::P999))]));
}

fn updates(answer: &update::Filled, lines: &mut Vec<Line>) {
    let over = |n: &usize| {
        let own = answer.both.median(GASP, n);
        let tree = answer.both.median("btree_mutex", n);
        (n.to_string(), own.zip(tree).map(|(own, tree)| own / tree))
    };
    let figures = sizes(&answer.both, 256..=usize::MAX);
    let fill = answer.fill.name();
    let what = format!("a page's flags and back, over BTreeMap in a Mutex ({fill})");
    lines.push(at_most(what, (1.0, times_as_much), figures.iter().map(over)));
    for n in sizes(&answer.both, 1_000_000..=usize::MAX) {
        let figures = [
            ("split".to_owned(), answer.split.median(GASP, n)),
            ("merge".to_owned(), answer.merge.median(GASP, n)),
        ];
        lines.push(at_most(format!("the same, N = {n} ({fill})"), (1000.0, time), figures));
    }
}

fn batches(answer: &batch::Answer, lines: &mut Vec<Line>) {
    for (order, most) in [(batch::ASCENDING, 10e6), (batch::SHUFFLED, 20e6)] {
        let figure = [(String::new(), answer.grid.median(GASP, order))];
        lines.push(at_most(format!("100,000 regions by one call, {order}"), (most, time), figure));
    }
}

fn fills(answer: &fill::Answer, lines: &mut Vec<Line>) {
    for (column, most) in [(fill::MEAN, 1500.0), (fill::P99, 30_000.0)] {
        let figure = [(String::new(), answer.grid.median(GASP, column))];
        lines.push(at_most(
            format!("a million regions one by one: {column}"),
            (most, time),
            figure,
        ));
    }
}

fn weights(answer: &memory::Answer, lines: &mut Vec<Line>) {
    for Size { n, grid } in &answer.per_region {
        let figures =
            Fill::ALL.map(|fill| (fill.name().to_owned(), grid.median(GASP, fill.name())));
        lines.push(at_most(format!("memory a region, N = {n}"), (75.0, bytes), figures));
    }
    let figure = [(String::new(), answer.empty.median(GASP, memory::TOUCHED))];
    lines.push(at_most("memory that an empty guest touches", (16.0, kib), figure));
}

fn dispatches(answer: &dispatch::Answer, lines: &mut Vec<Line>) {
    for (grid, how) in [
        (&answer.hot.throughput, "back to back, calls included"),
        (&answer.hot.net, "one at a time, empty call subtracted"),
    ] {
        let figures = |key: &'static str| {
            let sizes = sizes(grid, 1..=usize::MAX).into_iter();
            sizes.map(move |n| (n.to_string(), grid.median(key, n)))
        };
        let what = format!("reaching a C trap handler, hot region ({how})");
        let mut line = at_most(what, (15.0, time), figures(GASP));
        let direct: Vec<String> = figures(DIRECT).filter_map(|f| f.1).map(number).collect();
        line.figures += &format!(" (handler called directly: {})", direct.join(", "));
        lines.push(line);
    }
    answer.two.iter().for_each(|two| two_vcpus(two, lines));
}

fn two_vcpus(two: &dispatch::Two, lines: &mut Vec<Line>) {
    let figures = |key| {
        let columns = [dispatch::OWN, dispatch::SAME];
        columns.map(|column| (column.to_owned(), two.ratio.median(key, column)))
    };
    let what = "reaching a C trap handler: two vCPUs on two CPUs, each over itself alone";
    let mut line = at_most(what, (1.1, times_as_much), figures(GASP));
    let empty = figures(EMPTY).map(|(_, value)| value.map_or_else(|| "–".into(), times_as_much));
    line.figures += &format!(" (empty call: {})", empty.join(", "));
    lines.push(line);
}
