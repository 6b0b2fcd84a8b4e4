//! Markdown: tables whose columns line up in the source too, and the sections they stand in.

use crate::grid::Grid;
use crate::stats::Summary;
use core::fmt::Write;

/// A table.
#[derive(Debug, Default)]
pub struct Table {
    caption: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One question with its answer.
#[derive(Debug)]
pub struct Section {
    /// Name of its files, without extension.
    pub file: &'static str,
    /// The question.
    pub title: &'static str,
    /// The method, and the meaning of the figures for a VMM.
    pub text: &'static str,
    /// The answer.
    pub tables: Vec<Table>,
    /// Plots: name, alternative text, the script for gnuplot.
    pub plots: Vec<(&'static str, String, String)>,
}

impl Table {
    /// A table with these columns.
    pub fn new<S: ToString>(
        caption: impl Into<String>,
        header: impl IntoIterator<Item = S>,
    ) -> Self {
        let header = header.into_iter().map(|name| name.to_string()).collect();
        Self { caption: caption.into(), header, rows: Vec::new() }
    }

    /// Add a row.
    pub fn row<S: ToString>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }

    /// The figures of a grid, by design.
    pub fn of_grid(caption: impl Into<String>, grid: &Grid, cell: fn(Summary) -> String) -> Self {
        let header = core::iter::once("design").chain(grid.columns());
        let mut table = Self::new(caption, header);
        for (key, label) in grid.rows() {
            let figure = |column| grid.get(key, column).map_or_else(|| "–".into(), cell);
            let label =
                if key == crate::design::GASP { format!("**{label}**") } else { label.into() };
            table.row(core::iter::once(label).chain(grid.columns().map(figure)));
        }
        table
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let cells = cells.chain(self.header.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(4)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let mut text = format!("{}\n\n", self.caption);
        line(&mut text, &self.header, &widths);
        let rule = widths.iter().enumerate().map(|(i, &w)| match i {
            0 => "-".repeat(w),
            _ => format!("{}:", "-".repeat(w - 1)),
        });
        line(&mut text, &rule.collect::<Vec<_>>(), &widths);
        self.rows.iter().for_each(|row| line(&mut text, row, &widths));
        text
    }
}

fn line(text: &mut String, cells: &[String], widths: &[usize]) {
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
        let cell = if column == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") };
        let _ = write!(text, "| {cell} ");
    }
    text.push_str("|\n");
}

impl Section {
    /// As Markdown; plots are in files beside it.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n", self.title, self.text);
        for (name, words, _) in &self.plots {
            let _ = write!(text, "\n![{words}]({name}.svg)\n");
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}", table.markdown());
        }
        text
    }
}

/// Nanoseconds, as a bare number.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if v < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Nanoseconds, with the unit that fits.
pub fn time(ns: f64) -> String {
    let (factor, unit) = unit(ns);
    format!("{} {unit}", number(ns / factor))
}

/// How many nanoseconds the fitting unit has, and its name.
fn unit(ns: f64) -> (f64, &'static str) {
    match ns.abs() {
        v if v < 9_999.5 => (1.0, "ns"),
        v if v < 9_999_500.0 => (1e3, "µs"),
        _ => (1e6, "ms"),
    }
}

/// A cell: median and quartiles as bare numbers.
pub fn spread(s: Summary) -> String {
    format!("{} ({}–{})", number(s.median), number(s.low), number(s.high))
}

/// A cell: median and quartiles of times, in the unit that fits the median.
pub fn times(s: Summary) -> String {
    let (factor, unit) = unit(s.median);
    let [median, low, high] = [s.median, s.low, s.high].map(|ns| number(ns / factor));
    format!("{median} {unit} ({low}–{high})")
}

/// A cell: a ratio and its quartiles.
pub fn ratios(s: Summary) -> String {
    format!("{:.2} ({:.2}–{:.2})", s.median, s.low, s.high)
}

#[cfg(test)]
mod tests {
    use super::{Table, time};

    #[test]
    fn table_lines_up() {
        let mut table = Table::new("T", ["design", "ns"]);
        table.row(["a", "12.0"]);
        let expected = "T\n\n| design |   ns |\n| ------ | ---: |\n| a      | 12.0 |\n";
        assert_eq!(table.markdown(), expected);
    }

    #[test]
    fn time_picks_its_unit() {
        let cells = [4.04, 250.0, 12_345.0, 5e6, 2.5e7].map(time);
        assert_eq!(cells, ["4.0 ns", "250 ns", "12.3 µs", "5000 µs", "25.0 ms"]);
    }
}
