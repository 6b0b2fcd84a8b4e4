//! `ram`, `rom` and `reserve`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords::{self as row, Keyword};
use super::types::{Config, MemoryConfig, Range, Statement};
use gasp_text::readings::PORTS;
use gasp_text::{ParseError, Place, Position, Word, inside, length, number};

/// After `ram` and `rom`.
pub(super) fn memory(
    input: &mut Input<'_>,
    config: &mut Config,
    keyword: &'static Keyword,
    at: Position,
) -> Result<(), ParseError> {
    input.report.uses(keyword, at);
    let token = input.argument("[START,]LENGTH")?;
    let word = token.word();
    let (start, size) = match word.split_once(',') {
        Some((start, size)) => (Some(input.address(start)?), size),
        None => (None, word),
    };
    let length = length(size)?;
    if let Some(start) = start {
        inside(Place::Memory(start), length, size)?;
    }
    let (position, writable) = (word.position, keyword == row::RAM);
    config.statements.push(Statement::Memory(MemoryConfig { position, writable, start, length }));
    Ok(())
}

/// An option of `reserve`.
pub(super) fn reserve(
    input: &mut Input<'_>,
    config: &mut Config,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    match text {
        "loc" => reserve_loc(input, config, word.position)?,
        "intr" => {
            input.report.uses(row::RESERVE_INTR, word.position);
            let token = input.argument("an interrupt")?;
            let line = token.word().split_once(':').map_or(token.word(), |(_, line)| line);
            number(line, "an interrupt")?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn reserve_loc(input: &mut Input<'_>, config: &mut Config, at: Position) -> Result<(), ParseError> {
    let token = input.argument("PLACE,LENGTH")?;
    let word = token.word();
    if let Some(slot) = word.strip("pci:") {
        input.report.uses(row::RESERVE_PCI, at);
        return pci_slot(slot);
    }
    input.report.uses(row::RESERVE_LOC, at);
    let (place, size) = if word.text() == "io" {
        // Published files have a blank there.
        let token = input.argument("PORT[,LENGTH]")?;
        let (port, size) = parts(token.word());
        with_length(Place::Ports(input.address(port)?), port, size)?
    } else {
        let (place, size) = parts(word);
        with_length(input.location(place)?, word, size)?
    };
    let range = Range { position: word.position, place, length: size };
    config.statements.push(Statement::Reserve(range));
    Ok(())
}

/// The parts of `PLACE[,LENGTH]`.
fn parts(word: Word<'_>) -> (Word<'_>, Option<Word<'_>>) {
    word.split_once(',').map_or((word, None), |(place, size)| (place, Some(size)))
}

/// A place, and its length; ports need none.
fn with_length(
    place: Place,
    word: Word<'_>,
    size: Option<Word<'_>>,
) -> Result<(Place, u64), ParseError> {
    let length = match (size, place) {
        (Some(size), _) => length(size)?,
        (None, Place::Ports(_)) => PORTS,
        (None, Place::Memory(_)) => return Err(word.expected("PLACE,LENGTH")),
    };
    inside(place, length, size.unwrap_or(word))?;
    Ok((place, length))
}

/// `BUS:DEVICE[.FUNCTION]`
pub(super) fn pci_slot(word: Word<'_>) -> Result<(), ParseError> {
    const FORM: &str = "BUS:DEVICE[.FUNCTION]";
    let (bus, rest) = word.split_once(':').ok_or_else(|| word.expected(FORM))?;
    let (device, function) = rest.split_once('.').map_or((rest, None), |(a, b)| (a, Some(b)));
    for part in [Some(bus), Some(device), function].into_iter().flatten() {
        number(part, FORM)?;
    }
    Ok(())
}
