//! Memory from the kernel. It reads as zero, costs nothing until touched, and is unmapped when
//! dropped.

use core::ffi::c_int;
use core::ptr::{self, NonNull};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The system has no memory, address space or file descriptor left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

/// A mapping of this process.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread, so any thread may unmap it.
unsafe impl Send for Mapping {}
// SAFETY: as above; `Mapping` itself never reads or writes the mapped memory.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// `length` bytes of private memory.
    pub(crate) fn private(length: usize) -> Result<Self, OutOfMemory> {
        Self::new(length, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1)
    }

    /// A shared mapping of a whole memory file. A gap after it keeps two mappings from being
    /// adjacent.
    pub(crate) fn of_file(file: &MemoryFile) -> Result<Self, OutOfMemory> {
        const GAP: usize = 4096;
        let mapping = Self::reserve(file.length.checked_add(GAP).ok_or(OutOfMemory)?)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        mapping.place(0, file.length, file.descriptor(), 0, access)?;
        Ok(mapping)
    }

    /// Reserved addresses without memory, for [`Mapping::place`].
    pub(crate) fn reserve(length: usize) -> Result<Self, OutOfMemory> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Self::with_access(length, libc::PROT_NONE, flags, -1)
    }

    /// Maps a part of a memory file at offset `at` of this mapping. All numbers are multiples of
    /// the page size.
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
        // SAFETY: the addresses belong to this mapping, as just checked, and no code has a pointer
        // to them yet: callers place the files before they hand out the address.
        let placed = unsafe { libc::mmap(target, length, access, flags, file, offset) };
        if placed == libc::MAP_FAILED { Err(OutOfMemory) } else { Ok(()) }
    }

    /// Asks for large pages. The system need not comply.
    pub(crate) fn prefer_large_pages(&self) {
        // SAFETY: the addresses belong to this mapping, and the advice changes no content.
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
        // SAFETY: without MAP_FIXED the kernel chooses free addresses, so no mapping is replaced.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(OutOfMemory);
        }
        let start = NonNull::new(start.cast()).ok_or(OutOfMemory)?;
        Ok(Self { start, length })
    }

    /// The address of the first byte.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `with_access` made this mapping, no other code unmaps it, and its owner drops it
        // only when its addresses are no longer used.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A memory file (memfd), which can be shared with other processes.
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
        // SAFETY: the descriptor was just created, and no other code owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(file) };
        // SAFETY: the descriptor is open; the call only sets the file's size.
        match unsafe { libc::ftruncate(file, size) } {
            0 => Ok(Self { descriptor, length }),
            _ => Err(OutOfMemory),
        }
    }

    /// The size of the file, in bytes.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The file's descriptor.
    pub(crate) fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
    }
}

/// Gives the whole pages inside [start, start + length) back to the system. They read as zero then.
///
/// # Safety
/// The bytes are private anonymous memory that the caller owns, and all zeros is a valid value of
/// their type.
pub(crate) unsafe fn discard(start: NonNull<u8>, length: usize) {
    const PAGE: usize = 4096;
    let skipped = start.as_ptr().align_offset(PAGE);
    let Some(whole) = length.checked_sub(skipped).map(|rest| rest / PAGE * PAGE) else {
        return;
    };
    if whole > 0 {
        // SAFETY: `checked_sub` found `skipped` to be at most `length`, so the result is in bounds.
        let page = unsafe { start.as_ptr().add(skipped) };
        // SAFETY: [page, page + whole) is inside the caller's bytes, which may become zero. After a
        // failure the pages keep their content and their memory, which only costs memory.
        unsafe { libc::madvise(page.cast(), whole, libc::MADV_DONTNEED) };
    }
}
