//! A script as Rust has it.

#![forbid(unsafe_code)]

use crate::config::Position;
use crate::gasp::{AccessKind, Space};
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
    pub(crate) kind: AccessKind,
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
