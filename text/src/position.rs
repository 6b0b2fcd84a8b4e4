//! Positions in a text, and errors at them.

use std::fmt;

/// A position in a text. Both numbers count from 1; columns are characters. If a text comes from
/// several files, the lines are those of all files together ([`Sources`](crate::Sources)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character of the line.
    pub column: u32,
}

impl Position {
    /// The position after a text that begins here.
    pub fn after(self, text: &str) -> Self {
        text.chars().fold(self, |position, c| match c {
            '\n' => Self { line: position.line.saturating_add(1), column: 1 },
            _ => Self { column: position.column.saturating_add(1), ..position },
        })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// An error at a position in a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct ParseError {
    /// Where.
    pub position: Position,
    /// The text that was expected, and the text that was found.
    pub message: String,
}

/// The text of a file. Bytes that are not UTF-8 are an error at their position.
pub fn decode(bytes: Vec<u8>) -> Result<String, ParseError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let position = Position { line: 1, column: 1 }.after(&String::from_utf8_lossy(good));
        ParseError { position, message: "expected text in UTF-8".to_owned() }
    })
}
