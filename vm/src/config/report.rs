//! What the user is told of a configuration.

#![forbid(unsafe_code)]

use super::keywords::{Fate, Keyword};
use gasp_text::{ParseError, Position};

/// What was found, so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Errors in the language.
    pub(super) errors: Vec<ParseError>,
    /// What is right, and cannot be had here.
    pub(super) refusals: Vec<ParseError>,
    pub(super) notes: Vec<ParseError>,
    /// Each word with the position of its first use.
    pub(super) used: Vec<(&'static Keyword, Position)>,
    /// The first word that only a configuration for an ARM guest has.
    arm: Option<(Position, String)>,
    has_warned: bool,
}

impl Report {
    /// Notes that a word is used.
    pub(super) fn uses(&mut self, keyword: &'static Keyword, position: Position) {
        if keyword.fate == Fate::Refused {
            let message = format!("'{}' is refused: {}", keyword.name(), keyword.about);
            self.refusals.push(ParseError { position, message });
        }
        if self.used.iter().any(|(other, _)| *other == keyword) {
            return;
        }
        self.used.push((keyword, position));
        if keyword.fate == Fate::NoEffect {
            let message = format!("'{}' has no effect here: {}", keyword.name(), keyword.about);
            self.notes.push(ParseError { position, message });
        }
    }

    /// Warns of an address that looks decimal, once.
    pub(super) fn warn_of_digits(&mut self, text: &str, position: Position) {
        if !core::mem::replace(&mut self.has_warned, true) {
            let message = format!(
                "warning: the address {text} is 0x{text}, as QNX reads it (0d{text} is decimal)"
            );
            self.notes.push(ParseError { position, message });
        }
    }

    /// Notes a sign of an ARM guest.
    pub(super) fn arm(&mut self, position: Position, sign: &str) {
        self.arm.get_or_insert_with(|| (position, sign.to_owned()));
    }

    /// All errors, in the order of their positions. What is missing for an ARM guest is one error,
    /// and nothing is worth a note then.
    pub(super) fn finish(&mut self) -> Vec<ParseError> {
        let mut all = core::mem::take(&mut self.errors);
        match self.arm.take() {
            None => all.append(&mut self.refusals),
            Some((position, sign)) => {
                let message = format!(
                    "expected a configuration for an x86 guest, found one for an ARM guest \
                     ({sign}): gasp-vm runs x86 guests only"
                );
                all.push(ParseError { position, message });
                self.notes.clear();
            }
        }
        all.sort_by_key(|error| error.position);
        all
    }
}
