//! Text to words, as configurations have them, and the texts that replace `$env{NAME}`.

use super::position::{ParseError, Position};
use super::quotes::Quotes;
use super::readings::{COMMENT_IN_QUOTES, SUBSTITUTES_IN_QUOTES};
use super::words::Word;

/// Finds the text that replaces `$KIND{NAME}`: see [`Token::substitute`].
pub type Find<'a> = &'a mut dyn FnMut(&str, &str) -> Option<Result<String, String>>;

/// A word that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    raw: String,
    position: Position,
    replaced: bool,
}

impl Token {
    /// A word that stands for a text, whatever characters the text has.
    pub fn verbatim(text: &str, position: Position) -> Self {
        Self { raw: Quotes::default().write(text), position, replaced: false }
    }

    /// The word.
    pub fn word(&self) -> Word<'_> {
        if self.replaced {
            Word::replaced(&self.raw, self.position)
        } else {
            Word::new(&self.raw, self.position)
        }
    }

    /// The word with another text for each `$KIND{NAME}`. `find` returns that text; `None`: there is
    /// no such kind, and the word keeps what it has. The new text never begins or ends a quotation.
    pub fn substitute(self, find: Find<'_>) -> Result<Self, ParseError> {
        let (mut quotes, mut raw, mut rest) = (Quotes::default(), String::new(), &*self.raw);
        let mut replaced = self.replaced;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let is_reference = c == '$' && (SUBSTITUTES_IN_QUOTES || !quotes.is_quoted());
            let found = is_reference.then(|| reference(after)).flatten();
            let text = found.and_then(|(kind, name, _)| find(kind, name));
            if let (Some((_, _, behind)), Some(text)) = (found, text) {
                let at = self.word().position;
                raw +=
                    &quotes.write(&text.map_err(|message| ParseError { position: at, message })?);
                (replaced, rest) = (true, behind);
            } else {
                quotes.pass(c);
                raw.push(c);
                rest = after;
            }
        }
        Ok(Self { raw, replaced, ..self })
    }
}

/// The kind and the name of `KIND{NAME}`, and the rest.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = text.split_once('{')?;
    let (name, rest) = rest.split_once('}')?;
    let is_kind = kind.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_kind.then_some((kind, name, rest))
}

/// All words of a text, and whether it ends inside of a quotation: then the error is where the
/// quotation begins, and the last word is incomplete. The text begins at `position`.
pub fn tokens(text: &str, mut position: Position) -> (Vec<Token>, Option<ParseError>) {
    let (mut all, mut rest) = (Vec::new(), text);
    loop {
        let found = rest.trim_start();
        position = position.after(rest.strip_suffix(found).unwrap_or_default());
        if found.is_empty() {
            return (all, None);
        }
        if found.starts_with('#') {
            let comment = found.split('\n').next().unwrap_or_default();
            position = position.after(comment);
            rest = found.strip_prefix(comment).unwrap_or_default();
            continue;
        }
        let (raw, opened) = first_token(found);
        all.push(Token { raw: raw.to_owned(), position, replaced: false });
        if let Some(index) = opened {
            let position = position.after(raw.get(..index).unwrap_or_default());
            let message = "expected another '\"' after this one, found the end of the file".into();
            return (all, Some(ParseError { position, message }));
        }
        position = position.after(raw);
        rest = found.strip_prefix(raw).unwrap_or_default();
    }
}

/// The text up to the first white space or `#` that is not between quotation marks, and the place of
/// a quotation mark without a second one.
fn first_token(text: &str) -> (&str, Option<usize>) {
    let (mut quotes, mut opened) = (Quotes::default(), None);
    for (index, c) in text.char_indices() {
        let was_quoted = quotes.is_quoted();
        let is_plain = quotes.pass(c);
        let is_end = is_plain && c.is_whitespace() || (is_plain || COMMENT_IN_QUOTES) && c == '#';
        if is_end {
            return (text.get(..index).unwrap_or_default(), None);
        }
        if quotes.is_quoted() != was_quoted {
            opened = quotes.is_quoted().then_some(index);
        }
    }
    (text, opened)
}
