//! Free space.

#![forbid(unsafe_code)]

use super::Guest;
use crate::error::Error;
use crate::space::{Kind, Space};
use crate::value::range::{Location, Range};

/// `QSL_NO_LOCATION`: never an answer, although it is a location of memory.
const NOWHERE: Location = Location::MAX;

/// What is looked for: so much, at a multiple of an alignment, in a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) window: Range,
}

impl Wanted {
    /// Checks what a caller asked for; the window is cut to the space.
    pub(super) fn new(
        kind: Kind,
        size: u64,
        align: u64,
        min: u64,
        max: u64,
    ) -> Result<Self, Error> {
        let align = align.max(1);
        if size == 0 {
            return Err(Error::Empty);
        }
        if !align.is_power_of_two() {
            return Err(Error::BadAlignment(align));
        }
        if min > max {
            return Err(Error::Inverted(min, max));
        }
        let last = kind.last().min(Location::new(max));
        let window = Range::from_ends(Location::new(min), last);
        let window = window.ok_or(Error::NoWindow(min, kind))?;
        Ok(Self { size, align, window })
    }

    /// The lowest place in a range.
    pub(super) fn lowest_in(&self, range: &Range) -> Option<Range> {
        let range = self.window.intersection(range)?;
        let place = Range::from_length(range.first().align_up(self.align)?, self.size)?;
        (range.covers(&place) && place.first() != NOWHERE).then_some(place)
    }

    /// The highest place in a range.
    pub(super) fn highest_in(&self, range: &Range) -> Option<Range> {
        let range = self.window.intersection(range)?;
        let room = range.extent().checked_sub(self.size - 1)?;
        let highest = range.first().checked_add(room)?.min(NOWHERE.previous()?);
        let first = highest.align_down(self.align);
        let place = Range::from_length(first, self.size)?;
        range.covers(&place).then_some(place)
    }

    /// That there is no place.
    pub(super) fn not_found(&self) -> Error {
        Error::NoPlace { size: self.size, align: self.align, window: self.window }
    }
}

impl Guest {
    /// The lowest place that is absent and not reserved.
    pub(crate) fn find_free(
        &self,
        kind: u32,
        size: u64,
        align: u64,
        min: u64,
        max: u64,
    ) -> Result<Location, Error> {
        let space = self.space_of(kind)?;
        let wanted = Wanted::new(space.kind, size, align, min, max)?;
        if self.strict && self.has_started() && !space.lock.is_mine() {
            return Err(Error::LockNeeded(space.kind));
        }
        let place = space.map.at_once(|| space.free_place(&wanted));
        place.map(|place| place.first()).ok_or(wanted.not_found())
    }
}

impl Space {
    fn free_place(&self, wanted: &Wanted) -> Option<Range> {
        let mut rest = wanted.window;
        loop {
            let place = wanted.lowest_in(&rest)?;
            match self.obstacle(&place) {
                None => return Some(place),
                Some(obstacle) => rest = wanted.window.above(obstacle.last())?,
            }
        }
    }

    /// The first region or reservation that overlaps a place.
    fn obstacle(&self, place: &Range) -> Option<Range> {
        let region = self.map.lookup_from(place.first()).map(|region| region.range);
        let reserved = self.reserved.lock().first_from(place.first()).copied();
        [region, reserved].into_iter().flatten().find(|other| other.intersection(place).is_some())
    }
}
