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

    /// The last reservation that starts at a location or before it.
    pub(crate) fn last_to(&self, location: Location) -> Option<&Range> {
        let after = self.ranges.partition_point(|range| range.first() <= location);
        self.ranges.get(after.checked_sub(1)?)
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

    /// Gives back a range, which has to be reserved, in one piece or in several.
    pub(crate) fn give_back(&mut self, range: Range) -> Result<(), Error> {
        let start = self.ranges.partition_point(|other| other.last() < range.first());
        let end = self.ranges.partition_point(|other| other.first() <= range.last());
        let mut rest = Some(range);
        for other in self.ranges.get(start..end).unwrap_or_default() {
            let Some(now) = rest.filter(|now| other.contains(now.first())) else { break };
            rest = now.above(other.last());
        }
        if let Some(rest) = rest {
            return Err(Error::NotReserved(rest.first()));
        }
        let below = self.ranges[start].below(range.first());
        let above = self.ranges[end - 1].above(range.last());
        self.ranges.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.ranges.splice(start..end, below.into_iter().chain(above));
        Ok(())
    }
}
