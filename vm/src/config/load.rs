//! `load`, and the types of blobs before `load` and `pass`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords::{self as row, Keyword};
use super::types::{Blob, Config, LoadConfig, Statement};
use gasp_text::{ParseError, Position, Word};

/// After `guest`, `initrd`, `fdt`, `acpi` and `data`; false if it is a `pass`.
pub(super) fn typed(
    input: &mut Input<'_>,
    config: &mut Config,
    blob: &str,
    at: Position,
) -> Result<bool, ParseError> {
    let what = format!("'load' or 'pass' after '{blob}'");
    let token = input.argument(&what)?;
    let keyword = match (token.word().text().as_str(), blob) {
        ("load", "guest") => row::GUEST_LOAD,
        ("load", "data") => row::DATA_LOAD,
        ("load", "initrd") => row::INITRD_LOAD,
        ("load", "acpi") => row::ACPI_LOAD,
        ("load", _) => {
            input.report.arm(at, "fdt load");
            row::FDT_LOAD
        }
        ("pass", _) => {
            input.report.uses(row::BLOB_PASS, at);
            return Ok(false);
        }
        _ => return Err(token.word().expected(&what)),
    };
    load(input, config, keyword, at).map(|()| true)
}

/// After `load`.
pub(super) fn load(
    input: &mut Input<'_>,
    config: &mut Config,
    keyword: &'static Keyword,
    at: Position,
) -> Result<(), ParseError> {
    input.report.uses(keyword, at);
    let token = input.argument("[ADDRESS,]FILE")?;
    let word = token.word();
    let blob = match keyword {
        _ if keyword == row::DATA_LOAD => Blob::Data,
        _ if keyword == row::LOAD || keyword == row::GUEST_LOAD => Blob::Image,
        _ if keyword == row::INITRD_LOAD => Blob::Initrd,
        _ => Blob::Acpi,
    };
    let (address, file) = match address_and_file(word) {
        Some((address, file)) => (Some(input.address(address)?), file),
        None => (None, word),
    };
    let load = match file.text() {
        empty if empty.is_empty() => return Err(file.expected("a file")),
        file => LoadConfig { position: word.position, blob, address, file },
    };
    config.statements.push(Statement::Load(load));
    Ok(())
}

/// The parts, if the first can be an address: a file may have a comma in its name.
fn address_and_file(word: Word<'_>) -> Option<(Word<'_>, Word<'_>)> {
    let (first, file) = word.split_once(',')?;
    let text = first.text();
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let is_hexadecimal = !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    (is_number || is_hexadecimal || first.strip("mem:").is_some()).then_some((first, file))
}
