//! The position of the parser.

#![forbid(unsafe_code)]

use gasp_text::Word;
use gasp_text::{ParseError, Position};

/// The words that have not been taken yet.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<Word<'a>>>,
    /// The position right after the last taken word.
    end: Position,
}

impl<'a> Cursor<'a> {
    /// All words of a file.
    pub(super) fn new(lines: Vec<Vec<Word<'a>>>) -> Self {
        let words: Vec<_> = lines.into_iter().flatten().collect();
        Self { words: words.into_iter().peekable(), end: Position { line: 1, column: 1 } }
    }

    /// Takes the next word, if there is one.
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let word = self.words.next()?;
        self.end = word.end();
        Some(word)
    }

    /// The next word, without taking it.
    pub(super) fn peek(&mut self) -> Option<Word<'a>> {
        self.words.peek().copied()
    }

    /// Takes the next word; its absence is an error.
    pub(super) fn argument(&mut self, what: &str) -> Result<Word<'a>, ParseError> {
        self.next().ok_or_else(|| ParseError {
            position: self.end,
            message: format!("expected {what}, found the end of the file"),
        })
    }
}
