//! A transaction: the changes of one call, from its first element until they are visible.

#![forbid(unsafe_code)]

use super::change::{Change, Rules};
use super::difference::{Difference, SpaceDifference};
use super::listeners::Notifier;
use super::request::{Elements, SetOptions};
use super::state::Guest;
use super::touched::TouchedRanges;
use crate::error::Error;
use crate::error::refusal::{Refusal, RefusedElement};
use crate::map::{Draft, Map};
use crate::space::{Held, Space};
use crate::value::element::Element;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use gasp_abi::gasp_cost;

/// How the locks of a started guest are taken in strict mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    /// The caller must hold them.
    ByCaller,
    /// The call takes them.
    ByCall,
}

/// The reason that a transaction ended early.
pub(super) enum Abort {
    /// An element was refused, or taking a lock failed.
    Refused(Refusal),
    /// The call failed as a whole.
    Failed(Error),
    /// The call must start over, and wait for the lock of its second space.
    NeedsLock,
}

impl From<Abort> for Error {
    fn from(abort: Abort) -> Self {
        match abort {
            Abort::Refused(refusal) => refusal.error,
            Abort::Failed(error) => error,
            Abort::NeedsLock => Self::Deadlock(SpaceKind::Ports),
        }
    }
}

/// The spaces that a call has named so far, each with a draft of its next state. The fields are
/// dropped in their order: drafts, listeners, locks.
pub(super) struct Transaction<'g> {
    guest: &'g Guest,
    locking: Locking,
    options: SetOptions,
    /// Whether there is more than one element.
    several: bool,
    memory: Option<OpenSpace<'g>>,
    ports: Option<OpenSpace<'g>>,
    /// `None`: there are no listeners, or no draft was opened yet.
    listeners: Option<Notifier<'g>>,
    /// The locks of a call that started over, taken before any draft was opened.
    _locks: Option<[Held; 2]>,
}

/// A space that is being changed. The draft is dropped before the lock.
struct OpenSpace<'g> {
    draft: Draft<'g>,
    map: &'g Map,
    touched: TouchedRanges,
    _held: Held,
}

impl OpenSpace<'_> {
    /// Whether later changes have undone all earlier ones, so that nothing has changed.
    fn is_undone(&self) -> bool {
        let hull = self.touched.overlapping_hull();
        hull.is_some_and(|hull| SpaceDifference::is_nothing(self.map, &self.draft, hull))
    }
}

impl<'g> Transaction<'g> {
    pub(super) fn new(guest: &'g Guest, locking: Locking, options: SetOptions) -> Self {
        let (memory, ports, listeners, _locks) = (None, None, None, None);
        Self { guest, locking, options, several: false, memory, ports, listeners, _locks }
    }

    pub(super) fn with_locks(
        guest: &'g Guest,
        locking: Locking,
        options: SetOptions,
    ) -> Result<Self, Error> {
        let locks = [guest.memory.hold()?, guest.ports.hold()?];
        Ok(Self { _locks: Some(locks), ..Self::new(guest, locking, options) })
    }

    /// Makes the changes. `cost` becomes their cost for the listeners, if an option asks for it.
    pub(super) fn run(
        &mut self,
        elements: &impl Elements,
        cost: &mut gasp_cost,
    ) -> Result<(), Abort> {
        self.guest.listeners.refuse_inside().map_err(Abort::Failed)?;
        self.several = elements.count() > 1;
        let made = if self.options.all_or_nothing {
            self.make_all(elements)
        } else {
            self.make_each(elements)
        };
        match made {
            // The elements before the refused one take effect.
            Err(Abort::Refused(_)) if !self.options.all_or_nothing => self.commit(cost).and(made),
            Ok(()) => self.commit(cost),
            stopped => stopped,
        }
    }

