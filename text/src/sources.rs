//! Where the words of a configuration come from: files, and the command line.

use super::position::{ParseError, Position};

/// The texts of a configuration. Their lines are counted through, so that a [`Position`] says in
/// which text it is.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

#[derive(Debug, Clone)]
struct Source {
    name: String,
    /// The number of its first line.
    first: u32,
    text: String,
}

/// A position as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The name of the text.
    pub source: &'a str,
    /// The position in this text.
    pub position: Position,
    /// The whole line.
    pub line: &'a str,
}

impl Sources {
    /// Adds a text and returns the position of its first character.
    pub fn add(&mut self, name: &str, text: &str) -> Position {
        let lines = |source: &Source| u32::try_from(source.text.split('\n').count());
        let first = self
            .0
            .last()
            .map_or(1, |last| last.first.saturating_add(lines(last).unwrap_or(u32::MAX)));
        self.0.push(Source { name: name.to_owned(), first, text: text.to_owned() });
        Position { line: first, column: 1 }
    }

    /// The names of all texts, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|source| source.name.as_str())
    }

    /// The text that has a position; `None`: no text has it.
    pub fn place(&self, position: Position) -> Option<Spot<'_>> {
        let source = self.0.iter().rev().find(|source| source.first <= position.line)?;
        let index = position.line.saturating_sub(source.first);
        let line = source.text.split('\n').nth(usize::try_from(index).ok()?)?;
        let local = Position { line: index.saturating_add(1), ..position };
        Some(Spot { source: &source.name, position: local, line: line.trim_end_matches('\r') })
    }

    /// `NAME:LINE:COLUMN`
    pub fn name(&self, position: Position) -> String {
        self.place(position)
            .map_or_else(String::new, |place| format!("{}:{}", place.source, place.position))
    }

    /// An error with its place, the line, and a mark below the column.
    pub fn show(&self, error: &ParseError) -> String {
        let Some(place) = self.place(error.position) else { return error.to_string() };
        let column = usize::try_from(place.position.column.saturating_sub(1)).unwrap_or(0);
        // A tab is as wide below as above.
        let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
        let before: String = place.line.chars().take(column).map(blank).collect();
        let Spot { source, position, line } = place;
        format!("{source}:{position}: {}\n    {line}\n    {before}^", error.message)
    }
}
