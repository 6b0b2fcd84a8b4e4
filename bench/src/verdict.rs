//! The targets, one by one, against the figures of this run.

use crate::design::{DIRECT, EMPTY, GASP};
use crate::filling::Fill;
use crate::grid::{Grid, Size};
use crate::questions::{Answers, batch, dispatch, fill, lookup, memory, update, writer};
use crate::report::{Table, number, time};

/// A target and its outcome.
struct Line {
    what: String,
    target: String,
    outcome: &'static str,
    figures: String,
}

/// Figures by name; `None` where there is none.
type Figures = Vec<(String, Option<f64>)>;

/// Whether a target was reached: by every figure, and there is one.
fn outcome(figures: &Figures, fits: impl Fn(f64) -> bool) -> &'static str {
    let values: Option<Vec<f64>> = figures.iter().map(|figure| figure.1).collect();
    match values.filter(|values| !values.is_empty()) {
        None => "not measured",
        Some(values) if values.iter().all(|&value| fits(value)) => "reached",
        Some(_) => "**not reached**",
    }
}

/// The least ratio of a peer's net lookup time to libgasp's, for N = 16 to 4096.
const MIDDLE: [(&str, &str, f64); 5] = [
    ("cloud", "cloud-hypervisor", 2.0),
    ("crosvm", "crosvm", 1.5),
    ("vm_memory", "vm-memory", 1.3),
    ("btree_rwlock", "BTreeMap, RwLock", 1.2),
    ("rangemap", "rangemap", 1.2),
];

/// The verdict over all questions that were asked.
pub fn table(answers: &Answers) -> Table {
    let mut lines = Vec::new();
    answers.uniform.iter().for_each(|answer| uniform(answer, &mut lines));
    answers.same.iter().for_each(|answer| hinted(answer, &mut lines));
    answers.readers.iter().for_each(|answer| readers(&answer.ratio, &mut lines));
    let sizes = answers.writer.iter().flat_map(|answer| &answer.sizes);
    sizes.for_each(|size| beside(size, &mut lines));
    let filled = answers.update.iter().flat_map(|answer| &answer.filled);
    filled.for_each(|filled| updates(filled, &mut lines));
    answers.batch.iter().for_each(|answer| batches(answer, &mut lines));
    answers.fill.iter().for_each(|answer| fills(answer, &mut lines));
    answers.memory.iter().for_each(|answer| weights(answer, &mut lines));
    answers.dispatch.iter().for_each(|answer| dispatches(answer, &mut lines));
    let mut table = Table::new("", ["what", "target", "", "figures of this run"]);
    for line in lines {
        table.row([line.what, line.target, line.outcome.into(), line.figures]);
    }
    table
}

/// Columns of a grid that are numbers of regions in a range.
fn sizes(grid: &Grid, range: core::ops::RangeInclusive<usize>) -> Vec<usize> {
    let numbers = grid.columns().filter_map(|column| column.parse().ok());
    numbers.filter(|n| range.contains(n)).collect()
}

/// A figure for each of some numbers of regions.
fn by_size(sizes: &[usize], figure: impl Fn(usize) -> Option<f64>) -> Figures {
    sizes.iter().map(|&n| (n.to_string(), figure(n))).collect()
}

/// The medians of one row, for all its numbers of regions up to a limit.
fn medians(grid: &Grid, key: &str, limit: usize) -> Figures {
    by_size(&sizes(grid, 1..=limit), |n| grid.median(key, n))
}

/// The medians of one row in some columns.
fn named(grid: &Grid, key: &str, columns: &[&str]) -> Figures {
    columns.iter().map(|&column| (column.to_owned(), grid.median(key, column))).collect()
}

/// A figure that needs no name.
fn one(figure: Option<f64>) -> Figures {
    vec![(String::new(), figure)]
}

fn over(value: Option<f64>, base: Option<f64>) -> Option<f64> {
    value.zip(base).map(|(value, base)| value / base)
}

