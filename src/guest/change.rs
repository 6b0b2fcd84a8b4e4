//! One element of a set call: its change, its refusals, and its result.

#![forbid(unsafe_code)]

use super::overlap::Overlap;
use super::owner;
use super::request::SetOptions;
use crate::error::Error;
use crate::map::{Draft, Map, Window};
use crate::value::element::Element;
use crate::value::flags::Flags;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::{Region, Vdev};

/// The change that an element asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) kind: SpaceKind,
    range: Range,
    /// [`Flags::NONE`]: delete.
    flags: Flags,
    cookie: u32,
    vdev: Vdev,
    host: u64,
}

/// The optional rules for refusing a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Strict mode: one region for each element.
    pub(super) strict: bool,
    /// No edge cuts a page of memory in the present state.
    pub(super) edges: bool,
    /// What is PRECIOUS is kept.
    precious: bool,
    /// Only absent locations are changed, except by deletions.
    only_absent: bool,
}

impl Rules {
    /// The rules for a call with these options.
    #[inline]
    pub(super) fn of(strict: bool, options: &SetOptions) -> Self {
        Self {
            strict: strict && !options.any_ranges,
            edges: !options.all_or_nothing,
            precious: !options.overrides,
            only_absent: options.only_absent,
        }
    }
}

impl Change {
    /// Makes the change of an element, with the checks that do not need the map.
    #[inline]
    pub(super) fn parse(element: &Element) -> Result<Self, Error> {
        let kind = SpaceKind::from_type(element.kind).ok_or(Error::BadType(element.kind))?;
        let range = element.range(kind)?;
        let flags = Flags::from_input(element.flags).map_err(Error::UndefinedFlags)?;
        if flags == Flags::NONE && element.flags != 0 {
            return Err(Error::NothingButIgnored);
        }
        if flags.contradicts_itself() {
            return Err(Error::Contradiction);
        }
        if kind == SpaceKind::Memory && flags.has_any(Flags::NEEDS_HOST) && !range.is_whole_pages()
        {
            return Err(Error::UnalignedMemory);
        }
        let Element { cookie, vdev, host, .. } = *element;
        Ok(Self { kind, range, flags, cookie, vdev, host })
    }

    /// The range.
    pub(super) fn range(&self) -> Range {
        self.range
    }

    /// Whether it deletes.
    pub(super) fn deletes(&self) -> bool {
        self.flags == Flags::NONE
    }

    /// Refuses the change, or returns the window in which [`Change::make`] will make it.
    pub(super) fn judge(&self, draft: &Draft<'_>, rules: Rules) -> Result<Window, Error> {
        let window = draft.window(&self.range.with_neighbours());
        self.judge_in(draft, &window, rules).map(|()| window)
    }

    /// Makes the change in the draft that it was judged in.
    pub(super) fn make(&self, draft: &mut Draft<'_>, window: &Window) -> Result<(), Error> {
        let mut result = draft.take_scratch();
        let done = self.outcome(draft.regions(window), &mut result);
        let spliced = done.and_then(|()| Ok(draft.splice(window, &result)?));
        draft.put_scratch(result);
        spliced.map(|_| ())
    }

    fn judge_in(&self, draft: &Draft<'_>, window: &Window, rules: Rules) -> Result<(), Error> {
        let found = Overlap::new(&self.range, draft.regions(window));
        if self.flags.has_any(Flags::NEEDS_HOST) && found.unbacked {
            self.check_host()?;
        }
        if rules.only_absent && !self.deletes() {
            self.check_absent(&found)?;
        }
        if rules.precious {
            self.check_precious(&found)?;
        }
        if rules.edges {
            self.check_edges(|location| {
                draft.regions(window).find(|region| region.range.contains(location))
            })?;
        }
        if rules.strict {
            self.check_strict(&found)?;
        }
        match found.precious {
            Some(_) if rules.precious => {
                owner::check(self.vdev_put(), self.range, draft.regions(window))
            }
            _ => Ok(()),
        }
    }

    /// The vdev that the change puts into its range; `None`: it deletes.
    fn vdev_put(&self) -> Option<Vdev> {
        (!self.deletes()).then_some(self.vdev)
    }

    fn check_absent(&self, found: &Overlap) -> Result<(), Error> {
        found.first.map_or(Ok(()), |region| Err(Error::Occupied(region)))
    }

    /// Checks the edges in the state after all changes of a call: they must not cut a backed page.
    pub(super) fn judge_result(&self, draft: &Draft<'_>) -> Result<(), Error> {
        let window = draft.window(&self.range.with_neighbours());
        let at = |location| draft.regions(&window).find(|region| region.range.contains(location));
        self.cut_pages(|before, after| match (at(before), at(after)) {
            (before, after) if before == after => None,
            (before, after) => before.into_iter().chain(after).find(Region::is_backed),
        })
    }

