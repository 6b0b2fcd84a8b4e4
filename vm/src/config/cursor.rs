//! The position of the parser in one text.

#![forbid(unsafe_code)]

use gasp_text::{ParseError, Position, Token};

/// The words of a text that have not been taken yet.
#[derive(Debug)]
pub(super) struct Cursor {
    words: std::vec::IntoIter<Token>,
    /// The position right after the last taken word.
    end: Position,
    /// What the words end with.
    name: &'static str,
}

impl Cursor {
    /// The words of a file that begins here.
    pub(super) fn of_file(words: Vec<Token>, start: Position) -> Self {
        Self { words: words.into_iter(), end: start, name: "file" }
    }

    pub(super) fn of_command_line(words: Vec<Token>) -> Self {
        let end = Position { line: 1, column: 1 };
        Self { words: words.into_iter(), end, name: "command line" }
    }

    /// Takes the next word, if there is one.
    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.words.next()?;
        self.end = token.word().end();
        Some(token)
    }

    /// Takes the next word; its absence is an error.
    pub(super) fn argument(&mut self, what: &str) -> Result<Token, ParseError> {
        self.next().ok_or_else(|| ParseError {
            position: self.end,
            message: format!("expected {what}, found the end of the {}", self.name),
        })
    }
}
