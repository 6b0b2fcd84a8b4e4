//! `logger`, a vdev's `log`, and `dump`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::types::{Dump, Logger};
use gasp_text::{ParseError, Word, did_you_mean};

/// The filters, as QNX's two pages write them.
const FILTERS: [&str; 8] =
    ["fatal", "internal", "error", "warn", "warning", "info", "debug", "verbose"];
const DESTINATIONS: [&str; 4] = ["stdout", "stderr", "slog", "none"];

/// After `logger` and `log`.
pub(super) fn logger(input: &mut Input<'_>) -> Result<Logger, ParseError> {
    const FORM: &str = "filters (fatal, internal, error, warn, info, debug, verbose)";
    const TO: &str = "stdout, stderr, slog or none";
    let filters = input.argument(FORM)?;
    let to = input.argument(TO)?;
    let mut parts = filters.word().split(',').into_iter();
    parts.try_for_each(|word| one_of(&FILTERS, word, FORM))?;
    one_of(&DESTINATIONS, to.word(), TO)?;
    Ok(Logger { filters: filters.word().text(), destination: to.word().text() })
}

fn one_of(names: &[&str], word: Word<'_>, what: &str) -> Result<(), ParseError> {
    let text = word.text();
    if names.contains(&&*text) {
        return Ok(());
    }
    let mut error = word.expected(what);
    error.message += &did_you_mean(&text, names.iter().copied());
    Err(error)
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
