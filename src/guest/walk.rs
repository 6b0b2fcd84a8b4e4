//! Walks over the guest's memory. A walk is a cursor, a location: it needs no clean-up, and each
//! step sees the map of its moment.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::Map;
use crate::map::runs::{Extent, Run};
use crate::value::flags::Flags;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::Region;
use gasp_abi::GWS_HOST;

/// The length of the longest entry: the most whole pages that 64 bits can hold.
const LONGEST: u64 = u64::MAX - (PAGE - 1);

/// A walk over the runs of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The maximum length of an entry.
    longest: u64,
    flags: u32,
    /// The location to search from; `None`: the end of the space is reached.
    next: Option<Location>,
    /// The current entry.
    entry: Option<Run>,
}

fn is_memory(region: &Region) -> bool {
    region.flags.has_any(Flags::MEMORY)
}

impl Walk {
    /// A walk from the start of the space. Unknown flags end it at the first step.
    pub(crate) fn start(max_length: u64, flags: u32) -> Self {
        Self::resume(max_length, flags, Some(Location::ZERO))
    }

    /// A walk from the start of the space. Unknown flags are refused.
    pub(crate) fn checked(max_length: u64, flags: u32) -> Result<Self, Error> {
        match flags & !GWS_HOST {
            0 => Ok(Self::start(max_length, flags)),
            unknown => Err(Error::Unknown { what: "GWS flags", bits: unknown }),
        }
    }

    /// A walk that goes on at a location.
    pub(crate) fn resume(max_length: u64, flags: u32, next: Option<Location>) -> Self {
        let longest = if max_length == 0 { LONGEST } else { max_length.min(LONGEST) };
        Self { longest, flags, next, entry: None }
    }

    /// The current entry.
    pub(crate) fn entry(&self) -> Option<&Run> {
        self.entry.as_ref()
    }

    /// `GWS_*`
    pub(crate) fn flags(&self) -> u32 {
        self.flags
    }

    /// The walk at its next entry.
    pub(crate) fn next(self, map: &Map) -> Option<Self> {
        let run = self.run_from(map, self.next?, self.longest)?;
        Some(self.at(run))
    }

    /// The number of entries that follow, in one state of the map.
    pub(crate) fn count(self, map: &Map) -> Result<u32, Error> {
        let count = || core::iter::successors(self.next(map), |walk| walk.next(map)).count();
        Ok(u32::try_from(map.snapshot(count)).unwrap_or(u32::MAX))
    }

    /// The walk with the start of a run as its entry.
    fn at(self, run: Run) -> Self {
        let cut = Range::from_length(run.range.first(), self.longest);
        let range = cut.and_then(|cut| cut.intersection(&run.range)).unwrap_or(run.range);
        Self { next: range.last().next(), entry: Some(Run { range, ..run }), ..self }
    }

    /// The first run from a location on. After `enough` bytes its end may be cut.
    fn run_from(&self, map: &Map, from: Location, enough: u64) -> Option<Run> {
        let with_host = self.flags & GWS_HOST != 0;
        if self.flags & !GWS_HOST != 0 {
            return None;
        }
        let extent = Extent { enough, contiguous: with_host };
        let run = Run::first_from(map, from, is_memory, extent)?;
        Some(Run { host: if with_host { run.host } else { 0 }, ..run })
    }
}

/// A walk that visits the parts of memory that a filter chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilteredWalk {
    /// The walk without the filter. Its `next` is where the search for the next candidate starts.
    walk: Walk,
    /// The rest of the part that the filter chose.
    wanted: Option<Range>,
    /// The rest of the candidate, which the filter has not seen.
    rest: Option<Range>,
}

/// A filter: returns the first wanted part of a candidate. `None`: nothing more of it is wanted.
pub(crate) type Filter<'f> = dyn Fn(Range) -> Option<Range> + 'f;

impl FilteredWalk {
    /// As [`Walk::start`].
    pub(crate) fn start(max_length: u64, flags: u32) -> Self {
        Self::resume(Walk::start(max_length, flags), None, None)
    }

    /// As [`Walk::checked`].
    pub(crate) fn checked(max_length: u64, flags: u32) -> Result<Self, Error> {
        Ok(Self::resume(Walk::checked(max_length, flags)?, None, None))
    }

    /// A walk that goes on with the rest of a wanted part, then of a candidate.
    pub(crate) fn resume(walk: Walk, wanted: Option<Range>, rest: Option<Range>) -> Self {
        Self { walk, wanted, rest }
    }

    /// The walk without the filter.
    pub(crate) fn walk(&self) -> &Walk {
        &self.walk
    }

    /// The rest of the part that the filter chose, and the rest of the candidate.
    pub(crate) fn left(&self) -> (Option<Range>, Option<Range>) {
        (self.wanted, self.rest)
    }

    /// The location where the search for the next candidate starts.
    pub(crate) fn cursor(&self) -> Option<Location> {
        self.walk.next
    }

    /// The walk at its next entry.
    pub(crate) fn next(mut self, map: &Map, filter: &Filter<'_>) -> Option<Self> {
        loop {
            if let Some(wanted) = self.wanted.take() {
                if let Some(found) = self.enter(map, wanted) {
                    return Some(found);
                }
            } else if let Some(candidate) = self.rest.take() {
                self.wanted = filter(candidate).and_then(|part| candidate.intersection(&part));
                self.rest = self.wanted.and_then(|wanted| candidate.above(wanted.last()));
            } else {
                let run = self.walk.run_from(map, self.walk.next?, u64::MAX)?;
                self.walk.next = run.range.last().next();
                self.rest = Some(run.range);
            }
        }
    }

    /// The number of entries that follow. Each step sees the map of its moment.
    pub(crate) fn count(self, map: &Map, filter: &Filter<'_>) -> Result<u32, Error> {
        let step = |walk: Self| walk.next(map, filter);
        let steps = core::iter::successors(step(self), |walk| step(*walk));
        Ok(u32::try_from(steps.count()).unwrap_or(u32::MAX))
    }

    /// The walk with its entry at the start of a wanted part, if that is still memory.
    fn enter(&self, map: &Map, wanted: Range) -> Option<Self> {
        let run = self.walk.run_from(map, wanted.first(), self.walk.longest)?;
        let range = run.range.intersection(&wanted)?;
        let walk = self.walk.at(Run { range, ..run });
        let entered = walk.entry?.range;
        let left = wanted.above(entered.last());
        Some(Self { walk: Walk { next: self.walk.next, ..walk }, wanted: left, rest: self.rest })
    }
}
