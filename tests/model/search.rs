//! Section 6 of the specification, searching: `gasp_find_free_range`, `gram_find_free_range` and the
//! two kinds of reservations.
//!
//! A search tries every place that could be the answer. The lowest place that fits either begins
//! at the first multiple of `align` in the bounds, or it cannot move down because something ends
//! there: so its start is one of the ends of regions, holes and reservations, rounded up. The
//! highest place mirrors that.

use super::cells::{Attributes, Extent, Run};
use super::numbers::*;
use super::query::low64;
use super::state::{Errno, Kind, Model, refuse_if};

/// The arguments of a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) size: u64,
    pub(crate) align: u64,
    /// Both inclusive.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Wish {
    fn check(&self) -> Result<(), Errno> {
        refuse_if(self.size == 0 || self.first > self.last, EINVAL)?;
        refuse_if(self.align != 0 && !self.align.is_power_of_two(), EINVAL)
    }

    fn align(&self) -> u128 {
        u128::from(self.align.max(1))
    }

    /// The bounds, clipped to the space. They may be empty.
    fn bounds(&self, end: u128) -> Extent {
        Extent::new(self.first.into(), end.min(u128::from(self.last) + 1))
    }

    /// The place that starts at a location, if that may be an answer at all.
    fn place(&self, start: u128, bounds: Extent) -> Option<Extent> {
        let place = Extent::new(start, start + u128::from(self.size));
        (place.inside(bounds) && start != u128::from(NO_LOCATION)).then_some(place)
    }

    /// The lowest place with a property, where places change their property only at `points`.
    pub(crate) fn lowest(
        &self,
        end: u128,
        points: &[u128],
        fits: impl Fn(Extent) -> bool,
    ) -> Option<Extent> {
        let bounds = self.bounds(end);
        points
            .iter()
            .chain([&bounds.start])
            .filter_map(|point| self.place(point.next_multiple_of(self.align()), bounds))
            .filter(|&place| fits(place))
            .min_by_key(|place| place.start)
    }

    /// The highest place with a property, where places change their property only at `points`.
    pub(crate) fn highest(
        &self,
        end: u128,
        points: &[u128],
        fits: impl Fn(Extent) -> bool,
    ) -> Option<Extent> {
        let bounds = self.bounds(end);
        let size = u128::from(self.size);
        let before_no_location = u128::from(NO_LOCATION) - 1 + size;
        points
            .iter()
            .chain([&bounds.end, &before_no_location])
            .filter_map(|point| point.checked_sub(size))
            .filter_map(|start| self.place(start - start % self.align(), bounds))
            .filter(|&place| fits(place))
            .max_by_key(|place| place.start)
    }
}

/// All ends of regions and reservations.
fn points(runs: &[Run], reserved: &[Extent]) -> Vec<u128> {
    ends(runs.iter().map(|run| run.extent).chain(reserved.iter().copied()))
}

pub(crate) fn ends(extents: impl Iterator<Item = Extent>) -> Vec<u128> {
    extents.flat_map(|extent| [extent.start, extent.end]).collect()
}

pub(crate) fn apart(place: Extent, others: &[Extent]) -> bool {
    others.iter().all(|other| !other.overlaps(place))
}

/// The regions that have a location in a place.
fn regions_in(place: Extent, runs: &[Run]) -> impl Iterator<Item = &Run> {
    let first = runs.partition_point(|run| run.extent.end <= place.start);
    runs[first..].iter().take_while(move |run| run.extent.start < place.end)
}

/// How many locations of a place are in regions with a property.
fn covered(place: Extent, runs: &[Run], wanted: impl Fn(&Attributes) -> bool) -> u128 {
    regions_in(place, runs)
        .filter(|run| wanted(&run.first))
        .map(|run| run.extent.end.min(place.end) - run.extent.start.max(place.start))
        .sum()
}

pub(super) fn is_memory(attributes: &Attributes) -> bool {
    attributes.flags & MEMORY != 0
}

/// 6.4.2, 6.4.3: RAM has `PASS_WR` in its flags or saved rights; hints without RAM or ROM mean RAM.
fn hinted(attributes: &Attributes, hints: u32) -> bool {
    let ram = (attributes.flags | attributes.saved) & PASS_WR != 0;
    let want_rom = hints & HINT_ROM != 0;
    let want_ram = hints & HINT_RAM != 0 || !want_rom;
    is_memory(attributes) && if ram { want_ram } else { want_rom }
}

impl Model {
    /// 6.1.2: the lowest multiple of `align` that starts an absent range without host reservations.
    pub(crate) fn find_free(&self, qst: u32, wish: &Wish) -> Result<u64, Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        wish.check()?;
        refuse_if(self.lacks_lock(kind), EPERM)?;
        self.find_place(kind, wish, false).map(|place| low64(place.start))
    }

    /// The lowest or the highest place.
    pub(super) fn find_place(&self, kind: Kind, wish: &Wish, top: bool) -> Result<Extent, Errno> {
        wish.check()?;
        let (space, runs) = (self.space(kind), self.runs(kind));
        let free =
            |place| regions_in(place, runs).next().is_none() && apart(place, &space.reserved);
        let (end, points) = (space.cells.end(), points(runs, &space.reserved));
        let found =
            if top { wish.highest(end, &points, free) } else { wish.lowest(end, &points, free) };
        found.ok_or(ENOSPC)
    }

    /// 7.5: only makes `find_free` leave out a range.
    pub(crate) fn reserve(&mut self, qst: u32, location: u64, length: u64) -> Result<(), Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        let space = self.space_mut(kind);
        let range = space.range(location, length)?;
        refuse_if(!apart(range, &space.reserved), EEXIST)?;
        space.reserved.push(range);
        Ok(())
    }

    /// 6.4.4 and 6.4.5: the lowest or the highest fit, which is then reserved.
    pub(crate) fn gram_find(&mut self, wish: &Wish, hints: u32) -> Result<u64, Errno> {
        wish.check()?;
        refuse_if(hints & !(HINT_RAM | HINT_ROM | HINT_ALIGN_TOP) != 0, EINVAL)?;
        refuse_if(self.strict && self.started, EPERM)?;
        let runs = self.runs(Kind::Memory);
        let fits = |place: Extent| {
            covered(place, runs, |attributes| hinted(attributes, hints)) == place.length()
                && apart(place, &self.gram)
        };
        let points = points(runs, &self.gram);
        let found = if hints & HINT_ALIGN_TOP == 0 {
            wish.lowest(MEMORY_END, &points, fits)
        } else {
            wish.highest(MEMORY_END, &points, fits)
        };
        let place = found.ok_or(ENOSPC)?;
        self.gram.push(place);
        Ok(low64(place.start))
    }

    /// 6.4, the table of failures.
    pub(crate) fn gram_reserve(&mut self, location: u64, size: u64) -> Result<(), Errno> {
        let place = self.memory.range(location, size)?;
        refuse_if(self.strict && self.started, EPERM)?;
        let memory = covered(place, self.runs(Kind::Memory), is_memory);
        refuse_if(memory != place.length(), ENXIO)?;
        refuse_if(!apart(place, &self.gram), EEXIST)?;
        self.gram.push(place);
        Ok(())
    }
}
