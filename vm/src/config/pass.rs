//! `pass`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::types::{Attributes, Config, Host, PassConfig, Range, Statement};
use gasp_text::readings::{PASS_ATTRIBUTES, PASS_LENGTH, PORTS};
use gasp_text::{ParseError, Place, Position, Word, inside, length, number, size};

const FORM: &str = "PLACE[,LENGTH][,ATTRIBUTES][=HOST]";

/// An option of `pass`.
pub(super) fn option(
    input: &mut Input<'_>,
    config: &mut Config,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    match text {
        "loc" => loc(input, config, word.position)?,
        "intr" => {
            input.report.uses(row::PASS_INTR, word.position);
            interrupt(input)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn loc(input: &mut Input<'_>, config: &mut Config, at: Position) -> Result<(), ParseError> {
    let token = input.argument(FORM)?;
    let word = token.word();
    if word.strip("pci:").is_some() {
        input.report.uses(row::PASS_PCI, at);
        return Ok(());
    }
    input.report.uses(row::PASS_LOC, at);
    let (front, behind) = word.split_once('=').map_or((word, None), |(a, b)| (a, Some(b)));
    let mut parts = front.split(',');
    // Version 8.0 writes a comma before the `=`.
    if behind.is_some() && parts.last().is_some_and(|last| last.text().is_empty()) {
        parts.pop();
    }
    let (place, size, letters) = match parts[..] {
        [place] => (place, None, None),
        [place, second] if is_attributes(second) => (place, None, Some(second)),
        [place, second] => (place, Some(second), None),
        [place, second, third] => (place, Some(second), Some(third)),
        _ => return Err(word.expected(FORM)),
    };
    let range = range(input, place, size)?;
    let attributes = attributes(letters.unwrap_or(Word::new(PASS_ATTRIBUTES, word.position)))?;
    let host = behind.map_or(Ok(Host::Unsaid), |behind| host(input, behind, range.place))?;
    config.statements.push(Statement::Pass(PassConfig { range, attributes, host }));
    Ok(())
}

/// A length begins with a digit.
fn is_attributes(word: Word<'_>) -> bool {
    word.text().starts_with(|c: char| c.is_ascii_alphabetic() || c == '+' || c == '-')
}

fn range(
    input: &mut Input<'_>,
    place: Word<'_>,
    size: Option<Word<'_>>,
) -> Result<Range, ParseError> {
    let at = input.location(place)?;
    let unsaid = if matches!(at, Place::Ports(_)) { PORTS } else { PASS_LENGTH };
    let length = size.map_or(Ok(unsaid), length)?;
    inside(at, length, size.unwrap_or(place))?;
    Ok(Range { position: place.position, place: at, length })
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
    if attributes.has('m') && attributes.has('d') {
        return Err(word.expected("no d (device memory) beside m (system memory)"));
    }
    if ['r', 'w', 'x'].into_iter().any(|letter| attributes.has(letter)) {
        Ok(attributes)
    } else {
        Err(word.expected("attributes with r, w or x"))
    }
}

fn host(input: &mut Input<'_>, word: Word<'_>, place: Place) -> Result<Host, ParseError> {
    if let Place::Ports(port) = place {
        let same = word.strip("io:").unwrap_or(word);
        return match input.address(same)? {
            same if same == port => Ok(Host::Unsaid),
            _ => Err(word.expected("the same port in the host")),
        };
    }
    let Some(file) = word.strip("file:") else {
        return input.address(word).map(Host::Physical);
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

/// `CONTROLLER:LINE[,t|u][=VECTOR]`
fn interrupt(input: &mut Input<'_>) -> Result<(), ParseError> {
    const FORM: &str = "CONTROLLER:LINE[,t|u][=VECTOR]";
    let token = input.argument(FORM)?;
    let word = token.word();
    let (front, vector) = word.split_once('=').map_or((word, None), |(a, b)| (a, Some(b)));
    let (guest, flag) = front.split_once(',').map_or((front, None), |(a, b)| (a, Some(b)));
    let (controller, line) = guest.split_once(':').ok_or_else(|| word.expected(FORM))?;
    if controller.text() == "gic" {
        input.report.arm(word.position, "intr gic:...");
    }
    number(line, "the line of an interrupt")?;
    if let Some(flag) = flag.filter(|flag| !["t", "u"].contains(&flag.text().as_str())) {
        return Err(flag.expected("t or u"));
    }
    vector.map_or(Ok(()), |vector| number(vector, "an interrupt of the host").map(drop))
}
