//! Memory from the kernel: zeroed, costing nothing until touched, gone when dropped.

use core::ffi::c_int;
use core::ptr::{self, NonNull};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

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

    /// All of a memory file, shared with whoever else maps it. What is mapped next to it is never
    /// adjacent.
    pub(crate) fn of_file(file: &MemoryFile) -> Result<Self, OutOfMemory> {
        const GAP: usize = 4096;
        let mapping = Self::reserve(file.length.checked_add(GAP).ok_or(OutOfMemory)?)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        mapping.place(0, file.length, file.descriptor(), 0, access)?;
        Ok(mapping)
    }

    /// Addresses without memory, for [`Mapping::place`].
    pub(crate) fn reserve(length: usize) -> Result<Self, OutOfMemory> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Self::with_access(length, libc::PROT_NONE, flags, -1)
    }

    /// Puts a part of a memory file into this mapping. All numbers are multiples of a page.
    pub(crate) fn place(
        &self,
        at: usize,
        length: usize,
        file: c_int,
        offset: u64,
        access: c_int,
    ) -> Result<(), OutOfMemory> {
        let offset = libc::off_t::try_from(offset).map_err(|_| OutOfMemory)?;
        if at.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(OutOfMemory);
        }
        let target = self.start.as_ptr().wrapping_add(at).cast();
        let flags = libc::MAP_SHARED | libc::MAP_FIXED | libc::MAP_NORESERVE;
        // SAFETY: the addresses are this mapping's own, and nobody has been given them yet.
        let placed = unsafe { libc::mmap(target, length, access, flags, file, offset) };
        if placed == libc::MAP_FAILED { Err(OutOfMemory) } else { Ok(()) }
    }

    /// Asks for large pages; the system need not follow.
    pub(crate) fn prefer_large_pages(&self) {
        // SAFETY: the addresses are this mapping's own, and the advice changes no content.
        unsafe { libc::madvise(self.start.as_ptr().cast(), self.length, libc::MADV_HUGEPAGE) };
    }

    fn new(length: usize, flags: c_int, file: c_int) -> Result<Self, OutOfMemory> {
        Self::with_access(length, libc::PROT_READ | libc::PROT_WRITE, flags, file)
    }

    fn with_access(
        length: usize,
        access: c_int,
        flags: c_int,
        file: c_int,
    ) -> Result<Self, OutOfMemory> {
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

/// A file in memory, which other processes can be given.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    descriptor: OwnedFd,
    length: usize,
}

impl MemoryFile {
    /// A file of `length` zeros, which costs nothing until touched.
    pub(crate) fn new(length: usize) -> Result<Self, OutOfMemory> {
        let size = libc::off_t::try_from(length).map_err(|_| OutOfMemory)?;
        // SAFETY: the name is a C string; the call has no other requirement.
        let file = unsafe { libc::memfd_create(c"guest".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(OutOfMemory);
        }
        // SAFETY: the descriptor was just made, and nobody else has it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(file) };
        // SAFETY: the descriptor is open; the call only sets the file's size.
        match unsafe { libc::ftruncate(file, size) } {
            0 => Ok(Self { descriptor, length }),
            _ => Err(OutOfMemory),
        }
    }

    /// How long the file is.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The file's descriptor.
    pub(crate) fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
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
