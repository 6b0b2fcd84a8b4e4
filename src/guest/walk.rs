//! Walks over the guest's memory: cursors by location, which need no clean-up and see the map of
//! each moment.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::Map;
use crate::map::runs::{Extent, Run};
use crate::value::flags::Flags;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::Region;
use gasp_abi::GWS_HOST;

/// The longest entry: all of the space but its last page, which is the longest length of whole
/// pages that 64 bits can hold.
const LONGEST: u64 = u64::MAX - (PAGE - 1);

/// A walk over the runs of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Bytes that an entry has at most.
    longest: u64,
    flags: u32,
    /// Where to go on; `None`: at the end of the space.
    next: Option<Location>,
    /// The entry.
    entry: Option<Run>,
}

fn is_memory(region: &Region) -> bool {
    region.flags.has_any(Flags::MEMORY)
}

impl Walk {
    /// A walk from the start of the space. What `flags` has is checked at the first step.
    pub(crate) fn start(max_length: u64, flags: u32) -> Self {
        Self::resume(max_length, flags, Some(Location::ZERO))
    }

    /// A walk from the start of the space, with flags that are known.
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

    /// The entry.
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

    /// How many entries follow at this moment.
    pub(crate) fn count(self, map: &Map) -> Result<u32, Error> {
        let count = || core::iter::successors(self.next(map), |walk| walk.next(map)).count();
        Ok(u32::try_from(map.at_once(count)).unwrap_or(u32::MAX))
    }

    /// The walk with the start of a run as its entry.
    fn at(self, run: Run) -> Self {
        let cut = Range::from_length(run.range.first(), self.longest);
        let range = cut.and_then(|cut| cut.intersection(&run.range)).unwrap_or(run.range);
        Self { next: range.last().next(), entry: Some(Run { range, ..run }), ..self }
    }

    /// The first run, of which no more than `enough` bytes are needed.
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

/// A walk that visits what a filter lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilteredWalk {
    /// The walk; its `next` is where the next candidate is looked for.
    walk: Walk,
    /// What is left of the part that the filter let through.
    wanted: Option<Range>,
    /// What is left of the candidate, to be asked for.
    rest: Option<Range>,
}

/// Which part of a candidate is wanted; `None`: nothing more of it.
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

    /// A walk that goes on with what is left.
    pub(crate) fn resume(walk: Walk, wanted: Option<Range>, rest: Option<Range>) -> Self {
        Self { walk, wanted, rest }
    }

    /// The walk itself.
    pub(crate) fn walk(&self) -> &Walk {
        &self.walk
    }

    /// What is left: of the part that the filter let through, and of the candidate.
    pub(crate) fn left(&self) -> (Option<Range>, Option<Range>) {
        (self.wanted, self.rest)
    }

    /// Where the next candidate is looked for.
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

    /// How many entries follow.
    pub(crate) fn count(self, map: &Map, filter: &Filter<'_>) -> Result<u32, Error> {
        let step = |walk: Self| walk.next(map, filter);
        let steps = core::iter::successors(step(self), |walk| step(*walk));
        Ok(u32::try_from(steps.count()).unwrap_or(u32::MAX))
    }

    /// The entry at the start of what the filter let through, if that is still memory.
    fn enter(&self, map: &Map, wanted: Range) -> Option<Self> {
        let run = self.walk.run_from(map, wanted.first(), self.walk.longest)?;
        let range = run.range.intersection(&wanted)?;
        let walk = self.walk.at(Run { range, ..run });
        let entered = walk.entry?.range;
        let left = wanted.above(entered.last());
        Some(Self { walk: Walk { next: self.walk.next, ..walk }, wanted: left, rest: self.rest })
    }
}
