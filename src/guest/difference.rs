//! What a change changes: exactly the locations whose attributes differ before and after.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::{Draft, Map};
use crate::space::Kind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::cmp::Ordering;
use gasp_abi::{gasp_difference, gasp_span, gasp_span_list};

/// What goes and what comes, in one space.
#[derive(Debug, Default)]
pub(super) struct Part {
    gone: Vec<Region>,
    come: Vec<Region>,
}

/// What goes and what comes, as C has it.
#[derive(Debug, Default)]
pub(super) struct Difference {
    lists: [Vec<gasp_span>; 4],
}

impl Part {
    /// What a draft changes inside of some ranges.
    pub(super) fn of(map: &Map, draft: &Draft<'_>, ranges: &mut [Range]) -> Result<Self, Error> {
        ranges.sort_unstable_by_key(Range::first);
        let mut part = Self::default();
        // The last location that was compared already, with an earlier range.
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

    /// Whether a draft changes nothing inside of a range.
    pub(super) fn is_nothing(map: &Map, draft: &Draft<'_>, range: Range) -> bool {
        let window = draft.window(&range);
        let after = draft.regions(&window).filter_map(|region| region.cut(&range));
        published(map, range).eq(after)
    }

    /// A whole space as what comes.
    pub(super) fn all_comes(map: &Map, all: Range) -> Result<Self, Error> {
        let mut part = Self::default();
        part.compare(core::iter::empty(), published(map, all))?;
        Ok(part)
    }

    /// What came goes, and the other way round.
    pub(super) fn reversed(self) -> Self {
        Self { gone: self.come, come: self.gone }
    }

    fn compare(
        &mut self,
        mut old: impl Iterator<Item = Region>,
        mut new: impl Iterator<Item = Region>,
    ) -> Result<(), Error> {
        let (mut before, mut after) = (old.next(), new.next());
        while let Some(piece) = first_piece(before.as_ref(), after.as_ref()) {
            let (gone, come) = (take(&mut before, &piece), take(&mut after, &piece));
            if gone != come {
                append(gone, &mut self.gone)?;
                append(come, &mut self.come)?;
            }
            before = before.or_else(|| old.next());
            after = after.or_else(|| new.next());
        }
        Ok(())
    }
}

/// Tells that all of a space goes, region by region: that takes no memory.
pub(super) fn each_goes(map: &Map, kind: Kind, mut tell: impl FnMut(&gasp_difference)) {
    let all = Range::from_ends(Location::new(0), kind.last());
    for region in all.into_iter().flat_map(|all| published(map, all)) {
        let span = [region.to_span()];
        let gone = match kind {
            Kind::Memory => [&span[..], &[], &[], &[]],
            Kind::Ports => [&[], &[], &span[..], &[]],
        };
        tell(&to_c(gone));
    }
}

/// What everybody sees inside of a range.
fn published(map: &Map, range: Range) -> impl Iterator<Item = Region> {
    let rest = move |rest: Range| map.lookup_from(rest.first())?.cut(&rest);
    core::iter::successors(rest(range), move |region| rest(range.above(region.range.last())?))
}

/// The longest range, from the first location of either on, in which each of them is everywhere
/// or nowhere.
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

/// Takes what a region has in a range that starts where it starts, or before it.
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
    /// What is different in both spaces.
    pub(super) fn new(memory: &Part, ports: &Part) -> Result<Self, Error> {
        let mut difference = Self::default();
        let parts = [&memory.gone, &memory.come, &ports.gone, &ports.come];
        for (list, regions) in difference.lists.iter_mut().zip(parts) {
            list.try_reserve_exact(regions.len()).map_err(|_| Error::NoMemory)?;
            list.extend(regions.iter().map(|region| region.to_span()));
        }
        Ok(difference)
    }

    /// Whether nothing is different.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.iter().all(Vec::is_empty)
    }

    /// As C has it, for as long as this lives.
    pub(super) fn to_c(&self) -> gasp_difference {
        to_c(self.lists.each_ref().map(Vec::as_slice))
    }
}

fn to_c(lists: [&[gasp_span]; 4]) -> gasp_difference {
    let [memory_removed, memory_added, ports_removed, ports_added] =
        lists.map(|list| gasp_span_list { first: list.as_ptr(), count: list.len() });
    gasp_difference { memory_removed, memory_added, ports_removed, ports_added }
}
