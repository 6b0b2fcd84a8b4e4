//! Where no vCPU can run: a script of accesses does what a guest would do.
//!
//! One statement a line. `docs/gasp-vm.md` is the manual.
//!
//! ```text
//! write mem 0x1000 4 0xdeadbeef   # SPACE LOCATION SIZE VALUE
//! read io 0x3f8 1                 # prints what it reads
//! expect mem 0x1000 4 0xdeadbeef  # reads, and fails if it is something else
//! fetch mem 0x7c00 2              # as an instruction is fetched
//! fault write mem 0xf0000 1 0     # fails unless the guest would take an exception
//! text io 0x3f8 "Hello\n"         # one write for each byte
//! repeat 4 4k                     # up to `end`; each round is 4k further
//! wait 10                         # milliseconds
//! interrupt 0x20 500              # waits for one, so many milliseconds at most
//! ```

#![forbid(unsafe_code)]

mod parse;
mod run;

#[cfg(test)]
mod tests;

pub(crate) use parse::parse;
pub(crate) use run::{Script, run};

use crate::config::Position;
use crate::gasp::{Kind, Space};
use std::time::Duration;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// `read`, `expect`, `write`, `fetch`.
    Access(Access),
    /// `fault` and an access.
    Fault(Access),
    /// `text`.
    Text(Access, Vec<u8>),
    /// `repeat`.
    Repeat(Repeat),
    /// `wait`.
    Wait(Duration),
    /// `interrupt`.
    Interrupt {
        /// Of the statement.
        position: Position,
        /// Which.
        vector: u8,
        /// At most.
        within: Duration,
    },
}

/// An access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// Of the statement.
    pub(crate) position: Position,
    /// Read, write or fetch.
    pub(crate) kind: Kind,
    /// Memory or ports.
    pub(crate) space: Space,
    /// In the first round of a loop.
    pub(crate) location: u64,
    /// 1, 2, 4 or 8.
    pub(crate) size: usize,
    /// What is written, or has to be read.
    pub(crate) value: Option<u64>,
}

/// Steps, several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// How often.
    pub(crate) times: u64,
    /// How much further each round is than the one before.
    pub(crate) stride: u64,
    /// What is repeated.
    pub(crate) steps: Vec<Step>,
}
