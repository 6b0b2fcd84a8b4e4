//! A parsed script.

#![forbid(unsafe_code)]

use gasp_safe::{AccessKind, Space};
use gasp_text::Position;
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
        /// The position of the statement.
        position: Position,
        /// The vector.
        vector: u8,
        /// The longest time to wait.
        within: Duration,
    },
}

/// An access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// The position of the statement.
    pub(crate) position: Position,
    pub(crate) kind: AccessKind,
    pub(crate) space: Space,
    /// The location in the first round of a loop.
    pub(crate) location: u64,
    /// 1, 2, 4 or 8.
    pub(crate) size: usize,
    /// The value to write, or the value that a read has to return.
    pub(crate) value: Option<u64>,
}

/// A loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The number of rounds.
    pub(crate) times: u64,
    /// The distance between the locations of two rounds.
    pub(crate) stride: u64,
    /// The steps of a round.
    pub(crate) steps: Vec<Step>,
}
