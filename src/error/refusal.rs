//! A failed call: the reason, and the element of a set call that was refused.

#![forbid(unsafe_code)]

use super::Error;
use crate::value::element::{Element, End};
use crate::value::flags::Names;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use core::fmt;

/// The element that was refused, for the message of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusedElement {
    /// The name of the array.
    array: &'static str,
    /// Its index in the array.
    pub(crate) index: u32,
    /// The number of elements in the array.
    count: u32,
    /// `QST_*`
    pub(crate) kind: u32,
    flags: u32,
    location: u64,
    end: End,
}

impl RefusedElement {
    /// The element with an index in an array of `count`.
    pub(crate) fn new(array: &'static str, index: u32, count: u32, element: &Element) -> Self {
        let Element { kind, flags, location, end, .. } = *element;
        Self { array, index, count, kind, flags, location, end }
    }
}

impl fmt::Display for RefusedElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] of {}, ", self.array, self.index, self.count)?;
        match SpaceKind::from_type(self.kind) {
            Some(kind) => write!(f, "{kind} ")?,
            None => write!(f, "type {:#x} ", self.kind)?,
        }
        let first = Location::new(self.location);
        match self.end {
            End::Length(length) => match Range::from_length(first, length.into()) {
                Some(range) => write!(f, "{range}")?,
                None => write!(f, "{:#x}, length {length:#x}", self.location)?,
            },
            End::Last(last) => write!(f, "[{:#x}, {last:#x}]", self.location)?,
        }
        write!(f, ", flags {}", Names(self.flags))
    }
}

/// A failed call: the error, and the refused element of a set call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The refused element; `None` if the call failed as a whole.
    pub(crate) element: Option<RefusedElement>,
    /// The reason.
    pub(crate) error: Error,
}

impl Refusal {
    /// The index that a set call returns.
    pub(crate) fn index(&self) -> u32 {
        self.element.map_or(0, |refused| refused.index)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { element: None, error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(refused) = &self.element {
            write!(f, "{refused}: ")?;
        }
        write!(f, "{}", self.error)
    }
}
