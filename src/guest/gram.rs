//! Searches for places in the guest's RAM and ROM.

#![forbid(unsafe_code)]

use super::find::PlaceRequest;
use super::state::Guest;
use crate::error::Error;
use crate::map::Snapshot;
use crate::map::runs::{Extent, Run};
use crate::space::Reservations;
use crate::value::flags::Flags;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use gasp_abi::{GRAM_HINT_ALIGN_TOP, GRAM_HINT_RAM, GRAM_HINT_ROM};

/// The kinds of memory to search, and the end to start from.
#[derive(Debug, Clone, Copy)]
struct Hints {
    ram: bool,
    rom: bool,
    highest: bool,
}

impl Hints {
    fn new(bits: u32) -> Result<Self, Error> {
        let unknown = bits & !(GRAM_HINT_RAM | GRAM_HINT_ROM | GRAM_HINT_ALIGN_TOP);
        if unknown != 0 {
            return Err(Error::Unknown { what: "GRAM_HINT flags", bits: unknown });
        }
        let rom = bits & GRAM_HINT_ROM != 0;
        let ram = bits & GRAM_HINT_RAM != 0 || !rom;
        Ok(Self { ram, rom, highest: bits & GRAM_HINT_ALIGN_TOP != 0 })
    }

    fn admit(self, region: &Region) -> bool {
        let kind = if region.flags.is_writable_memory() { self.ram } else { self.rom };
        region.flags.has_any(Flags::MEMORY) && kind
    }
}

impl Guest {
    /// Finds a place in RAM or ROM and reserves it.
    pub(crate) fn gram_find(
        &self,
        size: u64,
        align: u64,
        hints: u32,
        min: u64,
        max: u64,
    ) -> Result<Location, Error> {
        let request = PlaceRequest::new(SpaceKind::Memory, size, align, min, max)?;
        let hints = Hints::new(hints)?;
        self.startup_only()?;
        let mut given = self.gram.lock();
        let find = |map: &Snapshot<'_>| gram_place(map, &request, hints, &given);
        let place = self.memory.map.snapshot(find).ok_or(request.not_found())?;
        given.reserve(place)?;
        Ok(place.first())
    }

    /// Reserves a place in RAM or ROM.
    pub(crate) fn gram_reserve(&self, location: u64, size: u64) -> Result<(), Error> {
        let range = SpaceKind::Memory.range(location, size)?;
        self.startup_only()?;
        let is_memory = |region: &Region| region.flags.has_any(Flags::MEMORY);
        let first = range.first();
        let find = |map: &Snapshot<'_>| Run::first_from(map, first, is_memory, Extent::WHOLE);
        let run = self.memory.map.snapshot(find);
        match run.map(|run| run.range).filter(|run| run.contains(range.first())) {
            None => Err(Error::NotMemory(range.first())),
            Some(run) if !run.covers(&range) => {
                Err(Error::NotMemory(run.last().next().unwrap_or(run.last())))
            }
            Some(_) => self.gram.lock().reserve(range),
        }
    }
}

impl Guest {
    /// Gives back a range that gram has reserved.
    pub(crate) fn gram_unreserve(&self, location: u64, size: u64) -> Result<(), Error> {
        let range = SpaceKind::Memory.range(location, size)?;
        self.gram.lock().give_back(range)
    }
}

/// The place in all runs, between earlier reservations.
fn gram_place(
    map: &Snapshot<'_>,
    request: &PlaceRequest,
    hints: Hints,
    given: &Reservations,
) -> Option<Range> {
    let mut from = Some(request.window.first());
    let mut highest = None;
    while let Some(run) = from
        .and_then(|from| Run::first_from(map, from, |region| hints.admit(region), Extent::WHOLE))
    {
        if run.range.first() > request.window.last() {
            break;
        }
        match gram_place_in(&run.range, request, hints, given) {
            Some(place) if !hints.highest => return Some(place),
            place => highest = place.or(highest),
        }
        from = run.range.last().next();
    }
    highest
}

/// The place in one run, between earlier reservations.
fn gram_place_in(
    run: &Range,
    request: &PlaceRequest,
    hints: Hints,
    given: &Reservations,
) -> Option<Range> {
    let mut rest = Some(*run);
    let mut highest = None;
    while let Some(now) = rest {
        let taken = given.first_from(now.first()).filter(|taken| taken.first() <= now.last());
        let free = taken.map_or(Some(now), |taken| now.below(taken.first()));
        if hints.highest {
            highest = free.and_then(|free| request.highest_in(&free)).or(highest);
        } else if let Some(place) = free.and_then(|free| request.lowest_in(&free)) {
            return Some(place);
        }
        rest = taken.and_then(|taken| now.above(taken.last()));
    }
    highest
}
