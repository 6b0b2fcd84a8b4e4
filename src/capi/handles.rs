//! Handles: what C holds of a guest or a vCPU.
//!
//! A handle points to a slot that is never freed, so that a handle of something destroyed can be
//! recognised. A slot is used again only when 1,024 more of its kind have been created.

#![allow(unsafe_code)]

use crate::error::Error;
use crate::guest::{Guest, Locks, Options};
use crate::space::lock::Lock;
use crate::sys::membarrier;
use crate::vcpu::Cpu;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// How many have to be created before a slot is used again.
const REST: u64 = 1024;

/// In a slot with a value in it.
const ALIVE: u32 = u32::from_le_bytes(*b"gasp");
/// In a slot without.
const DEAD: u32 = u32::from_le_bytes(*b"dead");

/// Room for a value that comes and goes.
struct Slot<T> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: `value` is written only by `fill` and `empty`, on a slot that no other call uses: it is
// not yet handed out, or its destroyer promised so. In between it is only read, by any thread.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self { state: AtomicU32::new(DEAD), value: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// The value, unless it was destroyed.
    #[inline(always)]
    fn get(&self) -> Option<&T> {
        if self.state.load(Acquire) != ALIVE {
            return None;
        }
        // SAFETY: nobody writes: the state says that `fill` is done, and `empty` may not run at
        // the same time as a call that uses the handle.
        let value = unsafe { &*self.value.get() };
        // SAFETY: `fill` wrote the value before it set the state.
        Some(unsafe { value.assume_init_ref() })
    }

    /// Puts a value into a slot without one.
    ///
    /// # Safety
    /// Nobody else uses the slot.
    unsafe fn fill(&self, value: T) {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.value.get() }.write(value);
        self.state.store(ALIVE, Release);
    }

    /// Drops the value; false if there is none.
    ///
    /// # Safety
    /// Nobody else uses the slot.
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

/// What a `guest_system` handle points to.
pub(crate) struct GuestSlot {
    slot: Slot<Guest>,
    /// Not in the guest: waiting threads of other guests may look at who owns them.
    locks: Locks,
}

/// What a `gasp_cpu` handle points to.
pub(crate) struct CpuSlot {
    slot: Slot<Cpu>,
}

impl fmt::Debug for GuestSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestSlot").finish_non_exhaustive()
    }
}

impl fmt::Debug for CpuSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuSlot").finish_non_exhaustive()
    }
}

impl GuestSlot {
    /// The guest, unless it was destroyed.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Guest> {
        self.slot.get()
    }
}

impl CpuSlot {
    /// The vCPU, unless it or its guest was destroyed.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&Cpu> {
        self.slot.get()
    }
}

/// All slots of one kind.
struct Slots<H: 'static> {
    created: u64,
    /// How many slots there are.
    made: usize,
    /// Slots without a value, in the order in which they were emptied, each with the number of
    /// values that had been created by then.
    resting: VecDeque<(u64, &'static H)>,
}

static GUESTS: Mutex<Slots<GuestSlot>> = Mutex::new(Slots::new());
static CPUS: Mutex<Slots<CpuSlot>> = Mutex::new(Slots::new());

impl<H> Slots<H> {
    const fn new() -> Self {
        Self { created: 0, made: 0, resting: VecDeque::new() }
    }

    /// A slot without a value, which nobody else uses.
    fn take(&mut self, new: impl FnOnce() -> H) -> Result<&'static H, Error> {
        let created = self.created;
        let rested = self.resting.pop_front_if(|(since, _)| created - *since >= REST);
        let slot = match rested {
            Some((_, slot)) => slot,
            None => self.make(new)?,
        };
        self.created += 1;
        Ok(slot)
    }

    /// Makes a slot, and room for it in the queue, so that giving it back cannot fail.
    fn make(&mut self, new: impl FnOnce() -> H) -> Result<&'static H, Error> {
        let room = self.made + 1 - self.resting.len();
        self.resting.try_reserve(room).map_err(|_| Error::NoMemory)?;
        let mut slot = Vec::new();
        slot.try_reserve_exact(1).map_err(|_| Error::NoMemory)?;
        slot.push(new());
        self.made += 1;
        Ok(&slot.leak()[0])
    }

    fn give_back(&mut self, slot: &'static H) {
        self.resting.push_back((self.created, slot));
    }
}

/// Makes a guest.
pub(crate) fn create_guest(options: Options) -> Result<&'static GuestSlot, Error> {
    let locks = || [Lock::new(), Lock::new()];
    let handle = GUESTS.lock().take(|| GuestSlot { slot: Slot::new(), locks: locks() })?;
    // A thread may have kept a lock of the guest that was here before.
    handle.locks.iter().for_each(Lock::reset);
    // SAFETY: `take` gave the slot to nobody else.
    unsafe { handle.slot.fill(Guest::new(options, &handle.locks)) };
    Ok(handle)
}

/// Makes a vCPU of a guest.
pub(crate) fn create_cpu(guest: &'static GuestSlot) -> Result<&'static CpuSlot, Error> {
    membarrier::prepare();
    let owner = guest.get().ok_or(Error::NotAGuest)?;
    let mut cpus = owner.cpus().lock();
    cpus.try_reserve(1).map_err(|_| Error::NoMemory)?;
    let handle = CPUS.lock().take(|| CpuSlot { slot: Slot::new() })?;
    // SAFETY: `take` gave the slot to nobody else.
    unsafe { handle.slot.fill(Cpu::new(guest)) };
    cpus.push(handle);
    Ok(handle)
}

/// Destroys a guest and its vCPUs. NULL, and a handle whose guest is destroyed, are left alone.
///
/// # Safety
/// `handle` is NULL or came from [`create_guest`], and no other call uses it or one of its vCPUs
/// at the same time.
pub(crate) unsafe fn destroy_guest(handle: *mut GuestSlot) {
    // SAFETY: a handle that came from `create_guest` points to a slot, which is never freed.
    let Some(handle) = (unsafe { handle.cast_const().as_ref::<'static>() }) else { return };
    if let Some(guest) = handle.get() {
        guest.remove_listeners();
    }
    let cpus = handle.get().map(|guest| core::mem::take(&mut *guest.cpus().lock()));
    for cpu in cpus.unwrap_or_default() {
        // SAFETY: the caller's promise.
        unsafe { empty_cpu(cpu) };
    }
    // SAFETY: the caller's promise.
    if unsafe { handle.slot.empty() } {
        GUESTS.lock().give_back(handle);
    }
}

/// Destroys a vCPU. NULL, and a handle whose vCPU is destroyed, are left alone.
///
/// # Safety
/// `handle` is NULL or came from [`create_cpu`], and no other call uses it at the same time.
pub(crate) unsafe fn destroy_cpu(handle: *mut CpuSlot) {
    // SAFETY: a handle that came from `create_cpu` points to a slot, which is never freed.
    let Some(handle) = (unsafe { handle.cast_const().as_ref::<'static>() }) else { return };
    if let Some(guest) = handle.get().and_then(Cpu::guest) {
        guest.forget_cpu(handle);
    }
    // SAFETY: the caller's promise.
    unsafe { empty_cpu(handle) };
}

/// # Safety
/// No other call uses the handle.
unsafe fn empty_cpu(handle: &'static CpuSlot) {
    // SAFETY: the caller's promise.
    if unsafe { handle.slot.empty() } {
        CPUS.lock().give_back(handle);
    }
}
