//! Text to words, line by line, as scripts have them.

use super::position::{ParseError, Position};
use super::words::Word;

/// The words of each line that is not empty. Quotation marks end on their line, and a `\` is an
/// ordinary character.
pub fn lines(text: &str) -> Result<Vec<Vec<Word<'_>>>, ParseError> {
    let mut all = Vec::new();
    let mut start = Position { line: 1, column: 1 };
    for line in text.lines() {
        let words = words(line, start)?;
        if !words.is_empty() {
            all.push(words);
        }
        start = start.after("\n");
    }
    Ok(all)
}

fn words(line: &str, start: Position) -> Result<Vec<Word<'_>>, ParseError> {
    let (mut words, mut rest, mut position) = (Vec::new(), line, start);
    loop {
        let found = rest.trim_start();
        let blank = rest.strip_suffix(found).unwrap_or_default();
        position = position.after(blank);
        if found.is_empty() || found.starts_with('#') {
            return Ok(words);
        }
        let (raw, others) = first_word(found, position)?;
        words.push(Word::new(raw, position));
        position = position.after(raw);
        rest = others;
    }
}

/// Up to the first white space or `#` that is not between quotation marks.
fn first_word(text: &str, position: Position) -> Result<(&str, &str), ParseError> {
    let mut opened = None;
    for (index, c) in text.char_indices() {
        match (c, opened) {
            ('"', None) => opened = Some(index),
            ('"', Some(_)) => opened = None,
            (c, None) if c.is_whitespace() || c == '#' => return Ok(text.split_at(index)),
            _ => {}
        }
    }
    let Some(index) = opened else { return Ok((text, "")) };
    Err(ParseError {
        position: position.after(text.get(..index).unwrap_or_default()),
        message: "expected another '\"' on this line, found its end".to_owned(),
    })
}
