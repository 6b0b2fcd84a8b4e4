//! Locations with prefixes.

use super::number::{hexadecimal, leading_number};
use super::position::{ParseError, Position};
use super::words::Word;

/// The last x86 port.
const LAST_PORT: u64 = 0xffff;

/// A location and its space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `mem:` or no prefix: a guest-physical address.
    Memory(u64),
    /// `io:`: an x86 port.
    Ports(u64),
}

/// A guest-physical address.
pub fn address(word: Word<'_>) -> Result<u64, ParseError> {
    match location(word)? {
        Place::Memory(address) => Ok(address),
        Place::Ports(_) => Err(word.expected("an address in memory (mem: or no prefix)")),
    }
}

/// A location in an option of a vdev.
pub fn place(text: &str, position: Position) -> Result<Place, ParseError> {
    location(Word::new(text, position))
}

/// The location that a text starts with, and how long that is. Without a prefix it is in
/// memory, or at ports.
pub fn leading_place(
    text: &str,
    at_ports: bool,
    position: Position,
) -> Result<(Place, usize), ParseError> {
    let written = ["mem:", "io:", "pci:"].into_iter().find(|prefix| text.starts_with(prefix));
    let (start, rest) = text.split_at(written.map_or(0, str::len));
    let number = leading_number(rest);
    let prefix = written.unwrap_or(if at_ports { "io:" } else { "" });
    let place = place(&format!("{prefix}{number}"), position)?;
    Ok((place, start.len().saturating_add(number.len())))
}

/// A location: `[mem:]ADDRESS` or `io:PORT`.
pub fn location(word: Word<'_>) -> Result<Place, ParseError> {
    if let Some(port) = word.strip("io:") {
        return match hexadecimal(port, "a port")? {
            number if number > LAST_PORT => Err(port.expected("a port up to 0xffff")),
            number => Ok(Place::Ports(number)),
        };
    }
    if word.strip("pci:").is_some() {
        return Err(word.expected("mem:ADDRESS or io:PORT (there is no PCI bus here)"));
    }
    let memory = word.strip("mem:");
    let what = if memory.is_some() { "an address" } else { "mem:ADDRESS, ADDRESS or io:PORT" };
    hexadecimal(memory.unwrap_or(word), what).map(Place::Memory)
}

/// An error at the length unless all locations are inside their space.
pub fn inside(place: Place, length: u64, word: Word<'_>) -> Result<(), ParseError> {
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
