//! Adding and removing listeners.

#![forbid(unsafe_code)]

use super::difference::{Difference, SpaceDifference, each_removed};
use super::listeners::Entry;
use super::state::Guest;
use crate::callback::Listener;
use crate::error::Error;
use crate::value::kind::SpaceKind;

impl Guest {
    /// Adds a listener, after notifying it of the present map as added. Returns its number.
    pub(crate) fn add_listener(&self, listener: Listener) -> Result<u64, Error> {
        self.listeners.refuse_inside()?;
        let _held = [self.memory.hold()?, self.ports.hold()?];
        let mut notifier = self.listeners.lock();
        notifier.list.entries.try_reserve(1).map_err(|_| Error::NoMemory)?;
        let number = notifier.list.last + 1;
        let entry = Entry { number, listener };
        notifier.replay(entry, &self.whole_map(core::convert::identity)?)?;
        notifier.list.last = number;
        notifier.insert(entry);
        Ok(number)
    }

    /// Removes a listener, and notifies it of the whole map as removed.
    pub(crate) fn remove_listener(&self, number: u64) -> Result<(), Error> {
        self.listeners.refuse_inside()?;
        let _held = [self.memory.hold()?, self.ports.hold()?];
        let removed = self.whole_map(SpaceDifference::reversed)?;
        let mut notifier = self.listeners.lock();
        let entry = notifier.remove(number)?;
        if !removed.is_empty() {
            notifier.dismiss(entry, &removed.to_c());
        }
        Ok(())
    }

    /// Removes all listeners, the last one first, because the guest is destroyed. No lock is taken:
    /// a thread may have ended with one held.
    pub(crate) fn remove_listeners(&self) {
        // Who has left a callback has the list locked.
        let _ = self.listeners.refuse_inside();
        let mut notifier = self.listeners.lock();
        if notifier.list.entries.is_empty() {
            return;
        }
        let removed = self.whole_map(SpaceDifference::reversed);
        while let Some(entry) = notifier.pop() {
            match &removed {
                Ok(removed) if removed.is_empty() => {}
                Ok(removed) => notifier.dismiss(entry, &removed.to_c()),
                // Without memory for the list, each region is a difference of its own.
                Err(_) => SpaceKind::ALL.into_iter().for_each(|kind| {
                    let dismiss = |removed: &_| notifier.dismiss(entry, removed);
                    each_removed(self.map(kind), kind, dismiss);
                }),
            }
        }
    }

    /// The whole map as a difference.
    fn whole_map(
        &self,
        direction: impl Fn(SpaceDifference) -> SpaceDifference,
    ) -> Result<Difference, Error> {
        let all = |kind: SpaceKind| {
            SpaceDifference::all_added(self.map(kind), kind.whole()).map(&direction)
        };
        Difference::new(&all(SpaceKind::Memory)?, &all(SpaceKind::Ports)?)
    }
}
