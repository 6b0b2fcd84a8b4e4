//! vCPUs, and the devices and memory of their accesses, which are freed after they were removed.

#![allow(unsafe_code)]

use crate::race::guest::{Guest, Space};
use gasp_abi::{GASP_READ, GASP_WRITE, gasp_cpu, gasp_trap};
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A vCPU.
#[derive(Debug)]
pub(crate) struct Cpu(*mut gasp_cpu);

impl Drop for Cpu {
    fn drop(&mut self) {
        // SAFETY: the vCPU is one of the library, and no other thread uses it.
        unsafe { gasp_abi::gasp_cpu_destroy(self.0) };
    }
}

impl Cpu {
    pub(crate) fn create(guest: &Guest) -> Self {
        // SAFETY: the guest exists.
        let cpu = unsafe { gasp_abi::gasp_cpu_create(guest.handle()) };
        assert!(!cpu.is_null());
        Self(cpu)
    }

    /// Reads eight bytes.
    pub(crate) fn read(&self, space: &Space, at: u64) -> u64 {
        u64::from_le_bytes(self.access(space, GASP_READ, at, [0; 8]))
    }

    /// Reads four bytes.
    pub(crate) fn read_half(&self, space: &Space, at: u64) -> u32 {
        u32::from_le_bytes(self.access(space, GASP_READ, at, [0; 4]))
    }

    pub(crate) fn write(&self, space: &Space, at: u64, number: u64) {
        self.access(space, GASP_WRITE, at, number.to_le_bytes());
    }

    fn access<const N: usize>(&self, space: &Space, kind: u32, at: u64, data: [u8; N]) -> [u8; N] {
        let mut data = data;
        let bytes = data.as_mut_ptr().cast();
        // SAFETY: the vCPU exists, no other thread uses it, and there are so many bytes.
        let code =
            unsafe { gasp_abi::gasp_cpu_access(self.0, space.kind.into(), kind, at, bytes, N) };
        assert_eq!(code, 0);
        data
    }
}

/// An object that the guest uses by its address.
#[derive(Debug)]
pub(crate) struct Lent<T>(*mut T);

// SAFETY: it is the only owner; the guest's threads look at it by shared references.
unsafe impl<T: Send + Sync> Send for Lent<T> {}

impl<T: Send + Sync> Lent<T> {
    pub(crate) fn new(thing: T) -> Self {
        Self(Box::into_raw(Box::new(thing)))
    }

    pub(crate) fn address(&self) -> *mut T {
        self.0
    }

    /// Frees it. The tests check the library's promise that it is not used any more.
    pub(crate) fn free(self) {
        // SAFETY: the pointer is a box's, which was not freed: that takes the only `Lent` of it.
        drop(unsafe { Box::from_raw(self.0) });
    }

    /// The same, by a function that the library calls.
    pub(crate) fn free_when_quiet(self, guest: &Guest) {
        unsafe extern "C" fn free<T: Send + Sync>(thing: *mut c_void) {
            Lent(thing.cast::<T>()).free();
        }
        let thing = self.0.cast();
        // SAFETY: the guest exists, and the function may be called with this anywhere, once.
        let code =
            unsafe { gasp_abi::gasp_guest_call_when_quiet(guest.handle(), Some(free::<T>), thing) };
        assert_eq!(code, 0);
    }
}

/// A device that answers reads. It has no atomics, so that ThreadSanitizer sees a late use.
#[derive(Debug)]
pub(crate) struct Device {
    answer: u64,
    /// Where its handler reads, if it is asked for half of the answer.
    other: (Space, u64),
    _counted: Arc<()>,
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: as an assignment, but it is not left out.
        unsafe { (&raw mut self.answer).write_volatile(0) };
    }
}

impl Device {
    /// The answer of a device at a location, except for all ones.
    pub(crate) fn answer(space: &Space, at: u64) -> u64 {
        at << 32 | u64::from(space.kind) << 16 | 1
    }

    pub(crate) fn new(space: &Space, at: u64, other: (Space, u64), counted: &Arc<()>) -> Self {
        Self { answer: Self::answer(space, at), other, _counted: counted.clone() }
    }

    /// Has accesses that trap handled by the devices of their regions.
    pub(crate) fn handle_traps(guest: &Guest) {
        let (gsp, handler) = (guest.handle(), Some(Self::handle as _));
        // SAFETY: the guest exists, and the handler makes no use of its argument.
        assert_eq!(unsafe { gasp_abi::gasp_guest_set_trap_handler(gsp, handler, null_mut()) }, 0);
    }

    unsafe extern "C" fn handle(
        _: *mut c_void,
        cpu: *mut gasp_cpu,
        trap: *const gasp_trap,
    ) -> c_int {
        // SAFETY: the library's promise.
        let trap = unsafe { &*trap };
        // SAFETY: the regions that trap have devices, which are freed when no handler runs.
        let device = unsafe { &*trap.vdev.cast::<Self>() };
        if trap.length < size_of::<u64>() {
            device.look_at_the_other(cpu);
        }
        let answer = device.answer.to_le_bytes();
        // SAFETY: there is room for so many bytes, at most eight.
        unsafe { trap.data.cast::<u8>().copy_from(answer.as_ptr(), trap.length) };
        0
    }

    /// Makes an access inside of one.
    fn look_at_the_other(&self, cpu: *mut gasp_cpu) {
        let cpu = ManuallyDrop::new(Cpu(cpu));
        let (space, at) = &self.other;
        let answer = cpu.read(space, *at);
        assert!([u64::MAX, Self::answer(space, *at)].contains(&answer), "{answer:#x}");
    }
}

/// Guest memory that the host supplies: each word has the same number in its upper half.
#[derive(Debug)]
#[repr(align(4096))]
pub(crate) struct Page([AtomicU64; Page::WORDS]);

impl Drop for Page {
    fn drop(&mut self) {
        self.0.iter().for_each(|word| word.store(0, Relaxed));
    }
}

impl Page {
    /// As many as a region of memory has here.
    pub(crate) const WORDS: usize = 0x2000 / 8;

    pub(crate) fn new(number: u64) -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(number << 32)))
    }
}
