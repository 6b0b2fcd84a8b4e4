//! Words, numbers and locations, edges first.

#![allow(clippy::unwrap_used)]

mod numbers;
mod places;
mod sources;
mod words;

use super::*;

const START: Position = Position { line: 1, column: 1 };

fn word(text: &str) -> Word<'_> {
    Word::new(text, START)
}

/// A value, or the message of the error.
fn plain<T>(result: Result<T, ParseError>) -> Result<T, String> {
    result.map_err(|error| error.message)
}
