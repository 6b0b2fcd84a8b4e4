//! The language of qvm's configuration files, as far as gasp-vm speaks it: a parser that reads
//! no file and knows no guest.
//!
//! A file is a row of words; `#` where a word could begin hides the rest of the line. A word that
//! opens a statement is followed by its arguments, on the same line or on later ones. Every
//! refusal says where it is and what was expected there. `docs/gasp-vm.md` is the manual of the
//! language, and says what is QNX's and what is libgasp's own.

#![forbid(unsafe_code)]

mod cursor;
mod memory;
mod number;
mod parse;
mod types;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use number::{number, place};
pub(crate) use parse::parse;
pub(crate) use types::{
    Attributes, Config, Host, LoadConfig, MemoryConfig, OptionList, ParseError, PassConfig, Place,
    Policy, Position, Range, Start, Statement, VdevConfig, VdevOption,
};
pub(crate) use words::{Word, decode, lines};
