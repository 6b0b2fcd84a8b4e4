//! The language, edges first.

#![allow(clippy::unwrap_used)]

mod layout;
mod rest;
mod spaces;

use super::*;
use gasp_text::{ParseError, Place, Position, decode};

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
