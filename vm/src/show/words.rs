//! The words of a configuration with what becomes of them.

#![forbid(unsafe_code)]

use crate::config::{Fate, Keyword};
use gasp_text::{Position, Sources};

/// A line for each word: its name, its first place, and what becomes of it.
pub(crate) fn words(used: &[(&'static Keyword, Position)], sources: &Sources) -> String {
    let row = |(keyword, position): &(&'static Keyword, Position)| {
        let about = match keyword.fate {
            Fate::Done => "done".to_owned(),
            Fate::NoEffect => format!("no effect: {}", keyword.about),
            Fate::Refused => format!("refused: {}", keyword.about),
        };
        (keyword.name(), sources.name(*position), about)
    };
    let rows: Vec<_> = used.iter().map(row).collect();
    let (mut name, mut place) = (0, 0);
    for row in &rows {
        (name, place) = (name.max(row.0.chars().count()), place.max(row.1.chars().count()));
    }
    let line =
        |row: &(String, String, String)| format!("{:name$}  {:place$}  {}\n", row.0, row.1, row.2);
    rows.iter().map(line).collect()
}
