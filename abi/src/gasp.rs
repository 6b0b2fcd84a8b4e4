//! `<qvm/gasp.h>`: the guest's address space.

use crate::types::{gasp_region, guest_system, qvm_state_block, vdev_t};
use core::ffi::{c_int, c_uint, c_void};

/// Search hint: RAM will do (QNX 7.0).
pub const GRAM_HINT_RAM: u32 = 1 << 0;
/// Search hint: ROM will do (QNX 7.0).
pub const GRAM_HINT_ROM: u32 = 1 << 1;
/// Search hint: take the highest place that fits (QNX 7.0).
pub const GRAM_HINT_ALIGN_TOP: u32 = 1 << 2;

/// Walk flag: report host locations, and end an entry where they jump. The name is QNX's, the
/// number is libgasp's own.
pub const GWS_HOST: u32 = 1 << 0;

/// Mapping flag, beside PROT_*. The name is QNX's, the number is libgasp's own: a bit that no
/// PROT_* of Linux uses.
pub const GMF_MAP_ANY: u32 = 1 << 30;

/// A walk over a guest's memory (QNX 7.1: 56 bytes). Filled by gasp_walk_init(); read it after
/// each gasp_walk_next() that returned non-zero. Nothing in it needs to be released.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_walk_state {
    /// Private to the library.
    pub span: *mut c_void,
    /// The guest.
    pub gsp: *mut guest_system,
    /// Guest-physical address of this entry.
    pub guest_loc: u64,
    /// Address of its memory in this process; only with GWS_HOST, else 0.
    pub host_loc: u64,
    /// Bytes in this entry.
    pub length: u64,
    /// Bytes that an entry has at most; 0: no limit.
    pub max_length: u64,
    /// GWS_*.
    pub flags: c_uint,
}

/// Chooses what a walk visits: in, a candidate range; out, the first part of it that is wanted
/// (QNX 7.1). A shorter answer makes the walk ask again for the rest; length 0 means that nothing
/// more of this range is wanted. An answer outside of the range, or one that makes no progress,
/// ends the range too.
pub type gasp_walk_filter_t = Option<unsafe extern "C" fn(guest_loc: *mut u64, length: *mut usize)>;

/// A walk with a filter (QNX 7.1: 80 bytes).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_walk_state_filtered {
    /// The entry, as in a walk without a filter.
    pub ws: gasp_walk_state,
    /// The filter.
    pub filter: gasp_walk_filter_t,
    /// Private to the library: where the rest of the candidate range starts.
    pub remaining_guest_loc: u64,
    /// Private to the library: how many bytes of it are left.
    pub remaining_length: u64,
}

