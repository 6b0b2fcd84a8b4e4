//! A set call: an array of changes that becomes visible at once in each space.

#![forbid(unsafe_code)]

use super::Guest;
use super::change::{Change, Rules};
use super::transaction::{Locking, Stop, Transaction};
use crate::error::{Error, Refusal};
use crate::guest::fatal;
use gasp_abi::{gasp_cost, gasp_region};

/// The array of a set call. It is read element by element and not past one that is refused, so
/// that a wrong count does no harm where it can be avoided.
pub(crate) trait Elements {
    /// How many there are, at least one.
    fn count(&self) -> u32;
    /// One of them.
    fn get(&self, index: u32) -> gasp_region;
}

/// What a set call does beyond QNX's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct How {
    /// All elements or none, judged on what they leave behind.
    pub(crate) whole: bool,
    /// Nothing happens.
    pub(crate) dry: bool,
    /// What it costs is asked for.
    pub(crate) priced: bool,
}

/// How a set call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Which element was refused, if one was.
    pub(crate) result: Result<(), Refusal>,
    /// What the change costs those who follow it.
    pub(crate) cost: gasp_cost,
}

impl Outcome {
    /// Nobody followed anything.
    pub(crate) fn of(result: Result<(), Refusal>) -> Self {
        Self { result, cost: gasp_cost::NOTHING }
    }
}

impl Guest {
    /// Makes changes, up to the first one that is refused.
    pub(crate) fn set(&self, elements: Result<impl Elements, Refusal>) -> Result<(), Refusal> {
        let elements = elements?;
        if elements.count() == 1 && self.set_one(&elements.get(0)).is_some() {
            return Ok(());
        }
        let mut cost = gasp_cost::NOTHING;
        self.set_with(&elements, Locking::ByCaller, How::default(), &mut cost)
    }

    /// The usual call: one element, nobody asks about locks, nobody follows, and it is not
    /// refused. `None`: nothing has happened, and the call has to go the long way.
    #[inline]
    fn set_one(&self, element: &gasp_region) -> Option<()> {
        // A listener that comes or goes is told while it is not among those who are there.
        self.listeners.refuse_teller().ok()?;
        let change = Change::parse(element).ok().filter(|_| !self.strict)?;
        let space = self.space(change.kind);
        let _held = space.hold().ok().filter(|_| !self.listeners.are_there())?;
        let mut draft = space.map.draft();
        let rules = Rules { strict: false, edges: true };
        change.apply(&mut draft, rules, || None).ok()?;
        draft.commit();
        Some(())
    }

    /// Makes changes; if one is refused, the process ends.
    pub(crate) fn set_or_die(&self, elements: Result<impl Elements, Refusal>) {
        let (how, mut cost) = (How::default(), gasp_cost::NOTHING);
        let done =
            elements.and_then(|elements| self.set_with(&elements, Locking::ByUs, how, &mut cost));
        if let Err(refusal) = done {
            let handler = self.fatal_handler();
            fatal::die(&refusal, self.has_started(), handler.as_ref());
        }
    }

    /// Makes changes as the host wants it.
    pub(crate) fn set_as(&self, elements: Result<impl Elements, Refusal>, how: How) -> Outcome {
        let mut cost = gasp_cost::NOTHING;
        let result =
            elements.and_then(|elements| self.set_with(&elements, Locking::ByUs, how, &mut cost));
        Outcome { result, cost }
    }

    /// `cost` becomes what it costs, if that is asked for.
    fn set_with(
        &self,
        elements: &impl Elements,
        locking: Locking,
        how: How,
        cost: &mut gasp_cost,
    ) -> Result<(), Refusal> {
        let done = Transaction::new(self, locking, how).run(elements, cost);
        // The drafts of that transaction are gone: only now may a lock be waited for.
        let done = match done {
            Err(Stop::NeedsLock) => Transaction::with_locks(self, locking, how)
                .map_err(Stop::Failed)
                .and_then(|mut transaction| transaction.run(elements, cost)),
            done => done,
        };
        done.map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            other => Error::from(other).into(),
        })
    }
}
