//! The difference that a call makes: exactly the locations whose attributes differ before and
//! after.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::{Draft, Map};
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::cmp::Ordering;
use gasp_abi::{gasp_difference, gasp_span, gasp_span_list};

/// The difference in one space.
#[derive(Debug, Default)]
pub(super) struct SpaceDifference {
    removed: Vec<Region>,
    added: Vec<Region>,
}

/// The difference in both spaces, as C structures.
#[derive(Debug, Default)]
pub(super) struct Difference {
    lists: [Vec<gasp_span>; 4],
}

impl SpaceDifference {
    /// The difference that a draft makes inside the ranges.
    pub(super) fn of(map: &Map, draft: &Draft<'_>, ranges: &mut [Range]) -> Result<Self, Error> {
        ranges.sort_unstable_by_key(Range::first);
        let mut part = Self::default();
        // The last location that was compared for an earlier range.
        let mut done: Option<Location> = None;
        for range in ranges {
            let rest = done.map_or(Some(*range), |done| range.above(done));
            if let Some(rest) = rest {
                let window = draft.window(&rest);
                let after = draft.regions(&window).filter_map(|region| region.cut(&rest));
                part.compare(published(map, rest), after)?;
                done = Some(rest.last());
            }
        }
        Ok(part)
    }

    /// Whether a draft changes nothing inside a range.
    pub(super) fn is_nothing(map: &Map, draft: &Draft<'_>, range: Range) -> bool {
        let window = draft.window(&range);
        let after = draft.regions(&window).filter_map(|region| region.cut(&range));
        published(map, range).eq(after)
    }

    /// The whole map of a space, as added.
    pub(super) fn all_added(map: &Map, all: Range) -> Result<Self, Error> {
        let mut part = Self::default();
        part.compare(core::iter::empty(), published(map, all))?;
        Ok(part)
    }

    /// The opposite change.
    pub(super) fn reversed(self) -> Self {
        Self { removed: self.added, added: self.removed }
    }

    fn compare(
        &mut self,
        mut old: impl Iterator<Item = Region>,
        mut new: impl Iterator<Item = Region>,
    ) -> Result<(), Error> {
        let (mut before, mut after) = (old.next(), new.next());
        while let Some(piece) = first_piece(before.as_ref(), after.as_ref()) {
            let (removed, added) = (take(&mut before, &piece), take(&mut after, &piece));
            if removed != added {
                append(removed, &mut self.removed)?;
                append(added, &mut self.added)?;
            }
            before = before.or_else(|| old.next());
            after = after.or_else(|| new.next());
        }
        Ok(())
    }
}

/// Notifies of each region of a space as removed. This allocates no memory.
pub(super) fn each_removed(map: &Map, kind: SpaceKind, mut notify: impl FnMut(&gasp_difference)) {
    for region in published(map, kind.whole()) {
        let span = [region.to_span()];
        let removed = match kind {
            SpaceKind::Memory => [&span[..], &[], &[], &[]],
            SpaceKind::Ports => [&[], &[], &span[..], &[]],
        };
        notify(&to_c(removed));
    }
}

/// The published regions inside a range.
fn published(map: &Map, range: Range) -> impl Iterator<Item = Region> {
    let rest = move |rest: Range| map.lookup_from(rest.first())?.cut(&rest);
    core::iter::successors(rest(range), move |region| rest(range.above(region.range.last())?))
}

/// The longest range from the first location of both on, such that each region covers it or is
/// outside it.
fn first_piece(before: Option<&Region>, after: Option<&Region>) -> Option<Range> {
    let (Some(old), Some(new)) = (before, after) else {
        return before.or(after).map(|one| one.range);
    };
    let (old, new) = (old.range, new.range);
    match old.first().cmp(&new.first()) {
        Ordering::Less => old.below(new.first()),
        Ordering::Greater => new.below(old.first()),
        Ordering::Equal => old.intersection(&new),
    }
}

/// Cuts off and returns the part of a region that is in `piece`. `piece` must not start after the
/// region.
fn take(region: &mut Option<Region>, piece: &Range) -> Option<Region> {
    let whole = (*region)?;
    let taken = whole.cut(piece)?;
    *region = whole.range.above(piece.last()).and_then(|rest| whole.cut(&rest));
    Some(taken)
}

fn append(region: Option<Region>, list: &mut Vec<Region>) -> Result<(), Error> {
    match region {
        Some(region) if !region.append_to(list) => Err(Error::NoMemory),
        _ => Ok(()),
    }
}

impl Difference {
    /// The difference of both spaces.
    pub(super) fn new(memory: &SpaceDifference, ports: &SpaceDifference) -> Result<Self, Error> {
        let mut difference = Self::default();
        let parts = [&memory.removed, &memory.added, &ports.removed, &ports.added];
        for (list, regions) in difference.lists.iter_mut().zip(parts) {
            list.try_reserve_exact(regions.len()).map_err(|_| Error::NoMemory)?;
            list.extend(regions.iter().map(|region| region.to_span()));
        }
        Ok(difference)
    }

    /// Whether there is no difference.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.iter().all(Vec::is_empty)
    }

    /// The C structure, which points into this.
    pub(super) fn to_c(&self) -> gasp_difference {
        to_c(self.lists.each_ref().map(Vec::as_slice))
    }
}

fn to_c(lists: [&[gasp_span]; 4]) -> gasp_difference {
    let [memory_removed, memory_added, ports_removed, ports_added] =
        lists.map(|list| gasp_span_list { first: list.as_ptr(), count: list.len() });
    gasp_difference { memory_removed, memory_added, ports_removed, ports_added }
}
