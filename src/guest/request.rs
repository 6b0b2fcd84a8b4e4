//! The input and the outcome of a set call.

#![forbid(unsafe_code)]

use crate::error::refusal::Refusal;
use crate::value::element::Element;
use gasp_abi::gasp_cost;

/// The array of a set call. It is read one element at a time and not past a refused element, so a
/// count that is too large is harmless after one.
pub(crate) trait Elements {
    /// The number of elements, at least 1.
    fn count(&self) -> u32;
    /// The element at an index below the number.
    fn get(&self, index: u32) -> Element;
    /// The name of the array, for messages.
    fn name(&self) -> &'static str;
}

/// Options of a set call that QNX's functions do not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SetOptions {
    /// All elements take effect or none, and edges are checked in the resulting state.
    pub(crate) all_or_nothing: bool,
    /// Nothing takes effect.
    pub(crate) dry_run: bool,
    /// What is PRECIOUS is not protected.
    pub(crate) overrides: bool,
    /// Elements that do not delete find nothing where they are.
    pub(crate) only_absent: bool,
    /// The rules of strict mode for ranges of elements do not apply.
    pub(crate) any_ranges: bool,
    /// Listeners estimate the cost.
    pub(crate) wants_cost: bool,
}

/// The outcome of a set call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Success, or the failure.
    pub(crate) result: Result<(), Refusal>,
    /// The cost of the change for the listeners.
    pub(crate) cost: gasp_cost,
}
