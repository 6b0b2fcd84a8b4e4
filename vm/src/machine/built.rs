//! The parts of a machine beside its guest, and the text of a refusal.

#![forbid(unsafe_code)]

use crate::config::Range;
use crate::mapping::Mapping;
use gasp_safe::{Error, Space};
use gasp_text::{ParseError, Place};

/// The parts of a machine that have to outlive its guest, and notes for the user.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The memory of `pass` statements.
    pub(super) mappings: Vec<Mapping>,
    /// Reserved ranges, for printing the map: space, first and last location.
    pub(crate) reserved: Vec<(Space, u64, u64)>,
    /// Notes for the user.
    pub(crate) notes: Vec<ParseError>,
}

/// The space and the location of a place.
pub(super) fn space(place: Place) -> (Space, u64) {
    match place {
        Place::Memory(location) => (Space::Memory, location),
        Place::Ports(location) => (Space::Ports, location),
    }
}

/// The error for a refusal by libgasp.
pub(super) fn refused(range: &Range, what: &str, error: &Error) -> ParseError {
    let message = format!("expected {what}: {}", error.message);
    ParseError { position: range.position, message }
}
