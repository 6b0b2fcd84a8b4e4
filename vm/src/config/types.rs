//! A configuration as Rust has it, and where things stand in a file.

#![forbid(unsafe_code)]

use std::fmt;

/// Where something stands in a file; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The line.
    pub(crate) line: u32,
    /// The column.
    pub(crate) column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A refusal: where, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub(crate) struct ParseError {
    /// Where.
    pub(crate) position: Position,
    /// What was expected there, and what was found.
    pub(crate) message: String,
}

/// A configuration. What makes the guest's spaces stays in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `system`: the guest's name.
    pub(crate) name: Option<String>,
    /// `unsupported reference`.
    pub(crate) unsupported: Option<Policy>,
    /// How many `cpu` there are.
    pub(crate) cpus: u32,
    /// How all of them start.
    pub(crate) start: Start,
    /// Everything else, in order.
    pub(crate) statements: Vec<Statement>,
}

/// A statement that makes or fills a part of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// `ram` and `rom`.
    Memory(MemoryConfig),
    /// `reserve loc`.
    Reserve(Range),
    /// `pass loc`.
    Pass(PassConfig),
    /// `load`.
    Load(LoadConfig),
    /// `vdev`.
    Vdev(VdevConfig),
}

/// `ram [start,]length` and `rom [start,]length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryConfig {
    /// Of the statement's argument.
    pub(crate) position: Position,
    /// Whether the guest can write it.
    pub(crate) writable: bool,
    /// Not given: right after the highest memory so far.
    pub(crate) start: Option<u64>,
    /// In bytes, not 0.
    pub(crate) length: u64,
}

/// A location with a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `mem:` or no prefix: a guest-physical address.
    Memory(u64),
    /// `io:`: an x86 port.
    Ports(u64),
}

/// Locations in a row, with where they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// Of the place.
    pub(crate) position: Position,
    /// The first.
    pub(crate) place: Place,
    /// How many, not 0; the last one is in the space.
    pub(crate) length: u64,
}

/// `pass loc PLACE,LENGTH,ATTRIBUTES[=HOST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassConfig {
    /// What passes.
    pub(crate) range: Range,
    /// How.
    pub(crate) attributes: Attributes,
    /// What is behind it.
    pub(crate) host: Host,
}

/// What a `pass` leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// Nothing was said.
    Unsaid,
    /// `=ADDRESS`: host-physical memory.
    Physical(u64),
    /// `=file:PATH[@OFFSET]`: a part of a file or of a device's memory.
    File(String, u64),
}

/// The letters of a `pass`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attributes(u16);

impl Attributes {
    /// Every letter, in the order of their bits.
    pub(crate) const LETTERS: &str = "rwxcmdnst";

    fn bit(letter: char) -> Option<u16> {
        let index = Self::LETTERS.find(letter)?;
        1_u16.checked_shl(u32::try_from(index).ok()?)
    }

    /// Adds or removes a letter; false if there is no such letter.
    pub(super) fn set(&mut self, letter: char, add: bool) -> bool {
        let Some(bit) = Self::bit(letter) else { return false };
        self.0 = if add { self.0 | bit } else { self.0 & !bit };
        true
    }

    /// Whether a letter was given.
    pub(crate) fn has(self, letter: char) -> bool {
        Self::bit(letter).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// `load ADDRESS,FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadConfig {
    /// Of the address.
    pub(crate) position: Position,
    /// Where the first byte goes.
    pub(crate) address: u64,
    /// As written.
    pub(crate) file: String,
}

/// `unsupported reference`: what accesses to nothing do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Reads give all ones, writes are dropped.
    Ignore,
    /// An exception in the guest.
    Fail,
    /// The guest ends with exit code 5.
    Abort,
}

/// The state in which the vCPUs start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// As after a reset: the first instruction is 16 bytes below 4 GiB.
    #[default]
    Reset,
    /// Real mode at SEGMENT:OFFSET.
    Real(u16, u16),
    /// 64-bit mode with every address mapped to itself.
    Long {
        /// The first instruction.
        entry: u64,
        /// Where the page tables go.
        tables: u64,
    },
}

/// `vdev NAME` with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VdevConfig {
    /// NAME.
    pub(crate) name: String,
    /// Of the name.
    pub(crate) position: Position,
    /// In the order of the file; `loc` and `intr` are among them.
    pub(crate) options: Vec<VdevOption>,
}

/// An option of a vdev.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VdevOption {
    /// Its name.
    pub(crate) name: String,
    /// Its argument, if it is one that takes one.
    pub(crate) value: Option<String>,
    /// Of the argument; of the name, if there is none.
    pub(crate) position: Position,
}

/// The options that a vdev knows: the name, and whether it takes an argument.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OptionList(pub(crate) Vec<(String, bool)>);
