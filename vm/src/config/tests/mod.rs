//! The language, edges first.

#![allow(clippy::unwrap_used)]

mod layout;
mod numbers;
mod places;
mod rest;
mod spaces;

use super::*;

/// Loads nothing: the vdevs of these tests are all of one kind.
fn load_vdev(name: &str) -> Result<OptionList, String> {
    match name {
        "absent" => Err("vdev-absent.so: not found".to_owned()),
        _ => Ok(OptionList(vec![("size".to_owned(), true), ("quiet".to_owned(), false)])),
    }
}

fn read(text: &str) -> Result<Config, ParseError> {
    parse(text, &mut load_vdev)
}

/// The configuration of a file without errors.
fn statements(text: &str) -> Vec<Statement> {
    read(text).unwrap().statements
}

/// The refusal of a file, as users see it.
fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn value(text: &str) -> Result<u64, String> {
    let word = Word::new(text, Position { line: 1, column: 1 });
    number(word, "a number").map_err(|error| error.message)
}
