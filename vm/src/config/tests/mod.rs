//! The language, edges first.

#![allow(clippy::unwrap_used)]

mod contexts;
mod cpus;
mod errors;
mod files;
mod fuzz;
mod keywords;
mod layout;
mod lists;
mod logging;
mod spaces;
mod standard;
mod vdevs;

use super::types::*;
use super::*;
use gasp_text::{Place, Position};

/// Files, and vdevs that are all of one kind but for those that are absent.
#[derive(Debug, Default)]
struct Fake {
    files: Vec<(&'static str, Vec<u8>)>,
    environment: Vec<(&'static str, &'static str)>,
    /// The names of the vdevs that it lists.
    listed: Vec<&'static str>,
    /// The names of the vdevs that were loaded.
    loaded: Vec<String>,
}

/// The vdevs that are there; each has the options `size` with and `quiet` without an argument.
const VDEVS: [&str; 3] = ["dev", "other", "ser8250"];

impl Outside for Fake {
    fn load_vdev(&mut self, name: &str) -> Result<OptionList, String> {
        self.loaded.push(name.to_owned());
        if !VDEVS.contains(&name) {
            return Err(format!("vdev-{name}.so: not found"));
        }
        Ok(OptionList(vec![("size".to_owned(), true), ("quiet".to_owned(), false)]))
    }

    fn vdevs(&self) -> Vec<String> {
        self.listed.iter().map(|name| (*name).to_owned()).collect()
    }

    fn read_file(&self, name: &str) -> Result<Vec<u8>, String> {
        let found = self.files.iter().find(|(other, _)| *other == name);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| "not there".to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        let found = self.environment.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn with(fake: &mut Fake, words: &[&str]) -> Outcome {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    super::read(&words, fake)
}

/// A configuration in one file.
fn outcome(text: &str) -> Outcome {
    let mut fake = Fake { files: vec![("f", text.into())], ..Fake::default() };
    with(&mut fake, &["@f"])
}

/// The configuration of a file without errors.
fn read(text: &str) -> Config {
    let outcome = outcome(text);
    assert_eq!(refusals_of(&outcome), [""; 0], "{text}");
    outcome.config
}

fn statements(text: &str) -> Vec<Statement> {
    read(text).statements
}

/// All errors of an outcome, with their places.
fn refusals_of(outcome: &Outcome) -> Vec<String> {
    let show = |error: &gasp_text::ParseError| {
        let place = outcome.sources.name(error.position);
        format!("{}: {}", place.strip_prefix("f:").unwrap_or(&place), error.message)
    };
    outcome.errors.iter().map(show).collect()
}

fn refusals(text: &str) -> Vec<String> {
    refusals_of(&outcome(text))
}

/// The only error of a file.
fn refusal(text: &str) -> String {
    let all = refusals(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.into_iter().next().unwrap()
}

/// All notes, with their places.
fn notes(text: &str) -> Vec<String> {
    let outcome = outcome(text);
    assert_eq!(refusals_of(&outcome), [""; 0], "{text}");
    let place = |position| outcome.sources.name(position).replacen("f:", "", 1);
    let notes = outcome.config.notes.iter();
    notes.map(|note| format!("{}: {}", place(note.position), note.message)).collect()
}
