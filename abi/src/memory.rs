//! `<gasp/host.h>`: memory that comes and goes, and all runs of memory.

use crate::types::guest_system;
use core::ffi::{c_int, c_uint};

/// A run of the guest's memory (GRF_MEMORY) with one file and one set of rights, contiguous in the
/// guest, in the host and in the file.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_run {
    /// First location.
    pub location: u64,
    /// Length in bytes.
    pub length: u64,
    /// Address in this process.
    pub host_location: u64,
    /// Place in the file; 0 without a file.
    pub offset: u64,
    /// Bytes of a page of the file: 4096, or those of hugetlbfs.
    pub page_size: u64,
    /// The file, which is the guest's, as that of gasp_guest_backing(); -1: memory that the host
    /// supplied by its address.
    pub fd: c_int,
    /// What the guest may do: PROT_READ, PROT_WRITE, PROT_EXEC. Trapped accesses are not among it.
    pub prot: c_uint,
}

unsafe extern "C" {
    /// Add a region with memory from a file that the host brings: a memory file, a file, one of
    /// hugetlbfs, a dma-buf. It becomes visible in one step.
    ///
    /// location, length, offset: multiples of 4096 (for hugetlbfs, length and offset of its pages),
    /// in bytes. kind: as for gasp_guest_add_memory(). fd: open for reading and writing. The library
    /// duplicates it, once for all memory of one regular file, so it can be closed.
    ///
    /// The bytes are those of the file, and what the guest writes goes there. The file must not get
    /// shorter, unless the guest is guarded (GASP_GUEST_GUARDED).
    ///
    /// Returns EOK, or an error number (errno is unchanged): those of gasp_guest_add_memory(), and
    /// - EINVAL: offset and length pass the end of a regular file; the file's pages are larger
    /// - EBADF, EACCES, ENODEV: fd is not open, not for writing too, or cannot be mapped
    ///
    /// Threads: any, also after the guest has started; takes the lock of the memory space. Source:
    /// libgasp's own.
    pub fn gasp_guest_add_memory_fd(
        gsp: *mut guest_system,
        location: u64,
        length: u64,
        kind: c_uint,
        fd: c_int,
        offset: u64,
    ) -> c_int;

    /// Remove memory of gasp_guest_add_memory() or gasp_guest_add_memory_fd(), also while the guest
    /// runs: delete the range in one step, and free the memory of each call of which no region is
    /// left anywhere. It is freed when accesses and copies that had started have ended, and its
    /// mappings (gasp_map_sys() and others) are unmapped. The call does not wait for that. PRECIOUS
    /// protects nothing here.
    ///
    /// location, length: multiples of 4096, in bytes: what was added, a part, or several.
    ///
    /// Returns EOK, or an error number (errno is unchanged, nothing removed):
    /// - EINVAL: bad gsp, range or alignment
    /// - EDEADLK: as for gasp_lock(), or inside a listener callback
    /// - ENXIO: some location has no memory behind it
    /// - ENOTSUP: some memory was not added by these functions
    /// - ENOMEM
    /// - the number with which a listener refused the change
    ///
    /// Threads: any; takes the lock of the memory space. Source: libgasp's own.
    pub fn gasp_guest_remove_memory(gsp: *mut guest_system, location: u64, length: u64) -> c_int;

    /// Get all runs of memory, ascending, in one state of the map: what a vhost-user back end, VFIO,
    /// a userfaultfd pager or a dump needs. A listener that calls it again in `commit` keeps a table
    /// current.
    ///
    /// runs: room for `room` runs; NULL if room is 0. count: out, the number of runs.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *runs not written):
    /// - ENOSPC: there are more runs than room; *count is their number
    /// - EINVAL: bad gsp, count NULL, or runs NULL with room (*count not written)
    /// - ENOMEM (*count not written)
    ///
    /// Threads: any, no lock needed. Source: libgasp's own.
    pub fn gasp_guest_runs(
        gsp: *mut guest_system,
        runs: *mut gasp_run,
        room: usize,
        count: *mut usize,
    ) -> c_int;
}
