//! What a set call does between its first element and the moment when all of it is visible.

#![forbid(unsafe_code)]

use super::Guest;
use super::change::{Change, Rules};
use super::difference::{Difference, Part};
use super::listeners::Telling;
use super::set::{Elements, How};
use crate::error::{Element, Error, Refusal};
use crate::map::{Draft, Map};
use crate::space::lock::Held;
use crate::space::{Kind, Space};
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use gasp_abi::{gasp_cost, gasp_region};

/// Who has to hold the lock of a running guest in strict mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    ByCaller,
    ByUs,
}

/// Why a transaction ended early.
pub(super) enum Stop {
    /// An element was refused.
    Refused(Refusal),
    /// Nothing is in effect.
    Failed(Error),
    /// Nothing is in effect: the lock of another space has to be waited for.
    NeedsLock,
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refusal) => refusal.error,
            Stop::Failed(error) => error,
            Stop::NeedsLock => Self::Deadlock(Kind::Ports),
        }
    }
}

/// The spaces that a call has named so far, each with its next state. Fields are dropped in this
/// order: drafts, listeners, locks.
pub(super) struct Transaction<'g> {
    guest: &'g Guest,
    locking: Locking,
    how: How,
    /// There is more than one element.
    several: bool,
    memory: Option<Open<'g>>,
    ports: Option<Open<'g>>,
    /// `None`: there are no listeners, or no draft was opened yet.
    listeners: Option<Telling<'g>>,
    /// Taken before any draft was opened.
    _locks: Option<[Held; 2]>,
}

/// A space that is being changed. The draft goes first, then the lock.
struct Open<'g> {
    draft: Draft<'g>,
    map: &'g Map,
    touched: Touched,
    _held: Held,
}

/// Where a space is being changed.
#[derive(Debug)]
struct Touched {
    /// Each range, if somebody will ask.
    ranges: Vec<Range>,
    /// The lowest location and the highest one.
    low: Location,
    high: Location,
    /// Two of them may overlap, so one change may have undone another.
    overlap: bool,
}

impl Touched {
    fn nowhere() -> Self {
        let (low, high) = (Location::MAX, Location::new(0));
        Self { ranges: Vec::new(), low, high, overlap: false }
    }

    fn add(&mut self, range: Range, listed: bool) -> Result<(), Error> {
        if listed {
            self.ranges.try_reserve(1).map_err(|_| Error::NoMemory)?;
            self.ranges.push(range);
        }
        self.overlap |= range.first() <= self.high && self.low <= range.last();
        (self.low, self.high) = (self.low.min(range.first()), self.high.max(range.last()));
        Ok(())
    }
}

impl Open<'_> {
    /// Whether one change has undone all that another one did.
    fn is_undone(&self) -> bool {
        let Touched { low, high, overlap, .. } = self.touched;
        let hull = Range::from_ends(low, high).filter(|_| overlap);
        hull.is_some_and(|hull| Part::is_nothing(self.map, &self.draft, hull))
    }
}

impl<'g> Transaction<'g> {
    pub(super) fn new(guest: &'g Guest, locking: Locking, how: How) -> Self {
        let (memory, ports, listeners, _locks) = (None, None, None, None);
        Self { guest, locking, how, several: false, memory, ports, listeners, _locks }
    }

    pub(super) fn with_locks(guest: &'g Guest, locking: Locking, how: How) -> Result<Self, Error> {
        let locks = [guest.memory.hold()?, guest.ports.hold()?];
        Ok(Self { _locks: Some(locks), ..Self::new(guest, locking, how) })
    }

    /// Makes the changes. `cost` becomes what they cost, if that is asked for.
    pub(super) fn run(
        &mut self,
        elements: &impl Elements,
        cost: &mut gasp_cost,
    ) -> Result<(), Stop> {
        self.guest.listeners.refuse_teller().map_err(Stop::Failed)?;
        self.several = elements.count() > 1;
        let made = if self.how.whole { self.make_all(elements) } else { self.make_each(elements) };
        match made {
            // What comes before the refused element is in effect.
            Err(Stop::Refused(_)) if !self.how.whole => self.commit(cost).and(made),
            Ok(()) => self.commit(cost),
            stopped => stopped,
        }
    }

