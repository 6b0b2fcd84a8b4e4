//! What a machine is made of beside its guest, and how a refusal reads.

#![forbid(unsafe_code)]

use crate::config::{ParseError, Place, Range};
use crate::gasp::{Error, Space};
use crate::mapping::Mapping;

/// What has to stay as long as the guest is there, and what its makers want to say.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// What `pass` made.
    pub(super) mappings: Vec<Mapping>,
    /// What is reserved, for those who print the map.
    pub(crate) reserved: Vec<Range>,
    /// What users should know.
    pub(crate) notes: Vec<ParseError>,
}

/// The space and the first location.
pub(super) fn space(place: Place) -> (Space, u64) {
    match place {
        Place::Memory(location) => (Space::Memory, location),
        Place::Ports(location) => (Space::Ports, location),
    }
}

/// A refusal by libgasp.
pub(super) fn refused(range: &Range, what: &str, error: &Error) -> ParseError {
    let message = format!("expected {what}: {}", error.message);
    ParseError { position: range.position, message }
}
