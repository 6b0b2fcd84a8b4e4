//! The listeners of a guest, and how they are called.
//!
//! A change is reported while the locks of its spaces are held: all listeners prepare, then the
//! change is published, then all commit. If one refuses, those that had prepared abort, the last
//! one first. The list is locked from before the first draft of the change is opened until the last
//! function has returned, so no two functions of a guest's listeners run at a time. Listeners come
//! and go with the locks of both spaces held, so a thread that holds one of them knows whether
//! there are any.

#![forbid(unsafe_code)]

use super::difference::Difference;
use crate::callback::Listener;
use crate::error::Error;
use crate::sys::thread::{NO_THREAD, this_thread};
use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use gasp_abi::{gasp_cost, gasp_difference};
use parking_lot::{Mutex, MutexGuard};

/// The listeners of a guest.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    list: Mutex<List>,
    /// How many listeners there are.
    count: AtomicUsize,
    /// The thread that is in one of their functions.
    notifying: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct List {
    /// The number of the last listener that was added.
    pub(super) last: u64,
    /// By priority, then by number.
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) listener: Listener,
}

impl Listeners {
    /// Whether there are any. The calling thread holds the lock of a space.
    pub(super) fn is_any(&self) -> bool {
        self.count.load(Relaxed) != 0
    }

    /// Refuses a thread that is in a listener's function.
    pub(super) fn refuse_inside(&self) -> Result<(), Error> {
        let thread = self.notifying.load(Relaxed);
        let inside = thread != NO_THREAD && thread == this_thread();
        if inside { Err(Error::InListener) } else { Ok(()) }
    }

    /// Keeps other threads from calling listeners and from changing the list.
    pub(super) fn lock(&self) -> Notifier<'_> {
        Notifier { listeners: self, list: self.list.lock() }
    }
}

/// The listeners, while no other thread calls them.
#[derive(Debug)]
pub(super) struct Notifier<'g> {
    listeners: &'g Listeners,
    pub(super) list: MutexGuard<'g, List>,
}

/// A change that all listeners have prepared.
#[must_use]
pub(super) struct Prepared;

impl Notifier<'_> {
    /// What a change costs all listeners, unless one would refuse it.
    pub(super) fn estimate(&self, difference: &Difference) -> Result<gasp_cost, Error> {
        let change = difference.to_c();
        self.call(|entries| {
            entries.iter().try_fold(gasp_cost::NOTHING, |total, entry| {
                entry.listener.estimate(&change).map(|cost| sum(total, cost)).map_err(vetoed)
            })
        })
    }

    /// Has all listeners prepare a change, or none.
    pub(super) fn prepare(&self, difference: &Difference) -> Result<Prepared, Error> {
        let change = difference.to_c();
        self.call(|entries| {
            for (place, entry) in entries.iter().enumerate() {
                if let Err(errno) = entry.listener.prepare(&change) {
                    abort(&entries[..place], &change);
                    return Err(vetoed(errno));
                }
            }
            Ok(Prepared)
        })
    }

    /// Reports to all listeners that the change they prepared is visible.
    pub(super) fn commit(&self, difference: &Difference, _prepared: Prepared) {
        let change = difference.to_c();
        self.call(|entries| entries.iter().for_each(|entry| entry.listener.commit(&change)));
    }

    fn call<T>(&self, functions: impl FnOnce(&[Entry]) -> T) -> T {
        self.call_with(&self.list.entries, functions)
    }

    /// Runs `functions`, which call functions of listeners.
    fn call_with<T>(&self, entries: &[Entry], functions: impl FnOnce(&[Entry]) -> T) -> T {
        self.listeners.notifying.store(this_thread(), Relaxed);
        let result = functions(entries);
        self.listeners.notifying.store(NO_THREAD, Relaxed);
        result
    }

    /// Reports a change to one listener alone, if there is a difference.
    pub(super) fn replay(&self, entry: Entry, difference: &Difference) -> Result<(), Error> {
        if difference.is_empty() {
            return Ok(());
        }
        let change = difference.to_c();
        self.call_with(&[entry], |_| {
            entry.listener.prepare(&change).map_err(vetoed)?;
            entry.listener.commit(&change);
            Ok(())
        })
    }

    /// Reports to a listener that has left the list that the map goes. It cannot refuse that.
    pub(super) fn dismiss(&self, entry: Entry, removed: &gasp_difference) {
        self.call_with(&[entry], |_| {
            let _ = entry.listener.prepare(removed);
            entry.listener.commit(removed);
        });
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let priority = entry.listener.priority();
        let entries = &mut self.list.entries;
        let place = entries.partition_point(|other| other.listener.priority() <= priority);
        entries.insert(place, entry);
        self.listeners.count.store(entries.len(), Relaxed);
    }

    pub(super) fn remove(&mut self, number: u64) -> Result<Entry, Error> {
        let entries = &mut self.list.entries;
        let place = entries.iter().position(|entry| entry.number == number);
        let entry = entries.remove(place.ok_or(Error::NoListener(number))?);
        self.listeners.count.store(entries.len(), Relaxed);
        Ok(entry)
    }

    /// Removes the last listener.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.list.entries.pop()?;
        self.listeners.count.store(self.list.entries.len(), Relaxed);
        Some(entry)
    }
}

fn abort(prepared: &[Entry], change: &gasp_difference) {
    prepared.iter().rev().for_each(|entry| entry.listener.abort(change));
}

/// The refusal of a listener. A number that is no error number becomes one.
fn vetoed(errno: c_int) -> Error {
    const LARGEST: c_int = 4095;
    Error::Vetoed(if (1..=LARGEST).contains(&errno) { errno } else { libc::EINVAL })
}

/// What two listeners cost together.
fn sum(one: gasp_cost, other: gasp_cost) -> gasp_cost {
    gasp_cost {
        slots: one.slots.saturating_add(other.slots),
        slots_left: one.slots_left.min(other.slots_left),
        ioctls: one.ioctls.saturating_add(other.ioctls),
    }
}
