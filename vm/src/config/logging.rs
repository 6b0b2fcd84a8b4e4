//! `logger`, a vdev's `log`, and `dump`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::types::{Destination, Dump, Logger, Severity};
use gasp_text::{ParseError, Word, did_you_mean};

/// The filters, as QNX's two pages write them.
const FILTERS: [(&str, Severity); 8] = [
    ("fatal", Severity::Fatal),
    ("internal", Severity::Internal),
    ("error", Severity::Error),
    ("warn", Severity::Warning),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
    ("debug", Severity::Debug),
    ("verbose", Severity::Verbose),
];
const DESTINATIONS: [(&str, Destination); 4] = [
    ("stdout", Destination::Stdout),
    ("stderr", Destination::Stderr),
    ("slog", Destination::Slog),
    ("none", Destination::None),
];

/// After `logger` and `log`.
pub(super) fn logger(input: &mut Input<'_>) -> Result<Logger, ParseError> {
    const FORM: &str = "filters (fatal, internal, error, warn, info, debug, verbose)";
    const TO: &str = "stdout, stderr, slog or none";
    let filters = input.argument(FORM)?;
    let to = input.argument(TO)?;
    let parts = filters.word().split(',');
    let severities: Result<_, _> = parts.iter().map(|word| find(&FILTERS, *word, FORM)).collect();
    Ok(Logger { severities: severities?, destination: find(&DESTINATIONS, to.word(), TO)? })
}

fn find<T: Copy>(table: &[(&str, T)], word: Word<'_>, what: &str) -> Result<T, ParseError> {
    let text = word.text();
    let found = table.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let mut error = word.expected(what);
        error.message += &did_you_mean(&text, table.iter().map(|(name, _)| *name));
        error
    })
}

/// After `dump`.
pub(super) fn dump(input: &mut Input<'_>, word: Word<'_>) -> Result<Dump, ParseError> {
    input.report.uses(row::DUMP, word.position);
    let token = input.argument("a directory or \"|COMMAND\"")?;
    let text = token.word().text();
    Ok(match text.strip_prefix('|') {
        Some(command) => Dump::Command(command.to_owned()),
        None => Dump::Directory(text.into()),
    })
}
