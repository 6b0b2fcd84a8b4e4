//! Words to a configuration: the contexts, and what an unknown word is.

#![forbid(unsafe_code)]

use super::input::{Input, Outside};
use super::keywords::{self as row, Keyword, options};
use super::types::Config;
use super::vdev::{self, Device};
use super::{cpu, guest, load, memory, pass};
use gasp_text::readings::{CONTEXT_ENDS_WITH_FILE, IGNORES_CASE};
use gasp_text::{ParseError, Sources, Word, did_you_mean};

/// What was read.
pub(crate) struct Outcome {
    pub(crate) config: Config,
    /// The texts, to show errors.
    pub(crate) sources: Sources,
    /// All errors, in the order of their positions. With any, the configuration is incomplete.
    pub(crate) errors: Vec<ParseError>,
}

/// Whose options can follow. It lasts until the next word that opens one.
#[derive(Debug)]
enum Context {
    Guest,
    Cpu,
    Reserve,
    Pass,
    Vdev(Device),
}

impl Context {
    fn name(&self) -> &'static str {
        match self {
            Self::Guest => "",
            Self::Cpu => "cpu",
            Self::Reserve => "reserve",
            Self::Pass => "pass",
            Self::Vdev(_) => "vdev",
        }
    }
}

struct Parser<'a> {
    input: Input<'a>,
    config: Config,
    context: Context,
    /// Whether a word has been taken.
    has_begun: bool,
}

/// Reads a configuration: the words of a command line, and the files that they name. Vdevs are
/// loaded in the order of their `vdev`.
pub(crate) fn read(words: &[String], outside: &mut dyn Outside) -> Outcome {
    let input = Input::new(words, outside);
    let config = Config::default();
    let mut parser = Parser { input, config, context: Context::Guest, has_begun: false };
    // The line of the last error: what is not known there may belong to it.
    let mut lost = None;
    while let Some(token) = parser.input.option() {
        let word = token.word();
        let line = Some(word.position.line);
        let error = match parser.option(word) {
            Ok(true) => {
                lost = None;
                continue;
            }
            Ok(false) if lost == line || parser.is_tolerant() => continue,
            Ok(false) => parser.unknown(word),
            Err(error) => error,
        };
        parser.input.report.errors.push(error);
        lost = line;
    }
    parser.finish()
}

impl Parser<'_> {
    /// Reads an option with its arguments; false if the word is none.
    fn option(&mut self, word: Word<'_>) -> Result<bool, ParseError> {
        let mut text = word.text();
        if IGNORES_CASE {
            text.make_ascii_lowercase();
        }
        let is_first = !self.has_begun;
        let (input, config) = (&mut self.input, &mut self.config);
        let is_of_context = match &self.context {
            Context::Guest => false,
            Context::Cpu => cpu::option(input, &text, word)?,
            Context::Reserve => memory::reserve(input, config, &text, word)?,
            Context::Pass => pass::option(input, config, &text, word)?,
            Context::Vdev(device) => vdev::option(input, config, device, &text, word)?,
        };
        if is_of_context {
            return Ok(true);
        }
        if text == row::SYSTEM.word() && !is_first {
            // Taken, so that the name is not the next error.
            input.argument("the guest's name")?;
            return Err(word.expected("'system' before everything else"));
        }
        self.has_begun = true;
        if self.opens_context(&text, word)?
            || guest::option(&mut self.input, &mut self.config, &text, word)?
        {
            return Ok(true);
        }
        let is_file = self.file(&text, word)?;
        // `system` can be the first word of a file.
        self.has_begun = !(is_first && is_file);
        Ok(is_file)
    }

    /// `cpu`, `reserve`, `pass` and `vdev`, and what can be before `pass`.
    fn opens_context(&mut self, text: &str, word: Word<'_>) -> Result<bool, ParseError> {
        let Self { input, config, context, .. } = self;
        *context = match text {
            "cpu" => {
                cpu::add(input, config, word)?;
                Context::Cpu
            }
            "reserve" => opened(input, row::RESERVE, word, Context::Reserve),
            "pass" => opened(input, row::PASS, word, Context::Pass),
            "vdev" => {
                let device = vdev::add(input, config, word);
                *context = Context::Guest;
                Context::Vdev(device?)
            }
            "guest" | "initrd" | "fdt" | "acpi" | "data" => {
                if load::typed(input, config, text, word.position)? {
                    return Ok(true);
                }
                Context::Pass
            }
            _ => return Ok(false),
        };
        Ok(true)
    }

    /// `@FILE` and, on the command line, the plain name of a file.
    fn file(&mut self, text: &str, word: Word<'_>) -> Result<bool, ParseError> {
        let is_plain = self.input.is_command_line() && text.contains(['.', '/']);
        let Some(name) = word.strip("@").or_else(|| is_plain.then_some(word)) else {
            return Ok(false);
        };
        self.input.report.uses(row::FILE, word.position);
        self.input.include(name)?;
        if CONTEXT_ENDS_WITH_FILE {
            self.context = Context::Guest;
        }
        Ok(true)
    }

    /// Whether an unknown word may be the option of a vdev that is not there.
    fn is_tolerant(&self) -> bool {
        matches!(&self.context, Context::Vdev(device) if device.is_unknown)
    }

    fn unknown(&self, word: Word<'_>) -> ParseError {
        let context = self.context.name();
        let mut words: Vec<_> = options(context).collect();
        let what = match &self.context {
            Context::Guest => "an option".to_owned(),
            Context::Vdev(device) => {
                words.extend(device.options.0.iter().map(|(name, _)| name.as_str()));
                let own: Vec<_> = words.iter().copied().filter(|word| device.has(word)).collect();
                format!("an option of vdev {} ({}) or of the guest", device.name, own.join(", "))
            }
            _ => format!("an option of '{context}' or of the guest"),
        };
        let mut error = word.expected(&what);
        let text = word.text();
        error.message += &did_you_mean(&text, words);
        if self.input.is_command_line() && self.input.outside.read_file(&text).is_ok() {
            error.message += &format!("; @{text} reads the file of that name");
        }
        error
    }

    fn finish(mut self) -> Outcome {
        let errors = self.input.report.finish();
        self.config.file = self.input.first_file.take();
        self.config.notes = core::mem::take(&mut self.input.report.notes);
        self.config.used = core::mem::take(&mut self.input.report.used);
        Outcome { config: self.config, sources: self.input.sources, errors }
    }
}

fn opened(
    input: &mut Input<'_>,
    keyword: &'static Keyword,
    word: Word<'_>,
    context: Context,
) -> Context {
    input.report.uses(keyword, word.position);
    context
}
