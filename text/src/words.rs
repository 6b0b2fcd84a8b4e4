//! Text to words.

use super::position::{ParseError, Position};

/// A word of the file, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// The text, with its quotation marks.
    raw: &'a str,
    /// The position of the first character.
    pub position: Position,
}

impl<'a> Word<'a> {
    /// A word with this text and position.
    pub fn new(raw: &'a str, position: Position) -> Self {
        Self { raw, position }
    }

    /// The text without its quotation marks.
    pub fn text(self) -> String {
        self.raw.replace('"', "")
    }

    /// An error at this word: `expected WHAT, found 'WORD'`.
    pub fn expected(self, what: &str) -> ParseError {
        let message = match self.raw {
            "" => format!("expected {what}, found nothing"),
            raw => format!("expected {what}, found '{raw}'"),
        };
        ParseError { position: self.position, message }
    }

    /// The position right after it.
    pub fn end(self) -> Position {
        after(self.position, self.raw)
    }

    /// The rest after a prefix, if the word has the prefix.
    pub fn strip(self, prefix: &str) -> Option<Self> {
        let raw = self.raw.strip_prefix(prefix)?;
        Some(Self { raw, position: after(self.position, prefix) })
    }

    /// The parts before and after the first such character outside of quotation marks.
    pub fn split_once(self, at: char) -> Option<(Self, Self)> {
        let mut quoted = false;
        let (index, _) = self.raw.char_indices().find(|&(_, c)| {
            quoted ^= c == '"';
            c == at && !quoted
        })?;
        let (raw, rest) = self.raw.split_at(index);
        let position = after(after(self.position, raw), " ");
        let rest = rest.strip_prefix(at).unwrap_or(rest);
        Some((Self { raw, ..self }, Self { raw: rest, position }))
    }

    /// All parts between such characters.
    pub fn split(self, at: char) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), self);
        while let Some((part, others)) = rest.split_once(at) {
            parts.push(part);
            rest = others;
        }
        parts.push(rest);
        parts
    }

    /// Each character with its position.
    pub fn letters(self) -> impl Iterator<Item = (char, Self)> {
        self.raw.char_indices().filter_map(move |(index, letter)| {
            let before = self.raw.get(..index)?;
            let raw = self.raw.get(index..)?.get(..letter.len_utf8())?;
            Some((letter, Self { raw, position: after(self.position, before) }))
        })
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn after(position: Position, text: &str) -> Position {
    Position { column: position.column.saturating_add(count(text.chars().count())), ..position }
}

/// The text of a file. Bytes that are not UTF-8 are an error at their position.
pub fn decode(bytes: Vec<u8>) -> Result<String, ParseError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let mut lines = good.split('\n');
        let position = Position {
            line: count(lines.clone().count()),
            column: count(lines.next_back().unwrap_or("").chars().count()).saturating_add(1),
        };
        ParseError { position, message: "expected text in UTF-8".to_owned() }
    })
}

/// The words of each line that is not empty.
pub fn lines(text: &str) -> Result<Vec<Vec<Word<'_>>>, ParseError> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = words(line, count(index).saturating_add(1))?;
        if !words.is_empty() {
            all.push(words);
        }
    }
    Ok(all)
}

fn words(line: &str, number: u32) -> Result<Vec<Word<'_>>, ParseError> {
    let start = Position { line: number, column: 1 };
    let (mut words, mut rest, mut position) = (Vec::new(), line, start);
    loop {
        let found = rest.trim_start();
        let blank = rest.strip_suffix(found).unwrap_or_default();
        position = after(position, blank);
        if found.is_empty() || found.starts_with('#') {
            return Ok(words);
        }
        let (raw, others) = first_word(found, position)?;
        words.push(Word { raw, position });
        position = after(position, raw);
        rest = others;
    }
}

/// Up to the first white space that is not between quotation marks.
fn first_word(text: &str, position: Position) -> Result<(&str, &str), ParseError> {
    let mut opened = None;
    for (index, c) in text.char_indices() {
        match (c, opened) {
            ('"', None) => opened = Some(index),
            ('"', Some(_)) => opened = None,
            (c, None) if c.is_whitespace() => return Ok(text.split_at(index)),
            _ => {}
        }
    }
    let Some(index) = opened else { return Ok((text, "")) };
    Err(ParseError {
        position: after(position, text.get(..index).unwrap_or_default()),
        message: "expected another '\"' on this line, found its end".to_owned(),
    })
}
