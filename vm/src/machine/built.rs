//! The parts of a machine beside its guest, and the text of a refusal.

#![forbid(unsafe_code)]

use super::image::Image;
use super::places::{Places, Range};
use crate::config::{self, Config, Start};
use crate::mapping::Mapping;
use crate::tables::acpi::Part;
use gasp_safe::{Error, Space};
use gasp_text::{ParseError, Place, Position};

/// The parts of a machine that have to outlive its guest, and notes for the user.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The memory of `pass` statements.
    pub(super) mappings: Vec<Mapping>,
    /// Reserved ranges, for printing the map: space, first and last location.
    pub(crate) reserved: Vec<(Space, u64, u64)>,
    pub(super) places: Places,
    /// The image that vCPUs run, and the position of its `load`.
    pub(super) image: Option<(Position, Image)>,
    /// `initrd load`.
    pub(super) modules: Vec<Module>,
    /// `acpi load`.
    pub(super) acpi: Vec<AcpiTable>,
    /// Where vCPUs start, if the configuration does not say it.
    pub(super) start: Start,
    /// Notes for the user.
    pub(crate) notes: Vec<ParseError>,
}

impl Built {
    /// The state in which vCPUs start.
    pub(crate) fn start(&self, config: &Config) -> Start {
        config.start.unwrap_or(self.start)
    }
}

/// A file that an image gets.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) position: Position,
    pub(super) contents: Contents,
}

/// The contents of a module.
#[derive(Debug)]
pub(super) enum Contents {
    /// In the guest's memory.
    There(Range),
    /// They go where the image leaves room.
    Waits(Vec<u8>),
}

/// A table of the configuration's.
#[derive(Debug)]
pub(super) struct AcpiTable {
    pub(super) position: Position,
    pub(super) bytes: Vec<u8>,
    /// Where it is, if the configuration says it.
    pub(super) address: Option<u64>,
}

impl AcpiTable {
    /// The table for those that list it.
    pub(super) fn part(&self) -> Part<'_> {
        self.address.map_or(Part::Bytes(&self.bytes), Part::At)
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
pub(super) fn refused(range: &config::Range, what: &str, error: &Error) -> ParseError {
    let message = format!("expected {what}: {}", error.message);
    ParseError { position: range.position, message }
}
