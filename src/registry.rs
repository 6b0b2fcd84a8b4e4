//! Handles: what C holds of a guest.
//!
//! A handle points to a slot that is never freed, so that a handle of a destroyed guest can be
//! recognised. A slot is used again only when 1,024 more guests have been created.

#![allow(unsafe_code)]

use crate::error::Error;
use crate::guest::{Guest, Locks, Options};
use crate::lock::Lock;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Guests that have to be created before a slot is used again.
const REST: u64 = 1024;

/// In a slot with a guest in it.
const ALIVE: u32 = u32::from_le_bytes(*b"gasp");
/// In a slot without.
const DEAD: u32 = u32::from_le_bytes(*b"dead");

/// A guest: made by the host, handed to vdevs as `vdev_t.v_gsp`, opaque to C.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct guest_system {
    state: AtomicU32,
    guest: UnsafeCell<MaybeUninit<Guest>>,
    locks: Locks,
}

// SAFETY: `guest` is written only by `fill` and `destroy`, on a slot that no other call uses: it is
// not yet handed out, or its destroyer promised so. In between it is only read, and `Guest` is
// Send and Sync.
unsafe impl Sync for guest_system {}
// SAFETY: as above; nothing in a slot belongs to a thread.
unsafe impl Send for guest_system {}

impl fmt::Debug for guest_system {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("guest_system").finish_non_exhaustive()
    }
}

impl guest_system {
    fn new() -> Self {
        Self {
            state: AtomicU32::new(DEAD),
            guest: UnsafeCell::new(MaybeUninit::uninit()),
            locks: [Lock::new(), Lock::new()],
        }
    }

    /// The guest in the slot, unless it was destroyed.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Guest> {
        if self.state.load(Acquire) != ALIVE {
            return None;
        }
        // SAFETY: nobody writes: the state says that `fill` is done, and `destroy` may not run at
        // the same time as a call that uses the handle.
        let guest = unsafe { &*self.guest.get() };
        // SAFETY: `fill` wrote the guest before it set the state.
        Some(unsafe { guest.assume_init_ref() })
    }

    fn fill(&'static self, options: Options) {
        // A thread may have kept a lock of the guest that was here before.
        self.locks.iter().for_each(Lock::reset);
        let guest = Guest::new(options, &self.locks);
        // SAFETY: the slot has no guest, and nobody else fills it: it was just made or taken from
        // the queue.
        unsafe { &mut *self.guest.get() }.write(guest);
        self.state.store(ALIVE, Release);
    }
}

/// Slots without a guest, in the order in which they were emptied, each with the number of guests
/// that had been created by then.
#[derive(Debug)]
struct Slots {
    created: u64,
    /// How many slots there are.
    made: usize,
    resting: VecDeque<(u64, &'static guest_system)>,
}

static SLOTS: Mutex<Slots> = Mutex::new(Slots { created: 0, made: 0, resting: VecDeque::new() });

/// Makes a guest.
pub(crate) fn create(options: Options) -> Result<&'static guest_system, Error> {
    let mut slots = SLOTS.lock();
    let created = slots.created;
    let rested = slots.resting.pop_front_if(|(since, _)| created - *since >= REST);
    let slot = match rested {
        Some((_, slot)) => slot,
        None => new_slot(&mut slots)?,
    };
    slots.created += 1;
    slot.fill(options);
    Ok(slot)
}

/// Makes a slot, and room for it in the queue, so that destroying a guest cannot fail.
fn new_slot(slots: &mut Slots) -> Result<&'static guest_system, Error> {
    let room = slots.made + 1 - slots.resting.len();
    slots.resting.try_reserve(room).map_err(|_| Error::NoMemory)?;
    let mut slot = Vec::new();
    slot.try_reserve_exact(1).map_err(|_| Error::NoMemory)?;
    slot.push(guest_system::new());
    slots.made += 1;
    Ok(&slot.leak()[0])
}

/// Destroys a guest. NULL, and a handle whose guest is destroyed, are left alone.
///
/// # Safety
/// `handle` is NULL or came from [`create`], and no other call uses it at the same time.
pub(crate) unsafe fn destroy(handle: *mut guest_system) {
    // SAFETY: a handle that came from `create` points to a slot, which is never freed.
    let Some(slot) = (unsafe { handle.cast_const().as_ref::<'static>() }) else {
        return;
    };
    let mut slots = SLOTS.lock();
    if slot.state.swap(DEAD, Release) != ALIVE {
        return;
    }
    // SAFETY: no call uses the slot, and the state keeps later ones away.
    let guest = unsafe { &mut *slot.guest.get() };
    // SAFETY: the slot had a guest.
    unsafe { guest.assume_init_drop() };
    let created = slots.created;
    slots.resting.push_back((created, slot));
}