    /// A change of the memory space that is not made of elements.
    pub(super) fn of_memory(guest: &'g Guest) -> Result<Self, Error> {
        guest.listeners.refuse_teller()?;
        let mut transaction = Self::new(guest, Locking::ByUs, How::default());
        match transaction.open(Kind::Memory) {
            Ok(()) => Ok(transaction),
            Err(stop) => Err(stop.into()),
        }
    }

    /// Refuses a range that has a region.
    pub(super) fn check_vacant(&self, range: &Range) -> Result<(), Error> {
        let Some(open) = &self.memory else { return Ok(()) };
        match open.draft.regions(&open.draft.window(range)).next() {
            Some(region) => Err(Error::Occupied(region)),
            None => Ok(()),
        }
    }

    /// Puts regions into a vacant range.
    pub(super) fn fill(
        &mut self,
        range: &Range,
        new: impl Iterator<Item = Region>,
    ) -> Result<(), Error> {
        let listed = self.listeners.is_some();
        let Some(open) = &mut self.memory else { return Ok(()) };
        let window = open.draft.window(&range.with_neighbours());
        let is_below = |one: &Region| one.range.last() < range.first();
        let below = open.draft.regions(&window).filter(is_below);
        let above = open.draft.regions(&window).filter(|one| !is_below(one));
        let mut regions = Vec::new();
        for region in below.chain(new).chain(above) {
            if !region.append_to(&mut regions) {
                return Err(Error::NoMemory);
            }
        }
        open.draft.splice(&window, &regions)?;
        open.touched.add(*range, listed)
    }

