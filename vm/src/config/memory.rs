//! The statements about the guest's spaces: `ram`, `rom`, `reserve`, `pass`, `load`.

#![forbid(unsafe_code)]

use super::cursor::Cursor;
use super::types::{Attributes, Host, LoadConfig, MemoryConfig, PassConfig, Range};
use gasp_text::Word;
use gasp_text::{ParseError, Place};
use gasp_text::{address, inside, length, location, size};

/// After `ram` and `rom`.
pub(super) fn memory(cursor: &mut Cursor<'_>, writable: bool) -> Result<MemoryConfig, ParseError> {
    let word = cursor.argument("[START,]LENGTH")?;
    let position = word.position;
    let Some((first, size)) = word.split_once(',') else {
        return Ok(MemoryConfig { position, writable, start: None, length: length(word)? });
    };
    let (start, length) = (address(first)?, length(size)?);
    inside(Place::Memory(start), length, size)?;
    Ok(MemoryConfig { position, writable, start: Some(start), length })
}

/// Takes the word `loc`.
fn loc(cursor: &mut Cursor<'_>, statement: &str) -> Result<(), ParseError> {
    let word = cursor.argument(&format!("'loc' after '{statement}'"))?;
    match word.text().as_str() {
        "loc" => Ok(()),
        _ => Err(word.expected(&format!("'loc' after '{statement}'"))),
    }
}

fn range(place: Word<'_>, size: Word<'_>) -> Result<Range, ParseError> {
    let (at, length) = (location(place)?, length(size)?);
    inside(at, length, size)?;
    Ok(Range { position: place.position, place: at, length })
}

/// After `reserve`.
pub(super) fn reserve(cursor: &mut Cursor<'_>) -> Result<Range, ParseError> {
    loc(cursor, "reserve")?;
    let word = cursor.argument("PLACE,LENGTH")?;
    let (place, size) = word.split_once(',').ok_or_else(|| word.expected("PLACE,LENGTH"))?;
    range(place, size)
}

/// After `pass`.
pub(super) fn pass(cursor: &mut Cursor<'_>) -> Result<PassConfig, ParseError> {
    const FORM: &str = "PLACE,LENGTH,ATTRIBUTES[=HOST]";
    loc(cursor, "pass")?;
    let word = cursor.argument(FORM)?;
    let (place, rest) = word.split_once(',').ok_or_else(|| word.expected(FORM))?;
    let (size, rest) = rest.split_once(',').ok_or_else(|| word.expected(FORM))?;
    let (letters, behind) = match rest.split_once('=') {
        Some((letters, behind)) => (letters, Some(behind)),
        None => (rest, None),
    };
    let range = range(place, size)?;
    let attributes = attributes(letters)?;
    let host = behind.map_or(Ok(Host::Unsaid), |behind| host(behind, range.place))?;
    Ok(PassConfig { range, attributes, host })
}

/// Letters, added or, after `-`, removed until the next `+`.
fn attributes(word: Word<'_>) -> Result<Attributes, ParseError> {
    let (mut attributes, mut add) = (Attributes::default(), true);
    for (letter, at) in word.letters() {
        match letter {
            '+' => add = true,
            '-' => add = false,
            _ if attributes.set(letter, add) => {}
            _ => return Err(at.expected(&format!("+, - or one of {}", Attributes::LETTERS))),
        }
    }
    if ['r', 'w', 'x'].into_iter().any(|letter| attributes.has(letter)) {
        Ok(attributes)
    } else {
        Err(word.expected("attributes with r, w or x"))
    }
}

fn host(word: Word<'_>, place: Place) -> Result<Host, ParseError> {
    if let Place::Ports(port) = place {
        return match size(word, "a port of the host")? {
            same if same == port => Ok(Host::Unsaid),
            _ => Err(word.expected("the same port in the host")),
        };
    }
    let Some(file) = word.strip("file:") else {
        return size(word, "a host-physical address or file:PATH[@OFFSET]").map(Host::Physical);
    };
    let (path, offset) = match file.split_once('@') {
        Some((path, offset)) => (path, size(offset, "an offset")?),
        None => (file, 0),
    };
    match path.text() {
        empty if empty.is_empty() => Err(path.expected("a path")),
        path => Ok(Host::File(path, offset)),
    }
}

/// After `load`.
pub(super) fn load(cursor: &mut Cursor<'_>) -> Result<LoadConfig, ParseError> {
    let word = cursor.argument("ADDRESS,FILE")?;
    let (first, file) = word.split_once(',').ok_or_else(|| word.expected("ADDRESS,FILE"))?;
    let address = address(first)?;
    match file.text() {
        empty if empty.is_empty() => Err(file.expected("a file")),
        file => Ok(LoadConfig { position: word.position, address, file }),
    }
}
