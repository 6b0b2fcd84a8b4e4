//! Memory from the kernel: zeroed, costing nothing until touched, gone when dropped.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

/// The system has no memory left for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

/// A mapping of this process.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; what is in it is reached through
// raw pointers whose users answer for their own synchronisation.
unsafe impl Send for Mapping {}
// SAFETY: as above; `Mapping` itself never reads or writes what it maps.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// `length` bytes of private memory.
    pub(crate) fn private(length: usize) -> Result<Self, OutOfMemory> {
        Self::new(length, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1)
    }

    /// `length` bytes of a memory file of their own, which other processes could be given.
    pub(crate) fn shared(length: usize) -> Result<Self, OutOfMemory> {
        // SAFETY: the name is a C string; the call has no other requirement.
        let file = unsafe { libc::memfd_create(c"guest".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(OutOfMemory);
        }
        let size = libc::off_t::try_from(length).map_err(|_| OutOfMemory);
        // SAFETY: `file` is the descriptor just made; ftruncate only sets its size.
        let mapping = match size.map(|size| unsafe { libc::ftruncate(file, size) }) {
            Ok(0) => Self::new(length, libc::MAP_SHARED | libc::MAP_NORESERVE, file),
            _ => Err(OutOfMemory),
        };
        // SAFETY: `file` is open, and the mapping, if there is one, does not need it any more.
        unsafe { libc::close(file) };
        mapping
    }

    fn new(length: usize, flags: c_int, file: c_int) -> Result<Self, OutOfMemory> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses the place (no MAP_FIXED), so nothing mapped is touched.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(OutOfMemory);
        }
        let start = NonNull::new(start.cast()).ok_or(OutOfMemory)?;
        Ok(Self { start, length })
    }

    /// Where the mapping starts.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `new` made, and nobody else unmaps it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// Gives whole pages inside of [start, start + length) back to the system; they read as zero.
///
/// # Safety
/// The bytes are private anonymous memory of the caller's, and zero is a valid value for
/// whatever they hold.
pub(crate) unsafe fn discard(start: NonNull<u8>, length: usize) {
    const PAGE: usize = 4096;
    let skipped = start.as_ptr().align_offset(PAGE);
    let Some(whole) = length.checked_sub(skipped).map(|rest| rest / PAGE * PAGE) else {
        return;
    };
    if whole > 0 {
        // SAFETY: `skipped` is at most `length`, so the result is in or at the end of the bytes.
        let page = unsafe { start.as_ptr().add(skipped) };
        // SAFETY: [page, page + whole) is inside of the caller's bytes; the caller allows it. A
        // failure leaves the pages as they are, which is only less thrifty.
        unsafe { libc::madvise(page.cast(), whole, libc::MADV_DONTNEED) };
    }
}
