//! Memory from the kernel. It reads as zero, costs nothing until touched, and is unmapped when
//! dropped.

use super::failure::SystemError;
use super::process;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A page, in bytes.
pub(crate) const PAGE: usize = 4096;

/// A mapping of this process.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    length: usize,
    /// The kernel fills new mappings with memory at once.
    filled: bool,
}

// SAFETY: a mapping belongs to the process, not to a thread, so any thread may unmap it.
unsafe impl Send for Mapping {}
// SAFETY: as above; `Mapping` itself never reads or writes the mapped memory.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// `length` bytes of private memory.
    pub(crate) fn private(length: usize) -> Result<Self, SystemError> {
        Self::anonymous(length, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// A shared mapping of a part of a file, at a multiple of `align` (a power of two), which is the
    /// second result. A gap after it keeps two mappings from being adjacent.
    pub(crate) fn of_file(
        file: c_int,
        offset: u64,
        length: usize,
        align: usize,
    ) -> Result<(Self, u64), SystemError> {
        let slack = if align > PAGE { align } else { PAGE };
        let room = length.checked_add(slack).ok_or(SystemError::new("mmap", libc::ENOMEM))?;
        let mapping = Self::reserve(room)?;
        let start = mapping.start.as_ptr().expose_provenance();
        let at = if align > PAGE { start.next_multiple_of(align) - start } else { 0 };
        mapping.place(at, length, file, offset, libc::PROT_READ | libc::PROT_WRITE)?;
        Ok((mapping, (start + at) as u64))
    }

    /// Reserved addresses without memory, for [`Mapping::place`].
    pub(crate) fn reserve(length: usize) -> Result<Self, SystemError> {
        let mut mapping = Self::anonymous(length, libc::PROT_NONE)?;
        mapping.filled = Self::new_ones_are_filled()?;
        Ok(mapping)
    }

    /// Maps a part of a memory file at offset `at` of this mapping. All numbers are multiples of
    /// the page size.
    ///
    /// Under `mlockall(MCL_FUTURE)` the kernel fills new mappings with memory, unless they cannot be
    /// accessed. So access comes in a second step then, and each page is locked when it is touched.
    pub(crate) fn place(
        &self,
        at: usize,
        length: usize,
        file: c_int,
        offset: u64,
        access: c_int,
    ) -> Result<(), SystemError> {
        let invalid = SystemError::new("mmap", libc::EINVAL);
        let offset = libc::off_t::try_from(offset).map_err(|_| invalid)?;
        let target = self.part(at, length).ok_or(invalid)?;
        let flags = libc::MAP_SHARED | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let first = if self.filled { libc::PROT_NONE } else { access };
        // SAFETY: the addresses belong to this mapping, as just checked, and no code has a pointer
        // to them yet: callers place the files before they hand out the address.
        let placed = unsafe { libc::mmap(target, length, first, flags, file, offset) };
        if placed == libc::MAP_FAILED {
            return Err(SystemError::last("mmap"));
        }
        if !self.filled {
            return Ok(());
        }
        // SAFETY: as above.
        match unsafe { libc::mprotect(target, length, access) } {
            0 => Ok(()),
            _ => Err(SystemError::last("mprotect")),
        }
    }

    /// Fills a part of this mapping with memory, so that touching it later causes no page fault.
    pub(crate) fn populate(&self, at: usize, length: usize) -> Result<(), SystemError> {
        let target = self.part(at, length).ok_or(SystemError::new("madvise", libc::EINVAL))?;
        // SAFETY: the addresses belong to this mapping, and the advice changes no content.
        match unsafe { libc::madvise(target, length, libc::MADV_POPULATE_WRITE) } {
            0 => Ok(()),
            _ => Err(SystemError::last("madvise")),
        }
    }

    /// Whether the kernel fills new mappings with memory at once.
    fn new_ones_are_filled() -> Result<bool, SystemError> {
        let probe = Self::private(PAGE)?;
        let mut resident = 0;
        // SAFETY: the mapping has one page, so one byte is written.
        match unsafe { libc::mincore(probe.start.as_ptr().cast(), PAGE, &raw mut resident) } {
            0 => Ok(resident & 1 != 0),
            _ => Err(SystemError::last("mincore")),
        }
    }

    /// The address of a part of this mapping, if the mapping has all of it.
    fn part(&self, at: usize, length: usize) -> Option<*mut c_void> {
        let end = at.checked_add(length)?;
        (end <= self.length).then(|| self.start.as_ptr().wrapping_add(at).cast())
    }

    /// Asks for large pages. The system need not comply.
    pub(crate) fn prefer_large_pages(&self) {
        // SAFETY: the addresses belong to this mapping, and the advice changes no content.
        unsafe { libc::madvise(self.start.as_ptr().cast(), self.length, libc::MADV_HUGEPAGE) };
    }

    fn anonymous(length: usize, access: c_int) -> Result<Self, SystemError> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: without MAP_FIXED the kernel chooses free addresses, so no mapping is replaced.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, -1, 0) };
        match NonNull::new(start.cast()).filter(|_| start != libc::MAP_FAILED) {
            Some(start) => Ok(Self { start, length, filled: false }),
            // More than there is of addresses: some systems say EINVAL.
            None if process::errno() == libc::EINVAL => Err(SystemError::new("mmap", libc::ENOMEM)),
            None => Err(SystemError::last("mmap")),
        }
    }

    /// The address of the first byte.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `anonymous` made this mapping, no other code unmaps it, and its owner drops it
        // only when its addresses are no longer used.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A memory file (memfd), which can be shared with other processes.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    descriptor: OwnedFd,
}

impl MemoryFile {
    /// A file of `length` zeros, which costs nothing until touched. Its size is sealed, so no
    /// process that gets the descriptor can take memory away.
    pub(crate) fn new(length: usize) -> Result<Self, SystemError> {
        let size = libc::off_t::try_from(length);
        let size = size.map_err(|_| SystemError::new("mmap", libc::ENOMEM))?;
        let descriptor = Self::create()?;
        let file = descriptor.as_raw_fd();
        // SAFETY: the descriptor is open; the call only sets the file's size.
        process::without_signal(libc::SIGXFSZ, || match unsafe { libc::ftruncate(file, size) } {
            0 => Ok(()),
            _ => Err(SystemError::last("ftruncate")),
        })?;
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;
        // SAFETY: the descriptor is open; the call only seals the file's size.
        match unsafe { libc::fcntl(file, libc::F_ADD_SEALS, seals) } {
            -1 => Err(SystemError::last("fcntl")),
            _ => Ok(Self { descriptor }),
        }
    }

    /// An empty file. `vm.memfd_noexec` can demand MFD_NOEXEC_SEAL, which kernels before 6.3 do
    /// not know.
    fn create() -> Result<OwnedFd, SystemError> {
        const FLAGS: libc::c_uint = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // SAFETY: the name is a C string; the call has no other requirement.
        let create = |flags| unsafe { libc::memfd_create(c"guest".as_ptr(), flags) };
        let mut file = create(FLAGS | libc::MFD_NOEXEC_SEAL);
        if file < 0 && process::errno() == libc::EINVAL {
            file = create(FLAGS);
        }
        if file < 0 {
            return Err(SystemError::last("memfd_create"));
        }
        // SAFETY: the descriptor was just created, and no other code owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(file) })
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
