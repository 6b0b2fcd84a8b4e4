//! A failed call: the reason, and the element of a set call that was refused.

#![forbid(unsafe_code)]

use super::Error;
use crate::value::flags::Names;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use core::fmt;

/// An element of a set call as C gave it, for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its index in the array.
    pub(crate) index: u32,
    /// The number of elements in the array.
    pub(crate) count: u32,
    /// `guest.type`
    pub(crate) kind: u16,
    /// `guest.location`
    pub(crate) location: u64,
    /// `guest.length`
    pub(crate) length: u32,
    /// `flags`
    pub(crate) flags: u32,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rgn[{}] of {}, ", self.index, self.count)?;
        match SpaceKind::from_type(self.kind.into()) {
            Some(kind) => write!(f, "{kind} ")?,
            None => write!(f, "type {:#x} ", self.kind)?,
        }
        match Range::from_length(Location::new(self.location), self.length.into()) {
            Some(range) => write!(f, "{range}")?,
            None => write!(f, "{:#x}, length {:#x}", self.location, self.length)?,
        }
        write!(f, ", flags {}", Names(self.flags))
    }
}

/// A failed call: the error, and the refused element of a set call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The refused element; `None` if the call failed as a whole.
    pub(crate) element: Option<Element>,
    /// The reason.
    pub(crate) error: Error,
}

impl Refusal {
    /// The index that a set call returns.
    pub(crate) fn index(&self) -> u32 {
        self.element.map_or(0, |element| element.index)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { element: None, error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(element) = &self.element {
            write!(f, "{element}: ")?;
        }
        write!(f, "{}", self.error)
    }
}
