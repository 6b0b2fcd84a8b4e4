//! A set call: an array of changes that becomes visible at once in each space.

#![forbid(unsafe_code)]

use super::Guest;
use super::change::Change;
use crate::abi::types::gasp_region;
use crate::error::{Element, Error, Refusal};
use crate::fatal;
use crate::lock::Held;
use crate::map::Draft;
use crate::space::{Kind, Space};

/// The array of a set call. It is read element by element and not past one that is refused, so
/// that a wrong count does no harm where it can be avoided.
pub(crate) trait Elements {
    /// How many there are, at least one.
    fn count(&self) -> u32;
    /// One of them.
    fn get(&self, index: u32) -> gasp_region;
}

/// Who has to hold the lock of a running guest in strict mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locking {
    ByCaller,
    ByUs,
}

impl Guest {
    /// Makes changes, up to the first one that is refused.
    pub(crate) fn set(&self, elements: Result<impl Elements, Refusal>) -> Result<(), Refusal> {
        self.set_with(&elements?, Locking::ByCaller)
    }

    /// Makes changes; if one is refused, the process ends.
    pub(crate) fn set_or_die(&self, elements: Result<impl Elements, Refusal>) {
        let done = elements.and_then(|elements| self.set_with(&elements, Locking::ByUs));
        if let Err(refusal) = done {
            let handler = self.fatal_handler();
            fatal::die(&refusal, self.has_started(), handler.as_ref());
        }
    }

    fn set_with(&self, elements: &impl Elements, locking: Locking) -> Result<(), Refusal> {
        let mut done = Transaction::new(self, locking).run(elements);
        // The drafts of that transaction are gone: only now may a lock be waited for.
        if let Err(Stop::NeedsLock) = done {
            done = Transaction::with_locks(self, locking)?.run(elements);
        }
        done.map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Failed(error) => error.into(),
            Stop::NeedsLock => Error::Deadlock(Kind::Ports).into(),
        })
    }
}

/// Why a transaction ended early.
enum Stop {
    /// An element was refused; those before it are in effect.
    Refused(Refusal),
    /// Nothing is in effect.
    Failed(Error),
    /// Nothing is in effect: the lock of another space has to be waited for.
    NeedsLock,
}

/// The spaces that a call has named so far, each with its next state.
struct Transaction<'g> {
    guest: &'g Guest,
    locking: Locking,
    memory: Option<Open<'g>>,
    ports: Option<Open<'g>>,
    /// Locks taken before any draft was opened; given back after the drafts are gone.
    _locks: Option<[Held; 2]>,
}

/// A space that is being changed. The draft goes first, then the lock.
struct Open<'g> {
    draft: Draft<'g>,
    _held: Held,
}

impl<'g> Transaction<'g> {
    fn new(guest: &'g Guest, locking: Locking) -> Self {
        Self { guest, locking, memory: None, ports: None, _locks: None }
    }

    fn with_locks(guest: &'g Guest, locking: Locking) -> Result<Self, Error> {
        let memory = guest.memory.lock.hold(Kind::Memory)?;
        let ports = guest.ports.lock.hold(Kind::Ports)?;
        Ok(Self { _locks: Some([memory, ports]), ..Self::new(guest, locking) })
    }

    fn run(&mut self, elements: &impl Elements) -> Result<(), Stop> {
        for index in 0..elements.count() {
            let element = elements.get(index);
            match self.make(&element) {
                Ok(()) => {}
                Err(Stop::Failed(error)) if error != Error::NoMemory => {
                    self.commit();
                    return Err(Stop::Refused(refusal(index, elements.count(), &element, error)));
                }
                Err(stop) => return Err(stop),
            }
        }
        self.commit();
        Ok(())
    }

    fn make(&mut self, element: &gasp_region) -> Result<(), Stop> {
        let change = Change::parse(element).map_err(Stop::Failed)?;
        let strict = self.guest.strict;
        if self.lock_missing(change.kind) {
            let map = &self.guest.space(change.kind).map;
            return Err(Stop::Failed(change.refusal_without_lock(map)));
        }
        self.open(change.kind)?;
        match self.opened(change.kind) {
            Some(open) => change.apply(&mut open.draft, strict).map_err(Stop::Failed),
            None => Ok(()),
        }
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
            space.lock.hold(kind).map_err(|error| Stop::Refused(error.into()))?
        } else {
            // Readers and others may wait for an open draft, so nobody waits with one.
            space.lock.try_hold(kind).ok_or(Stop::NeedsLock)?
        };
        *self.place(kind) = Some(Open { draft: space.map.draft(), _held: held });
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

    fn commit(&mut self) {
        for open in [&mut self.memory, &mut self.ports].into_iter().flatten() {
            open.draft.commit();
        }
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
