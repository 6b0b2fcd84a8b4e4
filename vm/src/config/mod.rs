//! The language of qvm's configurations: a parser that knows no guest, and reads files and loads
//! vdevs only through [`Outside`].
//!
//! | module | purpose |
//! |---|---|
//! | `parse` | goes through the words, with their contexts |
//! | `input`, `cursor` | the words of the command line and of files |
//! | `report` | what the user is told: errors, refusals, notes |
//! | `keywords` | every word with its fate |
//! | `standard` | the options of QNX's vdevs, for vdevs that are not there |
//! | `guest` and the rest | the options, by their context |
//!
//! `docs/gasp-vm.md` is the manual of the language; it marks which parts are QNX's and which are
//! libgasp's own. What QNX's pages leave open is in [`gasp_text::readings`].

#![forbid(unsafe_code)]

mod cpu;
mod cursor;
mod guest;
mod input;
mod keywords;
mod load;
mod logging;
mod memory;
mod parse;
mod pass;
mod report;
mod standard;
mod types;
mod variables;
mod vdev;

#[cfg(test)]
mod tests;

pub(crate) use input::Outside;
pub(crate) use keywords::{Fate, Keyword};
pub(crate) use parse::{Outcome, read};
pub(crate) use types::{
    Attributes, Blob, Config, Dump, Host, ImageStart, LoadConfig, MemoryConfig, OptionList,
    PassConfig, Policy, Range, Split, Start, Statement, VdevConfig,
};
