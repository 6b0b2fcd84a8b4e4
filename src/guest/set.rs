//! A set call: an array of changes that become visible in one step in each space.

#![forbid(unsafe_code)]

use super::change::{Change, Rules};
use super::fatal;
use super::request::{Elements, Outcome, SetOptions};
use super::state::Guest;
use super::transaction::{Abort, Locking, Transaction};
use crate::error::Error;
use crate::error::refusal::Refusal;
use crate::value::element::Element;
use gasp_abi::gasp_cost;

impl Guest {
    /// Makes the changes of a set call, up to the first refused one.
    pub(crate) fn set(&self, elements: Result<impl Elements, Refusal>) -> Result<(), Refusal> {
        let elements = elements?;
        if elements.count() == 1 && self.set_one(&elements.get(0)).is_some() {
            return Ok(());
        }
        let mut cost = gasp_cost::NOTHING;
        self.set_with(&elements, Locking::ByCaller, SetOptions::default(), &mut cost)
    }

    /// The fast path: one element, default mode, no listeners, no refusal. `None`: nothing has
    /// happened, and a transaction has to make the call.
    #[inline]
    fn set_one(&self, element: &Element) -> Option<()> {
        // `is_any` alone does not do: a listener that is being added or removed is notified while
        // it is not in the list.
        self.listeners.refuse_inside().ok()?;
        let change = Change::parse(element).ok().filter(|_| !self.strict)?;
        let space = self.space(change.kind);
        let _held = space.hold().ok().filter(|_| !self.listeners.is_any())?;
        let mut draft = space.map.draft();
        let rules = Rules::of(false, &SetOptions::default());
        let window = change.judge(&draft, rules).ok()?;
        change.make(&mut draft, &window).ok()?;
        draft.commit();
        Some(())
    }

    /// Makes the changes of a set call. If one is refused, the process ends.
    pub(crate) fn set_or_die(&self, elements: Result<impl Elements, Refusal>) {
        let (options, mut cost) = (SetOptions::default(), gasp_cost::NOTHING);
        let done = elements
            .and_then(|elements| self.set_with(&elements, Locking::ByCall, options, &mut cost));
        if let Err(refusal) = done {
            let handler = self.fatal_handler();
            fatal::die(&refusal, self.has_started(), handler);
        }
    }

    /// Makes the changes of a set call with options.
    pub(crate) fn set_as(
        &self,
        elements: Result<impl Elements, Refusal>,
        options: SetOptions,
    ) -> Outcome {
        let mut cost = gasp_cost::NOTHING;
        let result = elements
            .and_then(|elements| self.set_with(&elements, Locking::ByCall, options, &mut cost));
        Outcome { result, cost }
    }

    /// Makes the changes in a transaction. `cost` becomes their cost, if an option asks for it.
    fn set_with(
        &self,
        elements: &impl Elements,
        locking: Locking,
        options: SetOptions,
        cost: &mut gasp_cost,
    ) -> Result<(), Refusal> {
        let done = Transaction::new(self, locking, options).run(elements, cost);
        // The drafts of the first transaction are dropped here, so waiting for locks is allowed.
        let done = match done {
            Err(Abort::NeedsLock) => Transaction::with_locks(self, locking, options)
                .map_err(Abort::Failed)
                .and_then(|mut transaction| transaction.run(elements, cost)),
            done => done,
        };
        done.map_err(|abort| match abort {
            Abort::Refused(refusal) => refusal,
            other => Error::from(other).into(),
        })
    }
}
