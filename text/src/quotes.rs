//! Quotation marks and the escapes between them.

use super::readings::{ESCAPED, JOINED_LINES, LINE_END_IN_QUOTES};

/// Whether the characters of a text are between quotation marks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quotes {
    quoted: bool,
    /// The last character was the `\` of an escape.
    escape: bool,
}

impl Quotes {
    /// Goes past a character. The result is whether the character has the meaning that it has
    /// outside of quotation marks.
    pub(super) fn pass(&mut self, c: char) -> bool {
        let was_quoted = self.quoted;
        if self.escape {
            self.escape = c == '\r';
        } else if c == '"' {
            self.quoted = !was_quoted;
        } else {
            self.escape = was_quoted && c == '\\';
        }
        !was_quoted && c != '"'
    }

    /// Whether the next character is between quotation marks.
    pub(super) fn is_quoted(self) -> bool {
        self.quoted
    }

    /// A text without its quotation marks and escapes.
    pub(super) fn text(mut self, raw: &str) -> String {
        let mut text = String::with_capacity(raw.len());
        for c in raw.chars() {
            let was = self;
            self.pass(c);
            match c {
                '\r' if was.escape => {}
                '\n' if was.escape => {
                    text.pop();
                    text += JOINED_LINES;
                }
                _ if was.escape && ESCAPED.contains(&c) => {
                    text.pop();
                    text.push(c);
                }
                '"' => {}
                '\n' if was.quoted => text += LINE_END_IN_QUOTES,
                _ => text.push(c),
            }
        }
        text
    }

    /// A text as it has to be written here to stand for itself.
    pub(super) fn write(self, text: &str) -> String {
        let mut raw = String::with_capacity(text.len());
        for c in text.chars() {
            match (c, self.quoted) {
                ('"' | '\\', true) => raw.extend(['\\', c]),
                ('"' | '\\', false) => raw.extend(['"', '\\', c, '"']),
                _ => raw.push(c),
            }
        }
        raw
    }
}