    /// Makes everything visible.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let mut cost = gasp_cost::NOTHING;
        Ok(self.commit(&mut cost)?)
    }

    fn make_each(&mut self, elements: &impl Elements) -> Result<(), Stop> {
        let rules = Rules { strict: self.guest.strict, edges: true };
        self.each(elements, |this, change, index| {
            let ahead = (index + 1 < elements.count()).then_some((elements, index + 1));
            this.make(change, rules, ahead)
        })
    }

    /// Deletions first, so that what goes is in nobody's way, whatever the order of the elements.
    fn make_all<E: Elements>(&mut self, elements: &E) -> Result<(), Stop> {
        let rules = Rules { strict: self.guest.strict, edges: false };
        for deleting in [true, false] {
            self.each(elements, |this, change, _| match change.deletes() == deleting {
                true => this.make(change, rules, None::<(&E, u32)>),
                false => Ok(()),
            })?;
        }
        self.each(elements, |this, change, _| match this.opened(change.kind) {
            Some(open) => change.judge_result(&open.draft).map_err(Stop::Failed),
            None => Ok(()),
        })
    }

    fn each(
        &mut self,
        elements: &impl Elements,
        mut action: impl FnMut(&mut Self, &Change, u32) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        (0..elements.count()).try_for_each(|index| {
            let element = elements.get(index);
            let change = Change::parse(&element).map_err(Stop::Failed);
            let done = change.and_then(|change| action(self, &change, index));
            blame(done, index, elements.count(), &element)
        })
    }

    /// Makes one change. `ahead` is the element that follows it; it is not looked at if this one
    /// is refused.
    fn make(
        &mut self,
        change: &Change,
        rules: Rules,
        ahead: Option<(&impl Elements, u32)>,
    ) -> Result<(), Stop> {
        if self.lock_missing(change.kind) {
            let map = &self.guest.space(change.kind).map;
            return Err(Stop::Failed(change.refusal_without_lock(map)));
        }
        self.open(change.kind)?;
        let (listed, several) = (self.listeners.is_some(), self.several);
        let Some(open) = self.opened(change.kind) else { return Ok(()) };
        let next = || {
            let (elements, index) = ahead?;
            Some(Location::new(elements.get(index).guest.location))
        };
        change.apply(&mut open.draft, rules, next).map_err(Stop::Failed)?;
        if listed || several {
            open.touched.add(change.range(), listed).map_err(Stop::Failed)?;
        }
        Ok(())
    }

    /// Strict mode: the caller has to hold the lock, and does not.
    fn lock_missing(&self, kind: Kind) -> bool {
        let guest = self.guest;
        let needed = guest.strict && guest.has_started() && self.locking == Locking::ByCaller;
        needed && !guest.space(kind).lock.is_mine()
    }

    fn open(&mut self, kind: Kind) -> Result<(), Stop> {
        if self.opened(kind).is_some() {
            return Ok(());
        }
        let space: &'g Space = self.guest.space(kind);
        let held = if self.memory.is_none() && self.ports.is_none() {
            // A lock that cannot be had is the call's failure, not the element's.
            let held = space.hold().map_err(|error| Stop::Refused(error.into()))?;
            let listeners = &self.guest.listeners;
            self.listeners = listeners.are_there().then(|| listeners.lock());
            held
        } else {
            // Readers and others may wait for an open draft, so nobody waits with one.
            space.lock.try_hold(kind).ok_or(Stop::NeedsLock)?
        };
        let (draft, touched) = (space.map.draft(), Touched::nowhere());
        *self.place(kind) = Some(Open { draft, map: &space.map, touched, _held: held });
        Ok(())
    }

    fn place(&mut self, kind: Kind) -> &mut Option<Open<'g>> {
        match kind {
            Kind::Memory => &mut self.memory,
            Kind::Ports => &mut self.ports,
        }
    }

    fn opened(&mut self, kind: Kind) -> Option<&mut Open<'g>> {
        self.place(kind).as_mut()
    }

    fn commit(&mut self, cost: &mut gasp_cost) -> Result<(), Stop> {
        if self.listeners.is_some() {
            return self.tell(cost).map_err(Stop::Failed);
        }
        self.publish();
        Ok(())
    }

    /// Publishes with the consent of the listeners.
    fn tell(&mut self, cost: &mut gasp_cost) -> Result<(), Error> {
        for place in [&mut self.memory, &mut self.ports] {
            // Only the locks of spaces that change are held while listeners are told.
            place.take_if(|open| !open.draft.is_changed() || open.is_undone());
        }
        let difference = self.difference()?;
        let Some(listeners) = self.listeners.take() else { return Ok(()) };
        if difference.is_empty() {
            return Ok(());
        }
        if self.how.priced || self.how.dry {
            *cost = listeners.estimate(&difference)?;
        }
        if !self.how.dry {
            let prepared = listeners.prepare(&difference)?;
            self.publish();
            listeners.commit(&difference, prepared);
        }
        self.listeners = Some(listeners);
        Ok(())
    }

    fn difference(&mut self) -> Result<Difference, Error> {
        let part = |open: &mut Option<Open<'_>>| match open {
            Some(open) => Part::of(open.map, &open.draft, &mut open.touched.ranges),
            None => Ok(Part::default()),
        };
        Difference::new(&part(&mut self.memory)?, &part(&mut self.ports)?)
    }

    fn publish(&mut self) {
        if self.how.dry {
            return;
        }
        for open in [&mut self.memory, &mut self.ports].into_iter().flatten() {
            if !open.is_undone() {
                open.draft.commit();
            }
        }
    }
}

/// A failure that is an element's own, with the element.
fn blame(
    done: Result<(), Stop>,
    index: u32,
    count: u32,
    element: &gasp_region,
) -> Result<(), Stop> {
    match done {
        Err(Stop::Failed(error)) if error != Error::NoMemory => {
            Err(Stop::Refused(refusal(index, count, element, error)))
        }
        done => done,
    }
}

fn refusal(index: u32, count: u32, element: &gasp_region, error: Error) -> Refusal {
    let block = &element.guest;
    let element = Element {
        index,
        count,
        kind: block.r#type,
        location: block.location,
        length: block.length,
        flags: element.flags,
    };
    Refusal { element: Some(element), error }
}
