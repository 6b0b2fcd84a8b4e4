//! Slots: the memory that handles of C callers point to.
//!
//! A slot is never freed, so the handle of a destroyed value can be recognised. A slot is reused
//! only after 1,024 more values of its kind have been created.

use crate::sys::failure::OutOfMemory;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// The number of values that must be created before an emptied slot is reused.
const REUSE_AFTER: u64 = 1024;

/// The state of a slot that holds a value.
const ALIVE: u32 = u32::from_le_bytes(*b"gasp");
/// The state of a slot that is empty.
const DEAD: u32 = u32::from_le_bytes(*b"dead");

/// Memory for a value that can be destroyed, and data (`kept`) that stays.
pub(crate) struct Slot<T, K = ()> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
    /// Data that lives as long as the process.
    pub(crate) kept: K,
}

// SAFETY: `value` is written only by `fill` and `empty`, whose callers promise that no other call
// uses the slot. Between them, threads only read it.
unsafe impl<T: Send + Sync, K: Sync> Sync for Slot<T, K> {}

impl<T, K> fmt::Debug for Slot<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl<T, K> Slot<T, K> {
    fn new(kept: K) -> Self {
        let value = UnsafeCell::new(MaybeUninit::uninit());
        Self { state: AtomicU32::new(DEAD), value, kept }
    }

    /// The value, unless it was destroyed.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        if self.state.load(Acquire) != ALIVE {
            return None;
        }
        // SAFETY: no thread writes the value: the state says that `fill` has ended, and the caller
        // of `empty` promised that no other call, such as this one, uses the slot.
        let value = unsafe { &*self.value.get() };
        // SAFETY: `fill` wrote the value before it set the state.
        Some(unsafe { value.assume_init_ref() })
    }

    /// Puts a value into an empty slot.
    ///
    /// # Safety
    /// No other call uses the slot.
    unsafe fn fill(&self, value: T) {
        // SAFETY: no other call uses the slot, as the caller promises, so no other reference
        // exists.
        unsafe { &mut *self.value.get() }.write(value);
        self.state.store(ALIVE, Release);
    }

    /// Drops the value. The result is false if there is none.
    ///
    /// # Safety
    /// No other call uses the slot.
    unsafe fn empty(&self) -> bool {
        if self.state.swap(DEAD, Release) != ALIVE {
            return false;
        }
        // SAFETY: no other call uses the slot, as the caller promises; later calls see the state.
        let value = unsafe { &mut *self.value.get() };
        // SAFETY: the state was `ALIVE`, so `fill` had written the value.
        unsafe { value.assume_init_drop() };
        true
    }
}

/// All slots for one type of value.
pub(crate) struct Slots<T: 'static, K: 'static = ()>(Mutex<List<T, K>>);

struct List<T: 'static, K: 'static> {
    /// The number of values ever created.
    created: u64,
    /// The number of slots.
    slots: usize,
    /// Empty slots in the order in which they were emptied, each with the value that `created` had
    /// then.
    empty: VecDeque<(u64, &'static Slot<T, K>)>,
}

impl<T, K> Slots<T, K> {
    /// No slots yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(List { created: 0, slots: 0, empty: VecDeque::new() }))
    }

    /// Puts a new value into a slot. `keep` makes the permanent data of a new slot, `make` the
    /// value.
    pub(crate) fn create(
        &self,
        keep: impl FnOnce() -> K,
        make: impl FnOnce(&'static Slot<T, K>) -> T,
    ) -> Result<&'static Slot<T, K>, OutOfMemory> {
        let slot = self.0.lock().take(keep)?;
        // SAFETY: `take` returned an empty slot to this call only, and no caller has it yet.
        unsafe { slot.fill(make(slot)) };
        Ok(slot)
    }

    /// Destroys the value in a slot, if there is one.
    ///
    /// # Safety
    /// The slot is one of these, and no other call uses it.
    pub(crate) unsafe fn destroy(&self, slot: &'static Slot<T, K>) {
        // SAFETY: no other call uses the slot, as the caller promises.
        if unsafe { slot.empty() } {
            let mut list = self.0.lock();
            let created = list.created;
            list.empty.push_back((created, slot));
        }
    }
}

impl<T, K> List<T, K> {
    fn take(&mut self, keep: impl FnOnce() -> K) -> Result<&'static Slot<T, K>, OutOfMemory> {
        let slot = match self.empty.front() {
            Some((since, slot)) if self.created - since >= REUSE_AFTER => {
                let slot = *slot;
                self.empty.pop_front();
                slot
            }
            _ => self.add(keep)?,
        };
        self.created += 1;
        Ok(slot)
    }

    /// Makes a slot, and reserves its place in the list of empty ones, so that `destroy` cannot
    /// fail.
    fn add(&mut self, keep: impl FnOnce() -> K) -> Result<&'static Slot<T, K>, OutOfMemory> {
        let room = self.slots + 1 - self.empty.len();
        self.empty.try_reserve(room).map_err(|_| OutOfMemory)?;
        let mut slot = Vec::new();
        slot.try_reserve_exact(1).map_err(|_| OutOfMemory)?;
        slot.push(Slot::new(keep()));
        self.slots += 1;
        Ok(&slot.leak()[0])
    }
}