unsafe extern "C" {
    /// Take the lock of a space for this thread, waiting for it if need be.
    ///
    /// type: QST_MEMORY (QST_PCI_IO means the same) or QST_X86_IO. The lock is recursive, to a depth
    /// of 65,535. Who wants both takes memory first, then ports. Queries and accesses do not wait for
    /// the holder of a lock; changes do. A thread that ends with the lock held leaves it held.
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp or type (in strict mode
    /// also QST_PCI_IO); EAGAIN recursion count exhausted; ENOMEM; EDEADLK waiting would never end,
    /// because the holder waits, directly or through others, for a lock that this thread holds.
    /// Threads: any. Source: QNX 7.1 (function, types); errors and recursion are libgasp's own.
    pub fn gasp_lock(gsp: *mut guest_system, r#type: u16) -> c_int;

    /// Give back the lock of a space: once for each gasp_lock().
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp or type (in strict mode
    /// also QST_PCI_IO); EPERM this thread does not hold the lock.
    /// Threads: the one that holds the lock. Source: QNX 7.1; errors are libgasp's own.
    pub fn gasp_unlock(gsp: *mut guest_system, r#type: u16) -> c_int;

    /// Set regions; whatever goes wrong ends the process.
    ///
    /// As gasp_region_set_soft(), under the locks of the spaces that the elements name, for code that
    /// cannot go on without its regions. A failure prints one line on standard error, calls the
    /// host's fatal handler if there is one (no lock is then held by this call), and ends the process
    /// by _exit(): with 64 before the guest has started (and where gsp is bad), with 96 after.
    ///
    /// Threads: any. Source: QNX 7.1; the message, the handler and the use of the exit codes are
    /// libgasp's own.
    pub fn gasp_region_set(gsp: *mut guest_system, num_regions: c_uint, rgn: *const gasp_region);

    /// Set regions: add, change, delete.
    ///
    /// The elements are taken in order. Where flags is GRF_NONE, what is in the element's guest range
    /// is deleted (holes stay holes). Otherwise each location of the range gets the element's flags,
    /// cookie and vdev: absent ones are added, present ones changed. A change leaves the flags of
    /// GRF_STICKY set and host memory in place: host_location counts only for locations that get
    /// GRF_PASS_* or GRF_MEMORY and have nothing behind them yet. To put other memory behind a
    /// range, delete and add it in one call. Regions are split and merged as needed: equal
    /// neighbours always read as one region. guest.flags, GRF_ACTIVE and GRF_BACKUP_MASK are ignored.
    ///
    /// rgn: array of num_regions elements. Memory ranges with GRF_PASS_* or GRF_MEMORY, and their
    /// host_location, are multiples of 4096; ranges that only trap can start and end at any byte.
    ///
    /// Returns num_regions, with errno unchanged. Or the index of the first element that was refused,
    /// with errno set: the elements before it are in effect, it and those after it are not.
    /// The whole call becomes visible at once in each space.
    ///
    /// errno: EINVAL bad gsp, rgn, type, range, flags, alignment or host_location, or an edge inside
    /// of a page of memory; EEXIST a range meets GRF_PRECIOUS; strict mode: EPERM guest started and
    /// lock not held, ENOENT nothing there to delete, EINVAL more than one region in a range;
    /// index 0 and nothing in effect: ENOMEM, EDEADLK, or the errno of a listener that refuses.
    /// gasp_last_error() has the details.
    ///
    /// Threads: any; without the lock the call takes it for its duration. To read and then change,
    /// hold gasp_lock() around both. Source: QNX 7.1; the rules of overlap, backing and errors are
    /// libgasp's own.
    pub fn gasp_region_set_soft(
        gsp: *mut guest_system,
        num_regions: c_uint,
        rgn: *const gasp_region,
    ) -> c_uint;

    /// Look up a region.
    ///
    /// blk: where to look (location, length, type). *rgn becomes the longest run from blk->location
    /// with equal attributes, cut to blk->length: guest.location is blk->location, flags has
    /// GRF_ACTIVE and, under GRF_BACKUP_MASK, the rights saved when the region was trapped;
    /// host_location is what is behind guest.location, or 0. blk may be &rgn->guest.
    ///
    /// Returns EOK, or an error number (errno is not changed, *rgn not written): ENXIO nothing is at
    /// that location; EINVAL NULL, bad gsp or type, length 0, a range past the end of the space.
    /// Threads: any, no lock needed, never waits. Source: QNX 7.1; the clipping is as its published
    /// delete loop needs it; the errors are libgasp's own.
    pub fn gasp_region_info(
        gsp: *mut guest_system,
        blk: *const qvm_state_block,
        rgn: *mut gasp_region,
    ) -> c_int;
}

unsafe extern "C" {
    /// Find free space anywhere in a space: gasp_find_free_range() over all of it.
    ///
    /// Source: QNX 7.1; errors are libgasp's own.
    pub fn gasp_find_free(gsp: *const guest_system, qst: c_uint, size: u64, align: u64) -> u64;

    /// Find free space: the lowest multiple of align from which size bytes (or ports) are absent and
    /// not reserved by the host, all of them in [min_addr, max_addr] (both inclusive, cut to the
    /// space). align is a power of two; 0 means 1.
    ///
    /// Nothing is reserved by the call: hold gasp_lock() from here until the region is set.
    ///
    /// Returns the location, or QSL_NO_LOCATION with errno set: EINVAL bad gsp or qst, size 0, bad
    /// align, min_addr above max_addr; ENOSPC nothing fits; in strict mode EPERM if the guest has
    /// started and the lock of the space is not held.
    /// Threads: any. Source: QNX 7.1; "lowest", the inclusive end and the errors are libgasp's own.
    pub fn gasp_find_free_range(
        gsp: *const guest_system,
        qst: c_uint,
        size: u64,
        align: u64,
        min_addr: u64,
        max_addr: u64,
    ) -> u64;
}

unsafe extern "C" {
    /// Start a walk over the guest's memory: the runs of GRF_MEMORY, in ascending order, whatever
    /// the guest may do there.
    ///
    /// max_length: bytes that an entry has at most; 0: no limit. flags: 0, or GWS_HOST to have
    /// host_loc filled and entries cut where host memory is not contiguous. Bad arguments make a walk
    /// without entries. The state needs no clean-up; each step sees the map of its moment.
    ///
    /// Threads: any, no lock needed; one thread at a time for each state. Source: QNX 7.1 (names,
    /// structure); the signature is libgasp's own.
    pub fn gasp_walk_init(
        ws: *mut gasp_walk_state,
        gsp: *mut guest_system,
        max_length: u64,
        flags: c_uint,
    );

    /// Go to the next entry of a walk.
    ///
    /// Returns 1 with guest_loc, host_loc and length of the entry in *ws; 0 at the end (and for
    /// NULL, a bad gsp, unknown flags), with *ws unchanged.
    /// Threads and source: as gasp_walk_init().
    pub fn gasp_walk_next(ws: *mut gasp_walk_state) -> c_int;

    /// Count the entries that a walk with these arguments has at this moment.
    ///
    /// Returns the count; 0 with errno EINVAL for a bad gsp or unknown flags.
    /// Threads: any, no lock needed. Source: QNX 7.1 (as the filtered twin, without its filter).
    pub fn gasp_walk_count(gsp: *const guest_system, max_length: u64, flags: c_uint) -> c_uint;

    /// Start a walk that visits what a filter lets through. As gasp_walk_init(); filter NULL: all.
    ///
    /// The filter is asked with each run of memory (before it is cut to max_length), and again with
    /// the rest of a run of which it wanted a part.
    pub fn gasp_walk_init_filtered(
        ws: *mut gasp_walk_state_filtered,
        gsp: *mut guest_system,
        max_length: u64,
        flags: c_uint,
        filter: gasp_walk_filter_t,
    );

    /// Go to the next entry of a walk with a filter. As gasp_walk_next().
    pub fn gasp_walk_next_filtered(ws: *mut gasp_walk_state_filtered) -> c_int;

    /// Count the entries that a walk with a filter has at this moment. As gasp_walk_count().
    ///
    /// Source: QNX 7.1.
    pub fn gasp_walk_count_filtered(
        gsp: *const guest_system,
        max_length: u64,
        flags: c_uint,
        filter: gasp_walk_filter_t,
    ) -> c_uint;
}

unsafe extern "C" {
    /// Find a place inside the guest's RAM or ROM, and reserve it.
    ///
    /// The place is a multiple of align (a power of two; 0 means 1), size bytes long, lies in
    /// [range_start, range_end] (both inclusive) and inside of one run of GRF_MEMORY: RAM where the
    /// guest may write (or might before it was trapped), ROM elsewhere. flags: GRAM_HINT_RAM and
    /// GRAM_HINT_ROM say which (neither means RAM); the lowest place that fits, with
    /// GRAM_HINT_ALIGN_TOP the highest. What one call returned no later call returns again.
    ///
    /// Returns the location, or QSL_NO_LOCATION with errno set: EINVAL bad gsp, size 0, bad align,
    /// unknown flags, range_start above range_end; ENOSPC nothing fits; ENOMEM; in strict mode EPERM
    /// after the guest has started (QNX: startup only).
    /// Threads: any. Source: QNX 7.0; errors are libgasp's own.
    pub fn gram_find_free_range(
        gsp: *mut guest_system,
        size: u64,
        align: u64,
        flags: c_uint,
        range_start: u64,
        range_end: u64,
    ) -> u64;

    /// Reserve a place inside the guest's RAM or ROM: gram_find_free_range() stays away from it.
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, size 0, a range past
    /// the end of the space; ENXIO some of it is not GRF_MEMORY; EEXIST it overlaps a reservation;
    /// ENOMEM; in strict mode EPERM after the guest has started (QNX: startup only).
    /// Threads: any. Source: QNX (name; parameters as in 8.0 with gsp before them); errors are
    /// libgasp's own.
    pub fn gram_reserve(gsp: *mut guest_system, loc: u64, size: u64) -> c_int;
}

unsafe extern "C" {
    /// Map guest memory for code that acts like the guest itself, such as virtual firmware.
    ///
    /// prot: PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>, at least one; each needs the region's
    /// GRF_PASS_*. GMF_MAP_ANY beside them admits memory that is not GRF_MEMORY. guest_paddr, length:
    /// in bytes, of any alignment.
    ///
    /// What is contiguous for the guest is contiguous here, even if it is made of several pieces in
    /// the host; all views of it are coherent. The pointer stays valid, whatever happens to the
    /// regions, until gasp_unmap() or the end of the guest.
    ///
    /// Returns the address, or NULL with errno set: ENXIO a hole, a trapped location or one without
    /// memory; EACCES rights missing; ENOTSUP not contiguous in the host, and not given by
    /// gasp_guest_add_memory(); EINVAL bad gsp, prot or range; ENOMEM.
    /// Threads: any, no lock needed. Source: QNX 7.0; errors, and the meaning of GMF_MAP_ANY, are
    /// libgasp's own.
    pub fn gasp_map_sys(
        gsp: *mut guest_system,
        prot: c_int,
        guest_paddr: u64,
        length: usize,
    ) -> *mut c_void;

    /// Map guest memory for the DMA of a vdev: as gasp_map_sys(), for vdev->v_gsp.
    ///
    /// QNX sends this through the guest's IOMMU; libgasp has none, so it reaches what the guest does.
    ///
    /// Source: QNX 7.1; errors are libgasp's own.
    pub fn gasp_map_vdma(
        vdev: *const vdev_t,
        prot: c_int,
        guest_paddr: u64,
        length: usize,
    ) -> *mut c_void;

    /// Map as much of a range as is contiguous in the host, for the DMA of a vdev.
    ///
    /// In: *ppaddr the guest-physical address, *plength the most that is wanted. Out: *ppaddr the
    /// address of it in this process (where QNX gives the host-physical one), *plength how much is
    /// mapped; both unchanged on failure. Give back what *plength says.
    ///
    /// Returns the address, or NULL with errno set as by gasp_map_sys().
    /// Threads: any, no lock needed. Source: QNX 7.0; errors are libgasp's own.
    pub fn gasp_map_contig(
        vdev: *const vdev_t,
        prot: c_int,
        ppaddr: *mut u64,
        plength: *mut usize,
    ) -> *mut c_void;

    /// Give back what a map function returned: the same address and length. Anything else is left
    /// alone (gasp_last_error() tells).
    ///
    /// flush: 1 to flush the data cache; caches are coherent here, so it makes no difference.
    /// Threads: any. Source: QNX 7.1.
    pub fn gasp_unmap(gsp: *mut guest_system, ptr: *const c_void, length: usize, flush: c_int);
}
