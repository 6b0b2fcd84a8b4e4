//! Words and their parts.

use super::position::{ParseError, Position};
use super::quotes::Quotes;

/// A word of a file, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// The text, with its quotation marks and escapes.
    raw: &'a str,
    /// The position of the first character.
    pub position: Position,
    /// Whether the text is not that of the file: then all its parts have its position.
    replaced: bool,
}

impl<'a> Word<'a> {
    /// A word with this text and position.
    pub fn new(raw: &'a str, position: Position) -> Self {
        Self { raw, position, replaced: false }
    }

    /// A word whose text is not that of the file.
    pub(super) fn replaced(raw: &'a str, position: Position) -> Self {
        Self { raw, position, replaced: true }
    }

    /// The text, without quotation marks and escapes.
    pub fn text(self) -> String {
        Quotes::default().text(self.raw)
    }

    /// The text without its quotation marks; a `\` is an ordinary character.
    pub fn literal(self) -> String {
        self.raw.replace('"', "")
    }

    /// An error at this word: `expected WHAT, found 'WORD'`.
    pub fn expected(self, what: &str) -> ParseError {
        let message = match self.raw {
            "" => format!("expected {what}, found nothing"),
            raw => format!("expected {what}, found '{}'", first_line(raw)),
        };
        ParseError { position: self.position, message }
    }

    /// The position right after it.
    pub fn end(self) -> Position {
        self.after(self.raw)
    }

    /// The rest after a prefix, if the word has the prefix.
    pub fn strip(self, prefix: &str) -> Option<Self> {
        let raw = self.raw.strip_prefix(prefix)?;
        Some(Self { raw, position: self.after(prefix), ..self })
    }

    /// The parts before and after the first such character outside of quotation marks.
    pub fn split_once(self, at: char) -> Option<(Self, Self)> {
        let mut quotes = Quotes::default();
        let (index, _) = self.raw.char_indices().find(|&(_, c)| {
            let is_plain = quotes.pass(c);
            c == at && is_plain
        })?;
        let (raw, rest) = self.raw.split_at(index);
        let rest_at = self.after(self.raw.get(..index.saturating_add(at.len_utf8()))?);
        let rest = rest.strip_prefix(at).unwrap_or(rest);
        Some((Self { raw, ..self }, Self { raw: rest, position: rest_at, ..self }))
    }

    /// All parts between such characters.
    pub fn split(self, at: char) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), self);
        while let Some((part, others)) = rest.split_once(at) {
            parts.push(part);
            rest = others;
        }
        parts.push(rest);
        parts
    }

    /// Each character with its position.
    pub fn letters(self) -> impl Iterator<Item = (char, Self)> {
        self.raw.char_indices().filter_map(move |(index, letter)| {
            let before = self.raw.get(..index)?;
            let raw = self.raw.get(index..)?.get(..letter.len_utf8())?;
            Some((letter, Self { raw, position: self.after(before), ..self }))
        })
    }

    /// The position after this beginning of the word.
    fn after(self, beginning: &str) -> Position {
        if self.replaced { self.position } else { self.position.after(beginning) }
    }
}

/// The part of a word that an error shows.
fn first_line(raw: &str) -> &str {
    raw.lines().next().unwrap_or_default()
}
