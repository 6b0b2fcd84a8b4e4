//! Numbers and locations, edges first.

#![allow(clippy::unwrap_used)]

mod numbers;
mod places;

use super::*;

fn value(text: &str) -> Result<u64, String> {
    let word = Word::new(text, Position { line: 1, column: 1 });
    number(word, "a number").map_err(|error| error.message)
}
