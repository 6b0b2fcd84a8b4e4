//! The language of qvm's configuration files, as far as gasp-vm speaks it: a parser that reads
//! no file and knows no guest.
//!
//! The first word of a statement is followed by its arguments, on the same line or on later ones.
//! Every error names its position and the expected text. `docs/gasp-vm.md` is the manual of the
//! language; it marks which parts are QNX's and which are libgasp's own.

#![forbid(unsafe_code)]

mod cursor;
mod memory;
mod parse;
mod types;

#[cfg(test)]
mod tests;

pub(crate) use parse::parse;
pub(crate) use types::{
    Attributes, Config, Host, LoadConfig, MemoryConfig, OptionList, PassConfig, Policy, Range,
    Start, Statement, VdevConfig,
};
