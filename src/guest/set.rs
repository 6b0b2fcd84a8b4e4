//! A set call: an array of changes that becomes visible at once in each space.

#![forbid(unsafe_code)]

use super::Guest;
use super::change::{Change, Rules};
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
            let handler = self.fatal.lock().clone();
            fatal::die(&refusal, self.has_started(), handler.as_ref());
        }
    }

    fn set_with(&self, elements: &impl Elements, locking: Locking) -> Result<(), Refusal> {
        // Ports were locked before an element named memory: again, in the order of locks.
        match Transaction::new(self, locking).run(elements) {
            Err(Stop::OutOfOrder) => {
                let mut transaction = Transaction::new(self, locking);
                transaction.open(Kind::Memory)?;
                transaction.open(Kind::Ports)?;
                transaction.run(elements)
            }
            other => other,
        }
        .map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Failed(error) => error.into(),
            Stop::OutOfOrder => Error::Deadlock(Kind::Memory).into(),
        })
    }
}

/// Why a transaction ended early.
enum Stop {
    /// An element was refused; those before it are in effect.
    Refused(Refusal),
    /// Nothing is in effect.
    Failed(Error),
    /// Nothing is in effect: memory has to be locked before ports.
    OutOfOrder,
}

/// The spaces that a call has named so far, each with its lock and its next state.
struct Transaction<'g> {
    guest: &'g Guest,
    locking: Locking,
    memory: Option<Open<'g>>,
    ports: Option<Open<'g>>,
}

/// A space that is being changed. The draft goes first, then the lock.
struct Open<'g> {
    draft: Draft<'g>,
    held: Held,
}

impl<'g> Transaction<'g> {
    fn new(guest: &'g Guest, locking: Locking) -> Self {
        Self { guest, locking, memory: None, ports: None }
    }

    fn run(mut self, elements: &impl Elements) -> Result<(), Stop> {
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
        let rules = self.rules(change.kind);
        if rules.lock_missing {
            // It will be refused: that needs a look at the map, but must not wait for the holder.
            let mut draft = self.guest.space(change.kind).map.draft();
            return change.apply(&mut draft, rules).map_err(Stop::Failed);
        }
        self.open_in_order(change.kind)?;
        match self.opened(change.kind) {
            Some(open) => change.apply(&mut open.draft, rules).map_err(Stop::Failed),
            None => Ok(()),
        }
    }

    fn rules(&self, kind: Kind) -> Rules {
        let strict = self.guest.strict;
        let needs_lock = strict && self.guest.has_started() && self.locking == Locking::ByCaller;
        let lock_missing = needs_lock && !self.guest.space(kind).lock.is_mine();
        Rules { lock_missing, strict }
    }

    fn open_in_order(&mut self, kind: Kind) -> Result<(), Stop> {
        if self.opened(kind).is_some() {
            return Ok(());
        }
        if kind == Kind::Memory && self.ports.is_some() {
            return Err(Stop::OutOfOrder);
        }
        // A lock that cannot be had is the call's failure, not the element's.
        self.open(kind).map_err(|error| Stop::Refused(error.into()))
    }

    fn open(&mut self, kind: Kind) -> Result<(), Error> {
        let space: &'g Space = self.guest.space(kind);
        let held = space.lock.hold(kind)?;
        let draft = space.map.draft();
        *self.place(kind) = Some(Open { draft, held });
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

    fn commit(self) {
        for open in [self.memory, self.ports].into_iter().flatten() {
            open.draft.commit();
            drop(open.held);
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
