//! Numbers with suffixes, and locations with prefixes.

#![forbid(unsafe_code)]

use super::types::{ParseError, Place, Position};
use super::words::Word;
use crate::gasp::Space;

/// The last x86 port.
const LAST_PORT: u64 = 0xffff;

/// A number: decimal or, after `0x`, hexadecimal; k, m and g multiply by 2^10, 2^20 and 2^30.
/// `what` names the number in the error.
pub(crate) fn number(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hexadecimal {
        Some(digits) => (digits, 16),
        None => (text.as_str(), 10),
    };
    let (digits, shift) = suffix(digits);
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(word.expected(&format!("{what} (a number such as 4096, 0x1000 or 4k)")));
    }
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return Err(word.expected(&format!("{what} (decimal without a leading 0, or after 0x)")));
    }
    u64::from_str_radix(digits, radix)
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| word.expected(&format!("{what} below 2^64")))
}

/// The digits, and by how many bits the suffix shifts them.
fn suffix(text: &str) -> (&str, u32) {
    for (letters, shift) in [(['k', 'K'], 10), (['m', 'M'], 20), (['g', 'G'], 30)] {
        if let Some(digits) = text.strip_suffix(letters) {
            return (digits, shift);
        }
    }
    (text, 0)
}

/// A length; 0 is an error.
pub(super) fn length(word: Word<'_>) -> Result<u64, ParseError> {
    match number(word, "a length")? {
        0 => Err(word.expected("a length above 0")),
        length => Ok(length),
    }
}

/// A guest-physical address.
pub(super) fn address(word: Word<'_>) -> Result<u64, ParseError> {
    match location(word)? {
        Place::Memory(address) => Ok(address),
        Place::Ports(_) => Err(word.expected("an address in memory (mem: or no prefix)")),
    }
}

/// A location in an option of a vdev.
pub(crate) fn place(text: &str, position: Position) -> Result<Place, ParseError> {
    location(Word::new(text, position))
}

/// The part of a text up to where a number certainly ends.
pub(crate) fn leading_number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// The location that a text starts with, and how long that is. Without a prefix it is in this space.
pub(crate) fn leading_place(
    text: &str,
    space: Space,
    position: Position,
) -> Result<(Place, usize), ParseError> {
    let written = ["mem:", "io:", "pci:"].into_iter().find(|prefix| text.starts_with(prefix));
    let (start, rest) = text.split_at(written.map_or(0, str::len));
    let number = leading_number(rest);
    let prefix = written.unwrap_or(if space == Space::Ports { "io:" } else { "" });
    let place = place(&format!("{prefix}{number}"), position)?;
    Ok((place, start.len().saturating_add(number.len())))
}

/// A location: `[mem:]ADDRESS` or `io:PORT`.
pub(super) fn location(word: Word<'_>) -> Result<Place, ParseError> {
    if let Some(port) = word.strip("io:") {
        return match number(port, "a port")? {
            number if number > LAST_PORT => Err(port.expected("a port up to 0xffff")),
            number => Ok(Place::Ports(number)),
        };
    }
    if word.strip("pci:").is_some() {
        return Err(word.expected("mem:ADDRESS or io:PORT (there is no PCI bus here)"));
    }
    let memory = word.strip("mem:");
    let what = if memory.is_some() { "an address" } else { "mem:ADDRESS, ADDRESS or io:PORT" };
    number(memory.unwrap_or(word), what).map(Place::Memory)
}

/// An error at the length unless all locations are inside their space.
pub(super) fn inside(place: Place, length: u64, word: Word<'_>) -> Result<(), ParseError> {
    let (first, end, last) = match place {
        Place::Memory(first) => (first, "2^64 (the end of memory)", u64::MAX),
        Place::Ports(first) => (first, "0x10000 (the end of the ports)", LAST_PORT),
    };
    // A length is not 0.
    match first.checked_add(length.saturating_sub(1)) {
        Some(end) if end <= last => Ok(()),
        _ => Err(word.expected(&format!("a length that does not go past {end}"))),
    }
}
