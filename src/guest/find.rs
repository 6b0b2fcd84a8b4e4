//! Searches for free space.

#![forbid(unsafe_code)]

use super::state::Guest;
use crate::error::Error;
use crate::map::Snapshot;
use crate::space::Space;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};

/// `QSL_NO_LOCATION`. It is a location of memory, but never the result of a search.
const NOWHERE: Location = Location::MAX;

/// A search for a place of some size and alignment inside a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceRequest {
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) window: Range,
}

impl PlaceRequest {
    /// Checks the arguments of a search, and cuts the window to the space.
    pub(super) fn new(
        kind: SpaceKind,
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

    /// The error of a search without a result.
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
        let request = PlaceRequest::new(space.kind, size, align, min, max)?;
        if self.strict && self.has_started() && !space.is_locked_by_caller() {
            return Err(Error::LockNeeded(space.kind));
        }
        Ok(space.find(&request, End::Bottom)?.first())
    }
}

/// The end of the window from which a search starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Bottom,
    Top,
}

impl Space {
    /// The first place, from this end, that is absent and not reserved.
    pub(super) fn find(&self, request: &PlaceRequest, end: End) -> Result<Range, Error> {
        let place = self.map.snapshot(|map| match end {
            End::Bottom => self.lowest_place(map, request),
            End::Top => self.highest_place(map, request),
        });
        place.ok_or(request.not_found())
    }

    fn lowest_place(&self, map: &Snapshot<'_>, request: &PlaceRequest) -> Option<Range> {
        let mut rest = request.window;
        loop {
            let place = request.lowest_in(&rest)?;
            let region = map.lookup_from(place.first()).map(|region| region.range);
            let reserved = self.reserved.lock().first_from(place.first()).copied();
            match obstacle(&place, [region, reserved]) {
                None => return Some(place),
                Some(obstacle) => rest = request.window.above(obstacle.last())?,
            }
        }
    }

    fn highest_place(&self, map: &Snapshot<'_>, request: &PlaceRequest) -> Option<Range> {
        let mut rest = request.window;
        loop {
            let place = request.highest_in(&rest)?;
            let region = map.lookup_to(place.last()).map(|region| region.range);
            let reserved = self.reserved.lock().last_to(place.last()).copied();
            match obstacle(&place, [region, reserved]) {
                None => return Some(place),
                Some(obstacle) => rest = request.window.below(obstacle.first())?,
            }
        }
    }
}

/// The first of a region and a reservation that overlaps a place.
fn obstacle(place: &Range, found: [Option<Range>; 2]) -> Option<Range> {
    found.into_iter().flatten().find(|other| other.intersection(place).is_some())
}