    /// The reason to refuse the change to a caller without the lock. This reads the published map,
    /// because a draft of the other space may be open.
    pub(super) fn refusal_without_lock(&self, map: &Map) -> Error {
        let first = map.lookup_from(self.range.first());
        let regions = core::iter::successors(first, |region| {
            map.lookup_from(region.range.last().next().filter(|next| *next <= self.range.last())?)
        });
        match self.check_host() {
            Err(error)
                if self.flags.has_any(Flags::NEEDS_HOST)
                    && Overlap::new(&self.range, regions).unbacked =>
            {
                error
            }
            _ => Error::LockNeeded(self.kind),
        }
    }

    /// Refuses a `host_location` that is needed but not valid.
    fn check_host(&self) -> Result<(), Error> {
        let last = self.host.checked_add(self.range.extent());
        match self.kind {
            SpaceKind::Memory if self.host == 0 || self.host % PAGE != 0 => {
                Err(Error::BadHost(self.host))
            }
            _ if last.is_none_or(|last| last > self.kind.last().get()) => {
                Err(Error::HostPastEnd(self.host, self.kind))
            }
            _ => Ok(()),
        }
    }

    fn check_precious(&self, found: &Overlap) -> Result<(), Error> {
        if found.hole.is_none() && found.common.is_none() {
            return Ok(());
        }
        match (found.precious, found.first) {
            (Some(precious), _) => Err(Error::MeetsPrecious(precious)),
            (_, Some(first)) if self.flags.has_any(Flags::PRECIOUS) => {
                Err(Error::PreciousMeets(first))
            }
            _ => Ok(()),
        }
    }

    /// Refuses an edge that cuts a backed page. `at` looks up a location in the present state.
    fn check_edges(&self, at: impl Fn(Location) -> Option<Region>) -> Result<(), Error> {
        let behind = |location| at(location).filter(Region::is_backed);
        self.cut_pages(|before, after| behind(before).filter(|_| behind(after).is_some()))
    }

    /// Refuses an edge inside a page if `cut` returns a region for the locations before and after
    /// it.
    fn cut_pages(&self, cut: impl Fn(Location, Location) -> Option<Region>) -> Result<(), Error> {
        if self.kind != SpaceKind::Memory {
            return Ok(());
        }
        let before_first = self.range.first().previous();
        for before in before_first.into_iter().chain([self.range.last()]) {
            let Some(after) = before.next().filter(|after| !after.starts_page()) else { continue };
            if let Some(region) = cut(before, after) {
                return Err(Error::SplitsPage(after.align_down(PAGE), region));
            }
        }
        Ok(())
    }

    fn check_strict(&self, found: &Overlap) -> Result<(), Error> {
        match (found.hole, found.first) {
            (Some(hole), _) if self.flags == Flags::NONE => Err(Error::NothingToDelete(hole)),
            (_, Some(first)) if found.count > 1 => Err(Error::SeveralRegions(first)),
            (Some(_), Some(first)) => Err(Error::RegionAndHole(first)),
            _ => Ok(()),
        }
    }

    /// The regions that replace those of a window. `regions` are the present ones that overlap or
    /// touch the range, in ascending order. The first and the last may extend beyond the range.
    fn outcome(
        &self,
        regions: impl Iterator<Item = Region>,
        result: &mut Vec<Region>,
    ) -> Result<(), Error> {
        let mut put = |region: Option<Region>| match region {
            Some(region) if !region.append_to(result) => Err(Error::NoMemory),
            _ => Ok(()),
        };
        let (first, last) = (self.range.first(), self.range.last());
        // The first location that has no result yet; `None`: all have one.
        let mut next = Some(first);
        for region in regions {
            put(region.range.below(first).and_then(|part| region.cut(&part)))?;
            if let Some(part) = region.cut(&self.range) {
                put(next.and_then(|next| self.fill(next, part.range.first().previous()?)))?;
                put(self.change(&part))?;
                next = part.range.last().next();
            }
            if let Some(rest) = region.range.above(last) {
                put(next.and_then(|next| self.fill(next, last)))?;
                next = None;
                put(region.cut(&rest))?;
            }
        }
        put(next.and_then(|next| self.fill(next, last)))
    }

    /// The new region for an absent part of the range.
    fn fill(&self, from: Location, to: Location) -> Option<Region> {
        let range = Range::from_ends(from, to)?;
        let flags = Flags::NONE;
        self.change(&Region { range, flags, cookie: 0, vdev: Vdev(0), host: 0 })
    }

    /// The new region for a part of the range that is absent (no flags) or has equal attributes.
    /// `None`: the part is deleted.
    fn change(&self, part: &Region) -> Option<Region> {
        if self.flags == Flags::NONE {
            return None;
        }
        let (backing, host) = if part.is_backed() {
            (Flags::BACKED, part.host)
        } else if self.flags.has_any(Flags::NEEDS_HOST) {
            let offset = part.range.first().offset_from(self.range.first());
            (Flags::BACKED, self.host.wrapping_add(offset))
        } else {
            (Flags::NONE, 0)
        };
        let flags = part.flags.changed_to(self.flags) | backing;
        Some(Region { range: part.range, flags, cookie: self.cookie, vdev: self.vdev, host })
    }
}
