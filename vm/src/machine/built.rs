//! The parts of a machine beside its guest, and the text of a refusal.

#![forbid(unsafe_code)]

use crate::config::{Config, Range, Start};
use crate::mapping::Mapping;
use gasp_safe::{Error, Space};
use gasp_text::readings::RAW_IMAGE_IN_FLAT_MODE;
use gasp_text::{ParseError, Place};

/// The parts of a machine that have to outlive its guest, and notes for the user.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The memory of `pass` statements.
    pub(super) mappings: Vec<Mapping>,
    /// Reserved ranges, for printing the map: space, first and last location.
    pub(crate) reserved: Vec<(Space, u64, u64)>,
    /// `ram`, first and last address.
    pub(super) ram: Vec<(u64, u64)>,
    /// What `load` has filled, first and last address.
    pub(super) loaded: Vec<(u64, u64)>,
    /// The first byte of the image that vCPUs run, if the configuration does not say where they
    /// start.
    pub(super) entry: Option<u32>,
    /// Notes for the user.
    pub(crate) notes: Vec<ParseError>,
}

impl Built {
    /// The state in which vCPUs start.
    pub(crate) fn start(&self, config: &Config) -> Start {
        let of_image = self.entry.map(|entry| match u16::try_from(entry >> 4) {
            Ok(segment) if !RAW_IMAGE_IN_FLAT_MODE => Start::Real { segment, offset: 0 },
            _ => Start::Flat { entry },
        });
        config.start.or(of_image).unwrap_or_default()
    }
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
