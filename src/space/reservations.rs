//! Reservations: ranges that searches leave out.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::range::{Location, Range};

/// Reserved ranges: ascending, disjoint.
#[derive(Debug, Default)]
pub(crate) struct Reservations {
    ranges: Vec<Range>,
}

impl Reservations {
    /// The first reservation that ends at a location or after it.
    pub(crate) fn first_from(&self, location: Location) -> Option<&Range> {
        self.ranges.get(self.ranges.partition_point(|range| range.last() < location))
    }

    /// Reserves a range.
    pub(crate) fn reserve(&mut self, range: Range) -> Result<(), Error> {
        let place = self.ranges.partition_point(|other| other.last() < range.first());
        match self.ranges.get(place) {
            Some(other) if other.intersection(&range).is_some() => Err(Error::Reserved(*other)),
            _ => {
                self.ranges.try_reserve(1).map_err(|_| Error::NoMemory)?;
                self.ranges.insert(place, range);
                Ok(())
            }
        }
    }
}
