//! Who follows the changes of a guest, and how they are told.
//!
//! A change is told while the locks of its spaces are held: all listeners prepare, then it is
//! published, then all commit; if one refuses, those that had prepared abort, last one first.
//! The list is locked from before the first draft of the change is opened until after the last
//! function has returned, so no two functions of a guest's listeners run at a time. Listeners
//! come and go with the locks of both spaces held, so who holds one knows whether there are any.
//!
//! Lock order: the spaces' locks, the list, the maps' writers.

#![forbid(unsafe_code)]

use super::Guest;
use super::difference::{Difference, Part, each_goes};
use crate::callback::listener::Functions;
use crate::error::Error;
use crate::space::Kind;
use crate::space::lock::this_thread;
use crate::value::range::{Location, Range};
use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use gasp_abi::{gasp_cost, gasp_difference};
use parking_lot::{Mutex, MutexGuard};

/// No thread is in a listener's function.
const NOBODY: u64 = 0;

/// Those who follow the changes of a guest.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    list: Mutex<List>,
    /// How many there are.
    count: AtomicUsize,
    /// The thread that is in their functions.
    teller: AtomicU64,
}

#[derive(Debug, Default)]
struct List {
    /// The number of the last one that was added.
    last: u64,
    /// By priority, then by number.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    number: u64,
    functions: Functions,
}

impl Listeners {
    /// Whether there are any. Asked with the lock of a space held.
    pub(super) fn are_there(&self) -> bool {
        self.count.load(Relaxed) != 0
    }

    /// Refuses a thread that is in a listener's function.
    pub(super) fn refuse_teller(&self) -> Result<(), Error> {
        let teller = self.teller.load(Relaxed);
        if teller != NOBODY && teller == this_thread() { Err(Error::InListener) } else { Ok(()) }
    }

    /// Keeps the others from telling and being told.
    pub(super) fn lock(&self) -> Telling<'_> {
        Telling { listeners: self, list: self.list.lock() }
    }
}

/// The listeners, while nobody else tells them anything.
#[derive(Debug)]
pub(super) struct Telling<'g> {
    listeners: &'g Listeners,
    list: MutexGuard<'g, List>,
}

/// A change that all listeners have prepared.
#[must_use]
pub(super) struct Prepared;

impl Telling<'_> {
    /// What a change costs all of them, unless one would refuse it.
    pub(super) fn estimate(&self, difference: &Difference) -> Result<gasp_cost, Error> {
        let change = difference.to_c();
        self.call(|entries| {
            entries.iter().try_fold(gasp_cost::NOTHING, |total, entry| {
                entry.functions.estimate(&change).map(|cost| sum(total, cost)).map_err(vetoed)
            })
        })
    }

    /// Has all of them prepare a change, or none.
    pub(super) fn prepare(&self, difference: &Difference) -> Result<Prepared, Error> {
        let change = difference.to_c();
        self.call(|entries| {
            for (place, entry) in entries.iter().enumerate() {
                if let Err(errno) = entry.functions.prepare(&change) {
                    abort(&entries[..place], &change);
                    return Err(vetoed(errno));
                }
            }
            Ok(Prepared)
        })
    }

    /// Tells all of them that the change they prepared is visible.
    pub(super) fn commit(&self, difference: &Difference, _prepared: Prepared) {
        let change = difference.to_c();
        self.call(|entries| entries.iter().for_each(|entry| entry.functions.commit(&change)));
    }

    /// Calls functions of the listeners.
    fn call<T>(&self, functions: impl FnOnce(&[Entry]) -> T) -> T {
        self.call_with(&self.list.entries, functions)
    }

    fn call_with<T>(&self, entries: &[Entry], functions: impl FnOnce(&[Entry]) -> T) -> T {
        self.listeners.teller.store(this_thread(), Relaxed);
        let result = functions(entries);
        self.listeners.teller.store(NOBODY, Relaxed);
        result
    }

    /// Has one listener follow a change alone, if there is anything to follow.
    fn replay(&self, entry: Entry, difference: &Difference) -> Result<(), Error> {
        if difference.is_empty() {
            return Ok(());
        }
        let change = difference.to_c();
        self.call_with(&[entry], |_| {
            entry.functions.prepare(&change).map_err(vetoed)?;
            entry.functions.commit(&change);
            Ok(())
        })
    }

    /// Tells a listener that is no longer in the list. That it cannot stay is not up to it.
    fn dismiss(&self, entry: Entry, gone: &gasp_difference) {
        self.call_with(&[entry], |_| {
            let _ = entry.functions.prepare(gone);
            entry.functions.commit(gone);
        });
    }

    fn insert(&mut self, entry: Entry) {
        let priority = entry.functions.priority();
        let entries = &mut self.list.entries;
        let place = entries.partition_point(|other| other.functions.priority() <= priority);
        entries.insert(place, entry);
        self.listeners.count.store(entries.len(), Relaxed);
    }

    fn remove(&mut self, number: u64) -> Result<Entry, Error> {
        let entries = &mut self.list.entries;
        let place = entries.iter().position(|entry| entry.number == number);
        let entry = entries.remove(place.ok_or(Error::NoListener(number))?);
        self.listeners.count.store(entries.len(), Relaxed);
        Ok(entry)
    }
}

