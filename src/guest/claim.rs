//! Places that are taken as they are found: by a region, or by a reservation.

#![forbid(unsafe_code)]

use super::find::{End, PlaceRequest};
use super::release::Made;
use super::request::SetOptions;
use super::state::Guest;
use crate::error::Error;
use crate::error::refusal::Refusal;
use crate::space::Space;
use crate::value::element::{self, Element};
use crate::value::range::Range;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// The region for the place. Without flags: a reservation.
    pub(crate) element: Element,
    /// The first and the last location of the window.
    pub(crate) window: [u64; 2],
    pub(crate) size: u64,
    pub(crate) align: u64,
    pub(crate) end: End,
}

impl Guest {
    /// Finds a place, and takes it before anybody else can change the space.
    pub(crate) fn claim(&self, claim: &Claim) -> Result<Range, Refusal> {
        let Claim { element, window: [min, max], size, align, end } = *claim;
        let space = self.space_of(element.kind)?;
        let request = PlaceRequest::new(space.kind, size, align, min, max)?;
        self.listeners.refuse_inside()?;
        let _held = space.hold()?;
        if element.flags == 0 {
            return Ok(space.reserve_place(&request, end)?);
        }
        let place = space.find(&request, end)?;
        let (location, last) = (place.first().get(), place.last().get());
        let element = Element { location, end: element::End::Last(last), ..element };
        let mut one = Vec::new();
        one.try_reserve_exact(1).map_err(|_| Error::NoMemory)?;
        one.push(element);
        let options = SetOptions { all_or_nothing: true, ..SetOptions::default() };
        self.set_as(Ok(Made { elements: one, name: "change" }), options).result?;
        Ok(place)
    }

    /// The first place, from this end, that is absent and not reserved.
    pub(crate) fn find(
        &self,
        kind: u32,
        [size, align]: [u64; 2],
        [min, max]: [u64; 2],
        end: End,
    ) -> Result<Range, Error> {
        let space = self.space_of(kind)?;
        space.find(&PlaceRequest::new(space.kind, size, align, min, max)?, end)
    }

    /// Gives back a reserved range.
    pub(crate) fn unreserve(&self, kind: u32, location: u64, length: u64) -> Result<(), Error> {
        let space = self.space_of(kind)?;
        let range = space.kind.range(location, length)?;
        space.reserved.lock().give_back(range)
    }
}

impl Space {
    /// Reservations are made without the lock of the space, so the place can be gone when it is to be
    /// reserved.
    fn reserve_place(&self, request: &PlaceRequest, end: End) -> Result<Range, Error> {
        loop {
            let place = self.find(request, end)?;
            let reserved = self.reserved.lock().reserve(place);
            match reserved {
                Ok(()) => return Ok(place),
                Err(Error::Reserved(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
