//! What a set call is given, and what it answers.

#![forbid(unsafe_code)]

use crate::error::Refusal;
use gasp_abi::{gasp_cost, gasp_region};

/// The array of a set call. It is read element by element and not past one that is refused, so
/// that a wrong count does no harm where that can be avoided.
pub(crate) trait Elements {
    /// How many there are, at least one.
    fn count(&self) -> u32;
    /// One of them.
    fn get(&self, index: u32) -> gasp_region;
}

/// What a set call does beyond QNX's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SetOptions {
    /// All elements take effect or none, and edges are judged by the result.
    pub(crate) all_or_nothing: bool,
    /// Nothing takes effect.
    pub(crate) dry_run: bool,
    /// The listeners are asked for the cost.
    pub(crate) wants_cost: bool,
}

/// How a set call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Which element was refused, if one was.
    pub(crate) result: Result<(), Refusal>,
    /// What the change costs the listeners.
    pub(crate) cost: gasp_cost,
}
