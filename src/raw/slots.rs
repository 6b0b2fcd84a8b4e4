//! Slots for values that C holds handles of.
//!
//! A slot is never freed, so the handle of a destroyed value can be recognised. A slot is reused
//! only after 1,024 more values of its kind have been created.

use crate::sys::mapping::OutOfMemory;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// How many values have to be created before a slot is reused.
const REUSE_AFTER: u64 = 1024;

/// The state of a slot that holds a value.
const ALIVE: u32 = u32::from_le_bytes(*b"gasp");
/// The state of a slot that holds none.
const DEAD: u32 = u32::from_le_bytes(*b"dead");

/// Room for a value that comes and goes, beside data that stays.
pub(crate) struct Slot<T, K = ()> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
    /// Stays as long as the process.
    pub(crate) kept: K,
}

// SAFETY: `value` is written only by `fill` and `empty`, on a slot that no other call uses: it is
// not yet handed out, or the caller of `empty` promised so. In between, any thread may read it.
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
        // SAFETY: nobody writes: the state says that `fill` is done, and `empty` does not run at
        // the same time as a call that uses the handle.
        let value = unsafe { &*self.value.get() };
        // SAFETY: `fill` wrote the value before it set the state.
        Some(unsafe { value.assume_init_ref() })
    }

    /// Puts a value into an empty slot.
    ///
    /// # Safety
    /// No other call uses the slot.
    unsafe fn fill(&self, value: T) {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.value.get() }.write(value);
        self.state.store(ALIVE, Release);
    }

    /// Drops the value; false if there is none.
    ///
    /// # Safety
    /// No other call uses the slot.
    unsafe fn empty(&self) -> bool {
        if self.state.swap(DEAD, Release) != ALIVE {
            return false;
        }
        // SAFETY: the caller's promise, and the state keeps later calls away.
        let value = unsafe { &mut *self.value.get() };
        // SAFETY: the slot had a value.
        unsafe { value.assume_init_drop() };
        true
    }
}

/// All slots of one kind.
pub(crate) struct Slots<T: 'static, K: 'static = ()>(Mutex<List<T, K>>);

struct List<T: 'static, K: 'static> {
    /// How many values were created.
    created: u64,
    /// How many slots there are.
    slots: usize,
    /// Empty slots in the order in which they were emptied, each with the number of values that
    /// had been created by then.
    empty: VecDeque<(u64, &'static Slot<T, K>)>,
}

impl<T, K> Slots<T, K> {
    /// No slots yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(List { created: 0, slots: 0, empty: VecDeque::new() }))
    }

    /// Puts a new value into a slot. `keep` makes what stays in a new slot, `make` the value.
    pub(crate) fn create(
        &self,
        keep: impl FnOnce() -> K,
        make: impl FnOnce(&'static Slot<T, K>) -> T,
    ) -> Result<&'static Slot<T, K>, OutOfMemory> {
        let slot = self.0.lock().take(keep)?;
        // SAFETY: `take` gave the slot to no other call, and it is not handed out yet.
        unsafe { slot.fill(make(slot)) };
        Ok(slot)
    }

    /// Destroys the value in a slot, if there is one.
    ///
    /// # Safety
    /// The slot is one of these, and no other call uses it.
    pub(crate) unsafe fn destroy(&self, slot: &'static Slot<T, K>) {
        // SAFETY: the caller's promise.
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

    /// Makes a slot, and room for it in the list of empty ones, so that `destroy` cannot fail.
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