fn abort(prepared: &[Entry], change: &gasp_difference) {
    prepared.iter().rev().for_each(|entry| entry.functions.abort(change));
}

/// A number that is no error number becomes one.
fn vetoed(errno: c_int) -> Error {
    const LARGEST: c_int = 4095;
    Error::Vetoed(if (1..=LARGEST).contains(&errno) { errno } else { libc::EINVAL })
}

impl Guest {
    /// Adds a listener, which is told of the present map first. Its number.
    pub(crate) fn add_listener(&self, functions: Functions) -> Result<u64, Error> {
        self.listeners.refuse_teller()?;
        let _held = [self.memory.hold()?, self.ports.hold()?];
        let mut telling = self.listeners.lock();
        telling.list.entries.try_reserve(1).map_err(|_| Error::NoMemory)?;
        let number = telling.list.last + 1;
        let entry = Entry { number, functions };
        telling.replay(entry, &self.whole_map(core::convert::identity)?)?;
        telling.list.last = number;
        telling.insert(entry);
        Ok(number)
    }

    /// Removes a listener, which is told that all of the map goes.
    pub(crate) fn remove_listener(&self, number: u64) -> Result<(), Error> {
        self.listeners.refuse_teller()?;
        let _held = [self.memory.hold()?, self.ports.hold()?];
        let gone = self.whole_map(Part::reversed)?;
        let mut telling = self.listeners.lock();
        let entry = telling.remove(number)?;
        if !gone.is_empty() {
            telling.dismiss(entry, &gone.to_c());
        }
        Ok(())
    }

    /// Removes all listeners, last one first, when the guest ends. Locks may be left held then.
    pub(crate) fn remove_listeners(&self) {
        let mut telling = self.listeners.lock();
        let Some(_) = telling.list.entries.last() else { return };
        let gone = self.whole_map(Part::reversed);
        while let Some(Entry { number, .. }) = telling.list.entries.last().copied()
            && let Ok(entry) = telling.remove(number)
        {
            match &gone {
                Ok(gone) if gone.is_empty() => {}
                Ok(gone) => telling.dismiss(entry, &gone.to_c()),
                // No memory for a list is no reason to leave anybody with what goes now.
                Err(_) => [Kind::Memory, Kind::Ports].into_iter().for_each(|kind| {
                    each_goes(self.map(kind), kind, |gone| telling.dismiss(entry, gone));
                }),
            }
        }
    }

    /// All of the map, as a change.
    fn whole_map(&self, direction: impl Fn(Part) -> Part) -> Result<Difference, Error> {
        let part = |kind: Kind| -> Result<Part, Error> {
            let all = Range::from_ends(Location::new(0), kind.last());
            let part = all.map_or(Ok(Part::default()), |all| Part::all_comes(self.map(kind), all));
            part.map(&direction)
        };
        Difference::new(&part(Kind::Memory)?, &part(Kind::Ports)?)
    }
}

/// What two listeners cost together.
fn sum(one: gasp_cost, other: gasp_cost) -> gasp_cost {
    gasp_cost {
        slots: one.slots.saturating_add(other.slots),
        slots_left: one.slots_left.min(other.slots_left),
        ioctls: one.ioctls.saturating_add(other.ioctls),
    }
}
