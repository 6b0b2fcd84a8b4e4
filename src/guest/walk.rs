//! Walks over the guest's memory. A walk is a cursor, a location: it needs no clean-up, and each
//! step sees the map of its moment.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::runs::{Extent, Run};
use crate::map::{Map, Snapshot};
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

/// The highest count.
const MANY: u64 = u32::MAX as u64;

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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
        let from = self.next?;
        let run = map.snapshot(|map| self.run_from(map, from, self.longest))?;
        Some(self.at(run))
    }

    /// The number of entries that follow, in one state of the map; at most 2^32-1.
    pub(crate) fn count(&self, map: &Map) -> u32 {
        let Some(from) = self.next else { return 0 };
        let rest = Range::from_ends(from, Location::MAX);
        saturated(map.snapshot(|map| self.entries_in(map, rest)))
    }

    /// The number of entries in a range, or MANY or more if there are MANY or more.
    fn entries_in(&self, map: &Snapshot<'_>, range: Option<Range>) -> u64 {
        let (mut rest, mut count) = (range, 0);
        while let Some(now) = rest.filter(|_| count < MANY) {
            let run = self.run_from(map, now.first(), now.extent());
            let Some(part) = run.and_then(|run| run.range.intersection(&now)) else { break };
            count += (part.extent() / self.longest).min(MANY) + 1;
            rest = now.above(part.last());
        }
        count
    }

    /// The walk with the start of a run as its entry.
    fn at(self, run: Run) -> Self {
        let cut = Range::from_length(run.range.first(), self.longest);
        let range = cut.and_then(|cut| cut.intersection(&run.range)).unwrap_or(run.range);
        Self { next: range.last().next(), entry: Some(Run { range, ..run }), ..self }
    }

    /// The first run from a location on. After `enough` bytes its end may be cut.
    fn run_from(&self, map: &Snapshot<'_>, from: Location, enough: u64) -> Option<Run> {
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
            let wanted = self.next_wanted(map, filter)?;
            if let Some(found) = self.enter(map, wanted) {
                return Some(found);
            }
        }
    }

    /// Takes the rest of the part that the filter chose, or lets it choose the next one.
    fn next_wanted(&mut self, map: &Map, filter: &Filter<'_>) -> Option<Range> {
        loop {
            if let Some(wanted) = self.wanted.take() {
                return Some(wanted);
            }
            if let Some(candidate) = self.rest.take() {
                self.wanted = filter(candidate).and_then(|part| candidate.intersection(&part));
                self.rest = self.wanted.and_then(|wanted| candidate.above(wanted.last()));
            } else {
                let from = self.walk.next?;
                let run = map.snapshot(|map| self.walk.run_from(map, from, u64::MAX))?;
                self.walk.next = run.range.last().next();
                self.rest = Some(run.range);
            }
        }
    }

    /// The number of entries that follow, at most 2^32-1. Each candidate, and the entries of each
    /// part that the filter chose, are of one state of the map.
    pub(crate) fn count(mut self, map: &Map, filter: &Filter<'_>) -> u32 {
        let mut count = 0;
        while count < MANY {
            let Some(wanted) = self.next_wanted(map, filter) else { break };
            count += map.snapshot(|map| self.walk.entries_in(map, Some(wanted)));
        }
        saturated(count)
    }

    /// The walk with its entry at the start of a wanted part, if that is still memory.
    fn enter(&self, map: &Map, wanted: Range) -> Option<Self> {
        let longest = self.walk.longest;
        let run = map.snapshot(|map| self.walk.run_from(map, wanted.first(), longest))?;
        let range = run.range.intersection(&wanted)?;
        let walk = self.walk.at(Run { range, ..run });
        let entered = walk.entry?.range;
        let left = wanted.above(entered.last());
        Some(Self { walk: Walk { next: self.walk.next, ..walk }, wanted: left, rest: self.rest })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a failed step is a failed test
mod tests {
    use super::*;
    use crate::value::region::Vdev;
    use core::cell::Cell;

    /// Memory from one location to another, inclusive, all of it in the host too.
    fn memory(first: u64, last: u64, cookie: u32) -> Region {
        let range = Range::from_ends(Location::new(first), Location::new(last)).unwrap();
        let flags = Flags::RAM | Flags::BACKED;
        Region { range, flags, cookie, vdev: Vdev(0), host: first.wrapping_add(PAGE) }
    }

    fn map_of(regions: &[Region]) -> Map {
        let map = Map::new();
        let mut draft = map.draft();
        let window = draft.window(&Range::up_to(Location::MAX));
        draft.splice(&window, regions).unwrap();
        draft.commit();
        drop(draft);
        map
    }

    fn count(map: &Map, max_length: u64) -> u32 {
        Walk::start(max_length, GWS_HOST).count(map)
    }

    /// The filter wants all.
    fn count_filtered(map: &Map, max_length: u64) -> u32 {
        FilteredWalk::start(max_length, 0).count(map, &Some)
    }

    #[test]
    fn the_longest_region_has_few_long_entries_or_too_many_short_ones() {
        for first in [0, PAGE] {
            let map = map_of(&[memory(first, first + (LONGEST - 1), 1)]);
            for count in [count, count_filtered] {
                assert_eq!(count(&map, 0), 1);
                assert_eq!(count(&map, u64::MAX), 1);
                assert_eq!(count(&map, LONGEST), 1);
                assert_eq!(count(&map, LONGEST - 1), 2);
                assert_eq!(count(&map, 1 << 33), 1 << 31);
                assert_eq!(count(&map, PAGE), u32::MAX);
                assert_eq!(count(&map, 1), u32::MAX);
            }
        }
    }

    #[test]
    fn the_whole_space_is_one_page_more_than_an_entry() {
        let map = map_of(&[memory(0, 1 << 40, 1), memory((1 << 40) + 1, u64::MAX, 2)]);
        assert_eq!(count(&map, 0), 2);
        assert_eq!(count(&map, 1 << 63), 2);
        assert_eq!(count(&map, 1 << 62), 4);
        assert_eq!(count(&map, 1), u32::MAX);
    }

    /// 2^32-2 entries, 2^32-1, and more; in one run and in three.
    #[test]
    fn the_greatest_count_is_exact() {
        const MOST: u64 = u32::MAX as u64;
        for (length, entries) in [(MOST - 1, u32::MAX - 1), (MOST, u32::MAX), (MOST + 1, u32::MAX)]
        {
            let one = map_of(&[memory(5, 4 + length, 1)]);
            let three = map_of(&[
                memory(0, 0, 1),
                memory(1 << 20, (1 << 20) + length - 3, 1),
                memory(1 << 40, 1 << 40, 1),
            ]);
            for map in [one, three] {
                assert_eq!(count(&map, 1), entries);
                assert_eq!(count_filtered(&map, 1), entries);
            }
        }
    }

    /// The filter wants the first byte of what it is asked about, so it decides how many entries
    /// there are; it is not asked when the count cannot grow any more.
    #[test]
    fn a_filter_is_asked_as_in_a_walk() {
        let map = map_of(&[memory(0, 99, 1), memory(200, u64::MAX, 1)]);
        let asked = Cell::new(0);
        let first_byte = |range: Range| {
            asked.set(asked.get() + 1);
            let byte = Range::from_length(range.first(), 1);
            if range.first() < Location::new(200) { byte } else { Some(range) }
        };
        assert_eq!(FilteredWalk::start(1, 0).count(&map, &first_byte), u32::MAX);
        assert_eq!(asked.get(), 101);
        assert_eq!(FilteredWalk::start(0, 0).count(&map, &first_byte), 102);
        assert_eq!(asked.get(), 202);
    }
}
