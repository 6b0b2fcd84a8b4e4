//! The words of the command line and of all files, in the order in which they are read.

#![forbid(unsafe_code)]

use super::cursor::Cursor;
use super::report::Report;
use super::types::OptionList;
use gasp_text::readings::{
    ASINFO_PREFIX, INCLUDE_DEPTH, INCLUDES, SUBSTITUTES_ON_COMMAND_LINE, UNKNOWN_REFERENCE_REFUSED,
};
use gasp_text::{ParseError, Place, Position, Sources, Token, Word};
use gasp_text::{address, decode, is_ambiguous, length, location, tokens};
use std::path::PathBuf;

/// What a configuration can name: files, vdevs, the environment.
pub(crate) trait Outside {
    /// Loads a vdev by its name and returns its options. The error says why it is not there.
    fn load_vdev(&mut self, name: &str) -> Result<OptionList, String>;
    /// The names of all vdevs that are there.
    fn vdevs(&self) -> Vec<String>;
    /// The bytes of a file. The error says why it cannot be read.
    fn read_file(&self, name: &str) -> Result<Vec<u8>, String>;
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The name of the command line in messages.
const COMMAND_LINE: &str = "command line";

/// The words that have not been taken yet, and what is known from those that were.
pub(super) struct Input<'a> {
    pub(super) outside: &'a mut dyn Outside,
    pub(super) sources: Sources,
    /// The command line, and the files that are being read, the innermost last.
    cursors: Vec<Cursor>,
    /// Name, start and length of the entries of the host's system page.
    pub(super) asinfo: Vec<(String, u64, u64)>,
    pub(super) first_file: Option<PathBuf>,
    /// Whether the user has been told which vdevs there are.
    pub(super) has_listed_vdevs: bool,
    pub(super) report: Report,
}

impl<'a> Input<'a> {
    /// The words of a command line; each is one word, whatever characters it has.
    pub(super) fn new(words: &[String], outside: &'a mut dyn Outside) -> Self {
        let mut sources = Sources::default();
        let mut position = sources.add(COMMAND_LINE, &words.join(" "));
        let mut all = Vec::new();
        for word in words {
            all.push(Token::verbatim(word, position));
            position = position.after(word).after(" ");
        }
        let cursor = Cursor::of_command_line(all);
        Self {
            outside,
            sources,
            cursors: vec![cursor],
            asinfo: Vec::new(),
            first_file: None,
            has_listed_vdevs: false,
            report: Report::default(),
        }
    }

    /// Takes the next word where an option can be, if there is one.
    pub(super) fn option(&mut self) -> Option<Token> {
        while let Some(cursor) = self.cursors.last_mut() {
            match cursor.next() {
                Some(token) => match self.substitute(token) {
                    Ok(token) => return Some(token),
                    Err(error) => self.report.errors.push(error),
                },
                None => drop(self.cursors.pop()),
            }
        }
        None
    }

    /// Takes the next word, which has to be in the same file; its absence is an error.
    pub(super) fn argument(&mut self, what: &str) -> Result<Token, ParseError> {
        let missing =
            ParseError { position: Position { line: 1, column: 1 }, message: what.into() };
        let cursor = self.cursors.last_mut().ok_or(missing)?;
        let token = cursor.argument(what)?;
        self.substitute(token)
    }

    /// Whether the words are those of the command line.
    pub(super) fn is_command_line(&self) -> bool {
        self.cursors.len() == 1
    }

    /// Reads a file before all that has not been taken yet. `word` is its name.
    pub(super) fn include(&mut self, word: Word<'_>) -> Result<(), ParseError> {
        let fail = |what: &str| Err(word.expected(what));
        if !self.is_command_line() && !INCLUDES {
            return fail("no file in a file");
        }
        if self.cursors.len() > INCLUDE_DEPTH {
            return fail(&format!("files that include files to a depth of {INCLUDE_DEPTH}"));
        }
        let name = word.text();
        let bytes = match self.outside.read_file(&name) {
            Ok(bytes) => bytes,
            Err(why) => return fail(&format!("a file that can be read ({why})")),
        };
        self.first_file.get_or_insert_with(|| PathBuf::from(&name));
        let start = self.sources.add(&name, &String::from_utf8_lossy(&bytes));
        let text = decode(bytes).map_err(|ParseError { position, message }| {
            let line = start.line.saturating_add(position.line).saturating_sub(1);
            ParseError { position: Position { line, ..position }, message }
        })?;
        let (all, error) = tokens(&text, start);
        self.report.errors.extend(error);
        self.cursors.push(Cursor::of_file(all, start));
        Ok(())
    }

    /// An address.
    pub(super) fn address(&mut self, word: Word<'_>) -> Result<u64, ParseError> {
        self.warn_of_digits(word.strip("mem:").unwrap_or(word));
        address(word)
    }

    /// A location in a space.
    pub(super) fn location(&mut self, word: Word<'_>) -> Result<Place, ParseError> {
        let number = ["mem:", "io:"].iter().find_map(|prefix| word.strip(prefix));
        self.warn_of_digits(number.unwrap_or(word));
        location(word)
    }

    fn warn_of_digits(&mut self, word: Word<'_>) {
        if is_ambiguous(word) {
            self.report.warn_of_digits(&word.text(), word.position);
        }
    }

    fn substitute(&self, token: Token) -> Result<Token, ParseError> {
        if self.is_command_line() && !SUBSTITUTES_ON_COMMAND_LINE {
            return Ok(token);
        }
        token.substitute(&mut |kind, name| {
            let text = match kind {
                "env" => self.outside.variable(name).ok_or_else(|| {
                    format!("expected the environment to have the variable '{name}'")
                }),
                "asinfo_start" => self.asinfo(name, |(start, _)| start),
                "asinfo_length" => self.asinfo(name, |(_, length)| length),
                _ => return None,
            };
            Some(if UNKNOWN_REFERENCE_REFUSED { text } else { Ok(text.unwrap_or_default()) })
        })
    }

    /// A number of an entry of the system page.
    fn asinfo(&self, name: &str, part: fn((u64, u64)) -> u64) -> Result<String, String> {
        let entry = self.asinfo.iter().rev().find(|(other, ..)| other == name);
        let number = entry.map(|&(_, start, length)| part((start, length)));
        number.map(|number| format!("{ASINFO_PREFIX}{number:x}")).ok_or_else(|| {
            format!(
                "expected 'gasp-asinfo {name}=START,LENGTH' before: this host has no system page"
            )
        })
    }

    /// After `gasp-asinfo`.
    pub(super) fn add_asinfo(&mut self) -> Result<(), ParseError> {
        const FORM: &str = "NAME=START,LENGTH";
        let token = self.argument(FORM)?;
        let word = token.word();
        let (name, rest) = word.split_once('=').ok_or_else(|| word.expected(FORM))?;
        let (start, size) = rest.split_once(',').ok_or_else(|| word.expected(FORM))?;
        let entry = (name.text(), self.address(start)?, length(size)?);
        self.asinfo.push(entry);
        Ok(())
    }
}