/// One target on a ratio to libgasp's: reached if it holds at every size.
fn ratio(
    grid: &Grid,
    (keys, name): (&[&str], &str),
    (sizes, span): (&[usize], &str),
    least: f64,
) -> Line {
    let fastest = |n| keys.iter().filter_map(|key| grid.median(key, n)).reduce(f64::min);
    let ratios = by_size(sizes, fastest);
    Line {
        what: format!("lookup, {span}: {name}"),
        target: format!("≥ {least}x"),
        outcome: outcome(&ratios, |ratio| ratio >= least),
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
    figures: Figures,
) -> Line {
    Line {
        what: what.into(),
        target: format!("≤ {}", word(most)),
        outcome: outcome(&figures, |value| value <= most),
        figures: listed(&figures, word),
    }
}

/// Figures with their names; "–" where there is none.
fn listed(figures: &Figures, word: fn(f64) -> String) -> String {
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

/// Add the figures of another row to a line, in parentheses.
fn compared(mut line: Line, name: &str, figures: Figures, word: fn(f64) -> String) -> Line {
    let figures = figures.into_iter().map(|figure| (String::new(), figure.1)).collect();
    line.figures += &format!(" ({name}: {})", listed(&figures, word));
    line
}

fn hinted(answer: &lookup::Answer, lines: &mut Vec<Line>) {
    let raw = &answer.raw;
    let over_empty = |n| over(raw.median(lookup::HINTED, n), raw.median(EMPTY, n));
    let figures = by_size(&sizes(raw, 1..=usize::MAX), over_empty);
    let what = "same region, caller's hint, over an empty call (one at a time, as measured)";
    lines.push(at_most(what, (1.2, times_as_much), figures));
}

fn readers(grid: &Grid, lines: &mut Vec<Line>) {
    let figures = medians(grid, GASP, 4096);
    let line = at_most("two readers, each over one alone", (1.05, times_as_much), figures);
    lines.push(compared(line, "empty call", medians(grid, EMPTY, 4096), times_as_much));
}

fn beside(size: &Size, lines: &mut Vec<Line>) {
    let (grid, n) = (&size.grid, size.n);
    let value = |column| grid.median(GASP, column);
    let mean = over(value(writer::BESIDE), value(writer::ALONE));
    let what = format!("reader beside a writer, N = {n}: mean over alone");
    lines.push(at_most(what, (2.0, times_as_much), one(mean)));
    let what = format!("reader beside a writer, N = {n}: p99.9");
    lines.push(at_most(what, (500.0, time), one(value(writer::P999))));
}

fn updates(answer: &update::Filled, lines: &mut Vec<Line>) {
    let both = &answer.both;
    let over_tree = |n| over(both.median(GASP, n), both.median("btree_mutex", n));
    let figures = by_size(&sizes(both, 256..=usize::MAX), over_tree);
    let fill = answer.fill.name();
    let what = format!("a page's flags and back, over BTreeMap in a Mutex ({fill})");
    lines.push(at_most(what, (1.0, times_as_much), figures));
    for n in sizes(both, 1_000_000..=usize::MAX) {
        let figures = vec![
            ("split".to_owned(), answer.split.median(GASP, n)),
            ("merge".to_owned(), answer.merge.median(GASP, n)),
        ];
        lines.push(at_most(format!("the same, N = {n} ({fill})"), (1000.0, time), figures));
    }
}

fn batches(answer: &batch::Answer, lines: &mut Vec<Line>) {
    for (order, most) in [(batch::ASCENDING, 10e6), (batch::SHUFFLED, 20e6)] {
        let figure = one(answer.grid.median(GASP, order));
        lines.push(at_most(format!("100,000 regions by one call, {order}"), (most, time), figure));
    }
}

fn fills(answer: &fill::Answer, lines: &mut Vec<Line>) {
    for (column, most) in [(fill::MEAN, 1500.0), (fill::P99, 30_000.0)] {
        let figure = one(answer.grid.median(GASP, column));
        let what = format!("a million regions one by one: {column}");
        lines.push(at_most(what, (most, time), figure));
    }
}

fn weights(answer: &memory::Answer, lines: &mut Vec<Line>) {
    for Size { n, grid } in &answer.per_region {
        let figures = named(grid, GASP, &Fill::ALL.map(Fill::name));
        lines.push(at_most(format!("memory a region, N = {n}"), (75.0, bytes), figures));
    }
    let figure = one(answer.empty.median(GASP, memory::TOUCHED));
    lines.push(at_most("memory that an empty guest touches", (16.0, kib), figure));
}

fn dispatches(answer: &dispatch::Answer, lines: &mut Vec<Line>) {
    for (grid, how) in [
        (&answer.hot.throughput, "back to back, calls included"),
        (&answer.hot.net, "one at a time, empty call subtracted"),
    ] {
        let what = format!("reaching a C trap handler, hot region ({how})");
        let line = at_most(what, (15.0, time), medians(grid, GASP, usize::MAX));
        let direct = medians(grid, DIRECT, usize::MAX);
        lines.push(compared(line, "handler called directly", direct, number));
    }
    if let Some(dispatch::Two { ratio, .. }) = &answer.two {
        let columns = [dispatch::OWN, dispatch::SAME];
        let what = "reaching a C trap handler: two vCPUs on two CPUs, each over itself alone";
        let line = at_most(what, (1.1, times_as_much), named(ratio, GASP, &columns));
        lines.push(compared(line, "empty call", named(ratio, EMPTY, &columns), times_as_much));
    }
}
