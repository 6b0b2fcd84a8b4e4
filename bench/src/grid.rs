//! Figures by design and by column (mostly: number of regions).

use crate::design::Design;
use crate::stats::Summary;
use std::collections::BTreeMap;

/// Rows are designs in the order in which they first got a figure, columns likewise.
#[derive(Debug, Default, Clone)]
pub struct Grid {
    rows: Vec<(String, String)>,
    columns: Vec<String>,
    cells: BTreeMap<(usize, usize), Summary>,
}

impl Grid {
    pub const fn new() -> Self {
        Self { rows: Vec::new(), columns: Vec::new(), cells: BTreeMap::new() }
    }

    /// A grid whose columns are known before the first figure.
    pub fn with_columns(columns: impl IntoIterator<Item = impl ToString>) -> Self {
        let columns = columns.into_iter().map(|column| column.to_string()).collect();
        Self { columns, ..Self::default() }
    }

    /// Store the median and the quartiles of some samples.
    pub fn put(&mut self, design: &Design, column: impl ToString, samples: &[f64]) {
        self.put_row(design.key, design.label, column, samples);
    }

    /// As `put`, for a row that is not a design's own.
    pub fn put_row(&mut self, key: &str, label: &str, column: impl ToString, samples: &[f64]) {
        let row = place(&mut self.rows, (key.to_owned(), label.to_owned()));
        let column = place(&mut self.columns, column.to_string());
        if let Some(summary) = Summary::of(samples) {
            self.cells.insert((row, column), summary);
        }
    }

    pub fn get(&self, key: &str, column: impl ToString) -> Option<Summary> {
        let column = column.to_string();
        let row = self.rows.iter().position(|row| row.0 == key)?;
        let column = self.columns.iter().position(|name| *name == column)?;
        self.cells.get(&(row, column)).copied()
    }

    pub fn median(&self, key: &str, column: impl ToString) -> Option<f64> {
        Some(self.get(key, column)?.median)
    }

    /// Keys and labels of the rows.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|(key, label)| (key.as_str(), label.as_str()))
    }

    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }
}

/// Figures for one number of regions.
#[derive(Debug)]
pub struct Size {
    pub n: usize,
    pub grid: Grid,
}

/// The index of an item, which is added if it is new.
fn place<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    let at = items.iter().position(|known| *known == item);
    at.unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}
