//! Parses a script.

#![forbid(unsafe_code)]

use super::step::{Access, Repeat, Step};
use gasp_safe::{AccessKind, Space};
use gasp_text::{ParseError, Position, Word, c_number as number, lines};
use std::time::Duration;

const STATEMENTS: &str = "read, expect, write, fetch, fault, text, repeat, end, wait or interrupt";
const ACCESSES: &str = "read, write or fetch";
/// The time to wait for an interrupt, in milliseconds, unless the script says it.
const PATIENCE: u64 = 1000;

/// The rest of a line.
#[derive(Debug)]
struct Line<'a> {
    words: std::vec::IntoIter<Word<'a>>,
    end: Position,
}

impl<'a> Line<'a> {
    /// A line and its first word.
    fn new(words: Vec<Word<'a>>) -> Option<(Word<'a>, Self)> {
        let end = words.last()?.end();
        let mut words = words.into_iter();
        Some((words.next()?, Self { words, end }))
    }

    fn next(&mut self, what: &str) -> Result<Word<'a>, ParseError> {
        self.words.next().ok_or_else(|| ParseError {
            position: self.end,
            message: format!("expected {what}, found the end of the line"),
        })
    }

    fn finish(mut self) -> Result<(), ParseError> {
        self.words.next().map_or(Ok(()), |word| Err(word.expected("the end of the line")))
    }
}

/// Reads a script.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, ParseError> {
    // The open loops, each with the position of its `repeat`.
    let mut open: Vec<(Position, Repeat)> = Vec::new();
    let mut script = Vec::new();
    for words in lines(text)? {
        let Some((word, mut line)) = Line::new(words) else { continue };
        let step = match word.text().as_str() {
            "repeat" => {
                open.push((word.position, repeat(&mut line)?));
                None
            }
            "end" => match open.pop() {
                Some((_, repeat)) => Some(Step::Repeat(repeat)),
                None => return Err(word.expected("a 'repeat' before it")),
            },
            _ => Some(step(word, &mut line)?),
        };
        line.finish()?;
        let steps = open.last_mut().map_or(&mut script, |(_, repeat)| &mut repeat.steps);
        steps.extend(step);
    }
    match open.pop() {
        None => Ok(script),
        Some((position, _)) => {
            let message = "expected an 'end' after it, found the end of the file".to_owned();
            Err(ParseError { position, message })
        }
    }
}

fn repeat(line: &mut Line<'_>) -> Result<Repeat, ParseError> {
    let times = number(line.next("how often")?, "how often")?;
    let stride = line.words.next().map_or(Ok(0), |word| number(word, "a stride"))?;
    Ok(Repeat { times, stride, steps: Vec::new() })
}

fn step(word: Word<'_>, line: &mut Line<'_>) -> Result<Step, ParseError> {
    let position = word.position;
    Ok(match word.text().as_str() {
        "fault" => {
            let word = line.next(ACCESSES)?;
            let access = access(position, word, line)?;
            Step::Fault(access.ok_or_else(|| word.expected(ACCESSES))?)
        }
        "expect" => Step::Access(Access {
            kind: AccessKind::Read,
            ..valued(position, AccessKind::Read, line)?
        }),
        "text" => text(position, line)?,
        "wait" => Step::Wait(milliseconds(line.next("milliseconds")?)?),
        "interrupt" => interrupt(position, line)?,
        _ => match access(position, word, line)? {
            Some(access) => Step::Access(access),
            None => return Err(word.expected(STATEMENTS)),
        },
    })
}

/// An access, if the word is one.
fn access(
    position: Position,
    word: Word<'_>,
    line: &mut Line<'_>,
) -> Result<Option<Access>, ParseError> {
    Ok(Some(match word.text().as_str() {
        "read" => plain(position, AccessKind::Read, line)?,
        "fetch" => plain(position, AccessKind::Execute, line)?,
        "write" => valued(position, AccessKind::Write, line)?,
        _ => return Ok(None),
    }))
}

/// SPACE LOCATION SIZE
fn plain(position: Position, kind: AccessKind, line: &mut Line<'_>) -> Result<Access, ParseError> {
    let (space, at, location) = target(line)?;
    let word = line.next("a size")?;
    let sizes: &[u64] = if space == Space::Memory { &[1, 2, 4, 8] } else { &[1, 2, 4] };
    let size = number(word, "a size")?;
    if !sizes.contains(&size) {
        return Err(word.expected(&format!("one of the sizes {sizes:?}")));
    }
    // A size is not 0.
    if location.checked_add(size.saturating_sub(1)).is_none_or(|end| end > space.last()) {
        return Err(at.expected("a location that is in the space with its whole size"));
    }
    // One of the sizes above.
    let size = usize::try_from(size).unwrap_or(1);
    Ok(Access { position, kind, space, location, size, value: None })
}

/// SPACE LOCATION SIZE VALUE
fn valued(position: Position, kind: AccessKind, line: &mut Line<'_>) -> Result<Access, ParseError> {
    let access = plain(position, kind, line)?;
    let word = line.next("a value")?;
    let value = number(word, "a value")?;
    match value.to_le_bytes().get(access.size..) {
        Some(rest) if rest.iter().all(|&byte| byte == 0) => {
            Ok(Access { value: Some(value), ..access })
        }
        _ => Err(word.expected(&format!("a value of {} bytes", access.size))),
    }
}

/// SPACE LOCATION
fn target<'a>(line: &mut Line<'a>) -> Result<(Space, Word<'a>, u64), ParseError> {
    let word = line.next("mem or io")?;
    let space = match word.text().as_str() {
        "mem" => Space::Memory,
        "io" => Space::Ports,
        _ => return Err(word.expected("mem or io")),
    };
    let word = line.next("a location")?;
    let location = number(word, "a location")?;
    if location > space.last() {
        return Err(word.expected("a port up to 0xffff"));
    }
    Ok((space, word, location))
}

fn text(position: Position, line: &mut Line<'_>) -> Result<Step, ParseError> {
    let (space, _, location) = target(line)?;
    let word = line.next("a text")?;
    let access =
        Access { position, kind: AccessKind::Write, space, location, size: 1, value: None };
    let bytes = unescape(&word.literal()).ok_or_else(|| word.expected("\\n or \\\\ after each \\"));
    Ok(Step::Text(access, bytes?))
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'\\' => b'\\',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(bytes)
}

fn milliseconds(word: Word<'_>) -> Result<Duration, ParseError> {
    number(word, "milliseconds").map(Duration::from_millis)
}

fn interrupt(position: Position, line: &mut Line<'_>) -> Result<Step, ParseError> {
    let word = line.next("a vector")?;
    let vector = number(word, "a vector")?;
    let vector = u8::try_from(vector).map_err(|_| word.expected("a vector up to 0xff"))?;
    let within = line.words.next().map_or(Ok(Duration::from_millis(PATIENCE)), milliseconds)?;
    Ok(Step::Interrupt { position, vector, within })
}
