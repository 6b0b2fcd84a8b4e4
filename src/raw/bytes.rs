//! Bytes that other code may change at any moment: buffers of C callers, and guest memory.

use super::guarded::{self, Vanished};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A buffer of a C caller. Only raw copies reach its bytes, never a reference: it may lie in guest
/// memory, which other threads change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer {
    start: *mut u8,
    length: usize,
}

impl Buffer {
    /// The `length` bytes from `start` on.
    ///
    /// # Safety
    /// The bytes can be read for as long as the buffer is used, and written if it is filled.
    #[inline(always)]
    pub(crate) unsafe fn new(start: *mut u8, length: usize) -> Self {
        Self { start, length }
    }

    /// The number of bytes.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The `length` bytes at offset `from`, cut at the end of the buffer.
    pub(crate) fn part(&self, from: u64, length: u64) -> Self {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.length);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.length - from);
        Self { start: self.start.wrapping_add(from), length }
    }

    /// The address of the first byte.
    #[inline(always)]
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.start
    }

    /// Copies as many of `bytes` here as there is room.
    pub(crate) fn copy_in(&self, bytes: &[u8]) {
        let length = self.length.min(bytes.len());
        // SAFETY: `new` was promised that the buffer can be written.
        unsafe { self.start.copy_from(bytes.as_ptr(), length) };
    }

    /// Sets all bytes.
    pub(crate) fn fill(&self, byte: u8) {
        // SAFETY: the caller of `new` promised that the buffer can be written.
        unsafe { self.start.write_bytes(byte, self.length) };
    }

    /// Fills the buffer from host memory. 1, 2, 4 or 8 aligned bytes are one read, never torn.
    #[inline(always)]
    pub(crate) fn fill_from(&self, host: u64) {
        let source = host_pointer(host);
        match self.length {
            1 => self.load::<AtomicU8>(source),
            2 if source.cast::<u16>().is_aligned() => self.load::<AtomicU16>(source),
            4 if source.cast::<u32>().is_aligned() => self.load::<AtomicU32>(source),
            8 if source.cast::<u64>().is_aligned() => self.load::<AtomicU64>(source),
            // SAFETY: the host promised that the memory behind a region is valid as long as the
            // region exists; the caller of `new`, that the buffer can be written.
            _ => unsafe { self.start.copy_from(source, self.length) },
        }
    }

    /// Copies the buffer to host memory. 1, 2, 4 or 8 aligned bytes are one write, never torn.
    #[inline(always)]
    pub(crate) fn copy_to(&self, host: u64) {
        let target = host_pointer(host);
        match self.length {
            1 => self.store::<AtomicU8>(target),
            2 if target.cast::<u16>().is_aligned() => self.store::<AtomicU16>(target),
            4 if target.cast::<u32>().is_aligned() => self.store::<AtomicU32>(target),
            8 if target.cast::<u64>().is_aligned() => self.store::<AtomicU64>(target),
            // SAFETY: the host promised that the memory behind a region is valid as long as the
            // region exists; the caller of `new`, that the buffer can be read.
            _ => unsafe { self.start.copy_to(target, self.length) },
        }
    }

    /// As [`Buffer::fill_from`], for memory that may not be there. On an error the buffer may have
    /// a part.
    pub(crate) fn fill_from_guarded(&self, host: u64) -> Result<(), Vanished> {
        // SAFETY: the caller of `new` promised that the buffer can be written; `host` is the memory
        // behind a region.
        unsafe { guarded::read(host_pointer(host), self.start, self.length) }
    }

    /// As [`Buffer::copy_to`], for memory that may not be there. On an error a part may have been
    /// written.
    pub(crate) fn copy_to_guarded(&self, host: u64) -> Result<(), Vanished> {
        // SAFETY: the caller of `new` promised that the buffer can be read; `host` is the memory
        // behind a region.
        unsafe { guarded::write(host_pointer(host), self.start, self.length) }
    }

    #[inline(always)]
    fn load<A: Cell>(&self, source: *mut u8) {
        // SAFETY: valid as in `fill_from`, and `fill_from` checked the alignment. Other accesses of
        // this size to guest memory are atomic too, or made by the guest.
        let value = unsafe { &*source.cast::<A>() }.read();
        // SAFETY: the buffer can be written, and `fill_from` checked that it has the value's size.
        unsafe { self.start.cast::<A::Value>().write_unaligned(value) };
    }

    #[inline(always)]
    fn store<A: Cell>(&self, target: *mut u8) {
        // SAFETY: the buffer can be read, and `copy_to` checked that it has the value's size.
        let value = unsafe { self.start.cast::<A::Value>().read_unaligned() };
        // SAFETY: valid as in `copy_to`, and `copy_to` checked the alignment. Other accesses of
        // this size to guest memory are atomic too, or made by the guest.
        unsafe { &*target.cast::<A>() }.write(value);
    }
}

/// An atomic integer, for reads and writes that are never torn.
trait Cell {
    type Value: Copy;
    fn read(&self) -> Self::Value;
    fn write(&self, value: Self::Value);
}

macro_rules! cell {
    ($atomic:ty, $value:ty) => {
        impl Cell for $atomic {
            type Value = $value;

            #[inline(always)]
            fn read(&self) -> $value {
                self.load(Relaxed)
            }

            #[inline(always)]
            fn write(&self, value: $value) {
                self.store(value, Relaxed);
            }
        }
    };
}

cell!(AtomicU8, u8);
cell!(AtomicU16, u16);
cell!(AtomicU32, u32);
cell!(AtomicU64, u64);

/// The pointer to a host address that C gave as a number.
#[inline(always)]
fn host_pointer(host: u64) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(usize::try_from(host).unwrap_or(0))
}
