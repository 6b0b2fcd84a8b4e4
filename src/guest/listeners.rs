//! The listeners of a guest, and the order in which they are notified.
//!
//! Listeners are notified of a change while the locks of its spaces are held: all prepare, then the
//! change is published, then all commit. If one refuses, those that have prepared abort, the last
//! one first. The list is locked from before the first draft of the change is opened until the last
//! callback has returned, so callbacks of one guest never run at the same time. Listeners are added
//! and removed with the locks of both spaces held, so a thread that holds one of these locks knows
//! whether there are any.
//!
//! A callback that is left without returning (`pthread_exit`, cancellation, `longjmp`) leaves locks
//! taken and a draft open, which nobody can repair: the process ends when that shows.

#![forbid(unsafe_code)]

use super::difference::Difference;
use super::fatal;
use crate::callback::Listener;
use crate::error::Error;
use crate::sys::thread::{NO_THREAD, this_thread, watched_thread};
use core::cell::Cell;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use gasp_abi::{gasp_cost, gasp_difference};
use parking_lot::{Mutex, MutexGuard};

thread_local! {
    /// The place on the stack of the innermost call of a listener that this thread is in;
    /// [`OUTSIDE`]: none. Without a destructor, so that the library can be unloaded.
    static INNERMOST: Cell<usize> = const { Cell::new(OUTSIDE) };
}

const OUTSIDE: usize = 0;

/// Called when a thread ends: the process ends too, if the thread has left a listener's callback.
pub(crate) fn thread_ends() {
    if INNERMOST.get() != OUTSIDE {
        fatal::die_of_left_listener();
    }
}

/// The listeners of a guest.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    list: Mutex<List>,
    /// The number of listeners.
    count: AtomicUsize,
    /// The thread that is in a callback of a listener, or [`NO_THREAD`].
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
    /// Whether there are any. The calling thread must hold the lock of a space.
    pub(super) fn is_any(&self) -> bool {
        self.count.load(Relaxed) != 0
    }

    /// Refuses a call that is made inside a listener callback.
    pub(super) fn refuse_inside(&self) -> Result<(), Error> {
        if self.is_inside() { Err(Self::inside()) } else { Ok(()) }
    }

    /// Whether the calling thread is inside a listener callback, or has left one.
    pub(super) fn is_inside(&self) -> bool {
        let thread = self.notifying.load(Relaxed);
        thread != NO_THREAD && thread == this_thread()
    }

    #[cold]
    fn inside() -> Error {
        let mark = MaybeUninit::<u8>::uninit();
        // What is called inside of a callback is below it on the stack.
        if INNERMOST.get() <= ptr::from_ref(&mark).addr() {
            fatal::die_of_left_listener();
        }
        Error::InListener
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
    /// The cost of a change for all listeners, unless one would refuse it.
    pub(super) fn estimate(&self, difference: &Difference) -> Result<gasp_cost, Error> {
        let change = difference.to_c();
        self.call(|entries| {
            entries.iter().try_fold(gasp_cost::NOTHING, |total, entry| {
                entry.listener.estimate(&change).map(|cost| sum(total, cost)).map_err(vetoed)
            })
        })
    }

    /// Has all listeners prepare a change. If one refuses, those before it abort.
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

    /// Notifies all listeners that the change they prepared is visible.
    pub(super) fn commit(&self, difference: &Difference, _prepared: Prepared) {
        let change = difference.to_c();
        self.call(|entries| entries.iter().for_each(|entry| entry.listener.commit(&change)));
    }

    fn call<T>(&self, functions: impl FnOnce(&[Entry]) -> T) -> T {
        self.call_with(&self.list.entries, functions)
    }

    /// Runs `functions`, which makes calls to listeners, marked as being inside a callback.
    #[inline(never)] // for a frame below that of the function that changes the guest
    fn call_with<T>(&self, entries: &[Entry], functions: impl FnOnce(&[Entry]) -> T) -> T {
        let mark = MaybeUninit::<u8>::uninit();
        let here = ptr::from_ref(&mark).addr();
        let outer = INNERMOST.replace(here);
        self.listeners.notifying.store(watched_thread(), Relaxed);
        let result = functions(entries);
        self.listeners.notifying.store(NO_THREAD, Relaxed);
        if INNERMOST.replace(outer) != here {
            fatal::die_of_left_listener();
        }
        result
    }

    /// Notifies one listener alone of a difference that is not empty.
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

    /// Notifies a listener that has been removed of removed regions, which it cannot refuse.
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

/// The error for a listener's refusal. A number outside 1 to 4095 becomes `EINVAL`.
fn vetoed(errno: c_int) -> Error {
    const LARGEST: c_int = 4095;
    Error::Vetoed(if (1..=LARGEST).contains(&errno) { errno } else { libc::EINVAL })
}

/// The cost for two listeners together.
fn sum(one: gasp_cost, other: gasp_cost) -> gasp_cost {
    gasp_cost {
        slots: one.slots.saturating_add(other.slots),
        slots_left: one.slots_left.min(other.slots_left),
        ioctls: one.ioctls.saturating_add(other.ioctls),
    }
}