    /// A transaction for the memory space without elements.
    pub(super) fn of_memory(guest: &'g Guest) -> Result<Self, Error> {
        guest.listeners.refuse_inside()?;
        let mut transaction = Self::new(guest, Locking::ByCall, SetOptions::default());
        match transaction.open(SpaceKind::Memory) {
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

    /// Makes the changes visible.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let mut cost = gasp_cost::NOTHING;
        Ok(self.commit(&mut cost)?)
    }

    fn make_each(&mut self, elements: &impl Elements) -> Result<(), Abort> {
        let rules = Rules::of(self.guest.strict, &self.options);
        self.each(elements, |this, change, index| {
            let ahead = (index + 1 < elements.count()).then_some((elements, index + 1));
            this.make(change, rules, ahead)
        })
    }

    /// Deletions are made first, so additions of the same call may reuse their ranges.
    fn make_all<E: Elements>(&mut self, elements: &E) -> Result<(), Abort> {
        let rules = Rules::of(self.guest.strict, &self.options);
        for deleting in [true, false] {
            self.each(elements, |this, change, _| match change.deletes() == deleting {
                true => this.make(change, rules, None::<(&E, u32)>),
                false => Ok(()),
            })?;
        }
        self.each(elements, |this, change, _| match this.opened(change.kind) {
            Some(open) => change.judge_result(&open.draft).map_err(Abort::Failed),
            None => Ok(()),
        })
    }

    fn each(
        &mut self,
        elements: &impl Elements,
        mut action: impl FnMut(&mut Self, &Change, u32) -> Result<(), Abort>,
    ) -> Result<(), Abort> {
        (0..elements.count()).try_for_each(|index| {
            let element = elements.get(index);
            let change = Change::parse(&element).map_err(Abort::Failed);
            let done = change.and_then(|change| action(self, &change, index));
            done.map_err(|abort| blame(abort, index, elements, &element))
        })
    }

    /// Makes one change. `ahead` is the next element, which is not read if this one is refused.
    fn make(
        &mut self,
        change: &Change,
        rules: Rules,
        ahead: Option<(&impl Elements, u32)>,
    ) -> Result<(), Abort> {
        if self.lock_missing(change.kind) {
            let map = &self.guest.space(change.kind).map;
            return Err(Abort::Failed(change.refusal_without_lock(map)));
        }
        self.open(change.kind)?;
        let (listed, several) = (self.listeners.is_some(), self.several);
        let Some(open) = self.opened(change.kind) else { return Ok(()) };
        let window = change.judge(&open.draft, rules).map_err(Abort::Failed)?;
        if let Some((elements, index)) = ahead {
            open.draft.prefetch(Location::new(elements.get(index).location));
        }
        change.make(&mut open.draft, &window).map_err(Abort::Failed)?;
        if listed || several {
            open.touched.add(change.range(), listed).map_err(Abort::Failed)?;
        }
        Ok(())
    }

    /// Strict mode: whether the caller lacks a lock that it must hold.
    fn lock_missing(&self, kind: SpaceKind) -> bool {
        let guest = self.guest;
        let needed = guest.strict && guest.has_started() && self.locking == Locking::ByCaller;
        needed && !guest.space(kind).is_locked_by_caller()
    }

    fn open(&mut self, kind: SpaceKind) -> Result<(), Abort> {
        if self.opened(kind).is_some() {
            return Ok(());
        }
        let space: &'g Space = self.guest.space(kind);
        let held = if self.memory.is_none() && self.ports.is_none() {
            // `Refused` without an element: `blame` must not attribute the failure to an element.
            let held = space.hold().map_err(|error| Abort::Refused(error.into()))?;
            let listeners = &self.guest.listeners;
            self.listeners = listeners.is_any().then(|| listeners.lock());
            held
        } else {
            // Other threads may wait for this open draft, so this thread must not wait.
            space.try_hold().ok_or(Abort::NeedsLock)?
        };
        let (draft, touched) = (space.map.draft(), TouchedRanges::none());
        *self.place(kind) = Some(OpenSpace { draft, map: &space.map, touched, _held: held });
        Ok(())
    }

    fn place(&mut self, kind: SpaceKind) -> &mut Option<OpenSpace<'g>> {
        match kind {
            SpaceKind::Memory => &mut self.memory,
            SpaceKind::Ports => &mut self.ports,
        }
    }

    fn opened(&mut self, kind: SpaceKind) -> Option<&mut OpenSpace<'g>> {
        self.place(kind).as_mut()
    }

    fn commit(&mut self, cost: &mut gasp_cost) -> Result<(), Abort> {
        if self.listeners.is_some() {
            return self.notify(cost).map_err(Abort::Failed);
        }
        self.publish();
        Ok(())
    }

    /// Publishes the changes if the listeners consent, and notifies them.
    fn notify(&mut self, cost: &mut gasp_cost) -> Result<(), Error> {
        for place in [&mut self.memory, &mut self.ports] {
            // Only the locks of spaces that change are held while listeners are called.
            place.take_if(|open| !open.draft.is_changed() || open.is_undone());
        }
        let difference = self.difference()?;
        let Some(listeners) = self.listeners.take() else { return Ok(()) };
        if difference.is_empty() {
            return Ok(());
        }
        if self.options.wants_cost || self.options.dry_run {
            *cost = listeners.estimate(&difference)?;
        }
        if !self.options.dry_run {
            let prepared = listeners.prepare(&difference)?;
            self.publish();
            listeners.commit(&difference, prepared);
        }
        self.listeners = Some(listeners);
        Ok(())
    }

    fn difference(&mut self) -> Result<Difference, Error> {
        let part = |open: &mut Option<OpenSpace<'_>>| match open {
            Some(open) => SpaceDifference::of(open.map, &open.draft, &mut open.touched.ranges),
            None => Ok(SpaceDifference::default()),
        };
        Difference::new(&part(&mut self.memory)?, &part(&mut self.ports)?)
    }

    fn publish(&mut self) {
        if self.options.dry_run {
            return;
        }
        for open in [&mut self.memory, &mut self.ports].into_iter().flatten() {
            if !open.is_undone() {
                open.draft.commit();
            }
        }
    }
}

/// Attributes a failure to its element. `NoMemory` is a failure of the call as a whole.
fn blame(abort: Abort, index: u32, elements: &impl Elements, element: &Element) -> Abort {
    let Abort::Failed(error) = abort else { return abort };
    if error == Error::NoMemory {
        return Abort::Failed(error);
    }
    let refused = RefusedElement::new(elements.name(), index, elements.count(), element);
    Abort::Refused(Refusal { element: Some(refused), error })
}
