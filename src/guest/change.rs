//! One element of a set call: what it asks for, whether it may, and what comes of it.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::map::{Draft, Map, Window};
use crate::space::Kind;
use crate::value::flags::Flags;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::{Region, Vdev};
use gasp_abi::gasp_region;

/// What an element asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) kind: Kind,
    range: Range,
    /// [`Flags::NONE`]: delete.
    flags: Flags,
    cookie: u32,
    vdev: Vdev,
    host: u64,
}

/// What a change is held to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// It is for one region.
    pub(super) strict: bool,
    /// It cuts no page of memory as things are now.
    pub(super) edges: bool,
}

impl Change {
    /// Checks what can be known without looking at the map.
    #[inline]
    pub(super) fn parse(element: &gasp_region) -> Result<Self, Error> {
        let block = &element.guest;
        let kind =
            Kind::from_type(block.r#type.into()).ok_or(Error::BadType(block.r#type.into()))?;
        let range = kind.range(block.location, block.length.into())?;
        let flags = Flags::from_input(element.flags).map_err(Error::UndefinedFlags)?;
        if flags == Flags::NONE && element.flags != 0 {
            return Err(Error::NothingButIgnored);
        }
        if flags.contradicts_itself() {
            return Err(Error::Contradiction);
        }
        if kind == Kind::Memory && flags.has_any(Flags::NEEDS_HOST) && !range.is_whole_pages() {
            return Err(Error::UnalignedMemory);
        }
        let vdev = Vdev::from_c(element.vdev);
        let (cookie, host) = (element.cookie, element.host_location);
        Ok(Self { kind, range, flags, cookie, vdev, host })
    }

    /// Where.
    pub(super) fn range(&self) -> Range {
        self.range
    }

    /// Whether it deletes.
    pub(super) fn deletes(&self) -> bool {
        self.flags == Flags::NONE
    }

    /// Makes the change in a draft, if it may be made. `next` says where the next change will be;
    /// it is asked when this one was not refused.
    pub(super) fn apply(
        &self,
        draft: &mut Draft<'_>,
        rules: Rules,
        next: impl FnOnce() -> Option<Location>,
    ) -> Result<(), Error> {
        let window = draft.window(&self.range.with_neighbours());
        self.judge(draft, &window, rules)?;
        if let Some(next) = next() {
            draft.expect(next);
        }
        let mut result = draft.take_scratch();
        let done = self.outcome(draft.regions(&window), &mut result);
        let spliced = done.and_then(|()| Ok(draft.splice(&window, &result)?));
        draft.put_scratch(result);
        spliced.map(|_| ())
    }

    fn judge(&self, draft: &Draft<'_>, window: &Window, rules: Rules) -> Result<(), Error> {
        let found = Survey::new(&self.range, draft.regions(window));
        if self.flags.has_any(Flags::NEEDS_HOST) && found.unbacked {
            self.check_host()?;
        }
        self.check_precious(&found)?;
        if rules.edges {
            self.check_edges(|location| {
                draft.regions(window).find(|region| region.range.contains(location))
            })?;
        }
        if rules.strict { self.check_strict(&found) } else { Ok(()) }
    }

    /// Judges the edges by what is there when all changes of a call have been made: nowhere may a
    /// page with memory behind it have been cut.
    pub(super) fn judge_result(&self, draft: &Draft<'_>) -> Result<(), Error> {
        let window = draft.window(&self.range.with_neighbours());
        let at = |location| draft.regions(&window).find(|region| region.range.contains(location));
        self.cut_pages(|before, after| match (at(before), at(after)) {
            (before, after) if before == after => None,
            (before, after) => before.into_iter().chain(after).find(Region::is_backed),
        })
    }

    /// Why the change is refused to a caller without the lock. This looks at the map without
    /// keeping anybody out, because a draft of another space may be open.
    pub(super) fn refusal_without_lock(&self, map: &Map) -> Error {
        let first = map.lookup_from(self.range.first());
        let regions = core::iter::successors(first, |region| {
            map.lookup_from(region.range.last().next().filter(|next| *next <= self.range.last())?)
        });
        match self.check_host() {
            Err(error)
                if self.flags.has_any(Flags::NEEDS_HOST)
                    && Survey::new(&self.range, regions).unbacked =>
            {
                error
            }
            _ => Error::LockNeeded(self.kind),
        }
    }

    /// The host's location counts: it has to be one.
    fn check_host(&self) -> Result<(), Error> {
        let last = self.host.checked_add(self.range.extent());
        match self.kind {
            Kind::Memory if self.host == 0 || !self.host.is_multiple_of(PAGE) => {
                Err(Error::BadHost(self.host))
            }
            _ if last.is_none_or(|last| last > self.kind.last().get()) => {
                Err(Error::HostPastEnd(self.host, self.kind))
            }
            _ => Ok(()),
        }
    }

    fn check_precious(&self, found: &Survey) -> Result<(), Error> {
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

    /// A page with memory behind it cannot be cut. `at` is what is at a location now.
    fn check_edges(&self, at: impl Fn(Location) -> Option<Region>) -> Result<(), Error> {
        let behind = |location| at(location).filter(Region::is_backed);
        self.cut_pages(|before, after| behind(before).filter(|_| behind(after).is_some()))
    }

    /// Refuses an edge inside of a page of which `cut` has a region. Each edge lies between two
    /// locations.
    fn cut_pages(&self, cut: impl Fn(Location, Location) -> Option<Region>) -> Result<(), Error> {
        if self.kind != Kind::Memory {
            return Ok(());
        }
        let before_first = self.range.first().previous();
        for before in before_first.into_iter().chain([self.range.last()]) {
            if let Some(after) = before.next()
                && !after.starts_page()
                && let Some(region) = cut(before, after)
            {
                return Err(Error::SplitsPage(after.align_down(PAGE), region));
            }
        }
        Ok(())
    }

    fn check_strict(&self, found: &Survey) -> Result<(), Error> {
        match (found.hole, found.first) {
            (Some(hole), _) if self.flags == Flags::NONE => Err(Error::NothingToDelete(hole)),
            (_, Some(first)) if found.count > 1 => Err(Error::SeveralRegions(first)),
            (Some(_), Some(first)) => Err(Error::RegionAndHole(first)),
            _ => Ok(()),
        }
    }

    /// What the regions of the window become. `regions` are those that overlap the range or
    /// touch it, in ascending order; those at either end go on outside of it.
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
        // The first location that is not dealt with; `None`: all are.
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

    /// What an absent part of the range becomes.
    fn fill(&self, from: Location, to: Location) -> Option<Region> {
        let range = Range::from_ends(from, to)?;
        let flags = Flags::NONE;
        self.change(&Region { range, flags, cookie: 0, vdev: Vdev(0), host: 0 })
    }

    /// What a part of the range becomes that is absent (no flags) or has equal attributes.
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

/// What there is in a range.
#[derive(Debug, Default)]
struct Survey {
    /// The first region.
    first: Option<Region>,
    /// How many regions.
    count: usize,
    /// The first absent location.
    hole: Option<Location>,
    /// The first region that is PRECIOUS.
    precious: Option<Region>,
    /// The first region that is not PRECIOUS.
    common: Option<Region>,
    /// Some location has nothing behind it.
    unbacked: bool,
}

impl Survey {
    fn new(range: &Range, regions: impl Iterator<Item = Region>) -> Self {
        let mut survey = Self::default();
        let mut next = Some(range.first());
        for region in regions {
            let Some(part) = range.intersection(&region.range) else {
                continue;
            };
            survey.add(&region);
            survey.hole = survey.hole.or(next.filter(|next| *next < part.first()));
            next = part.last().next();
        }
        survey.hole = survey.hole.or(next.filter(|next| *next <= range.last()));
        survey.unbacked |= survey.hole.is_some();
        survey
    }

    fn add(&mut self, region: &Region) {
        self.count += 1;
        self.first = self.first.or(Some(*region));
        self.unbacked |= !region.is_backed();
        let class = match region.flags.has_any(Flags::PRECIOUS) {
            true => &mut self.precious,
            false => &mut self.common,
        };
        *class = class.or(Some(*region));
    }
}
