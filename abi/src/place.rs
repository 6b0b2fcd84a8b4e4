//! `<gasp/host.h>`: places that are found, taken and given back, regions backwards, and holes.

use crate::host::gasp_span;
use crate::owner::gasp_change;
use crate::types::guest_system;
use core::ffi::{c_int, c_uint};

/// Flag of gasp_guest_find() and gasp_guest_claim(): the highest place, not the lowest.
pub const GASP_FIND_TOP: u32 = 1 << 0;

unsafe extern "C" {
    /// Find free space, as gasp_find_free_range() does, from either end of the window. No lock is
    /// needed, in strict mode either; nothing is reserved.
    ///
    /// flags: 0, or GASP_FIND_TOP for the highest multiple of align that fits.
    ///
    /// Returns the location, or QSL_NO_LOCATION with errno set:
    /// - EINVAL: bad gsp, type or flags, size 0, align not a power of two, min > max
    /// - ENOSPC: nothing fits
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_find(
        gsp: *mut guest_system,
        r#type: c_uint,
        size: u64,
        align: u64,
        min: u64,
        max: u64,
        flags: c_uint,
    ) -> u64;

    /// Find free space and put a region there, in one step: no other thread can take the place in
    /// between.
    ///
    /// change: in, the region, with the window to search as location and last; host_location is for
    /// the first location of the place. With GRF_NONE as its flags, the place is reserved instead, as
    /// by gasp_guest_reserve(). Out: location and last are those of the place. size, align, flags: as
    /// for gasp_guest_find().
    ///
    /// Returns EOK, or an error number (errno is unchanged, *change not written): those of
    /// gasp_guest_find(), change NULL (EINVAL), and those of gasp_guest_set() for this region.
    ///
    /// Threads: any; takes the lock of the space. Source: libgasp's own.
    pub fn gasp_guest_claim(
        gsp: *mut guest_system,
        change: *mut gasp_change,
        size: u64,
        align: u64,
        flags: c_uint,
    ) -> c_int;

    /// Give back what gasp_guest_reserve() or gasp_guest_claim() has reserved: all of a reservation,
    /// a part, or several that are adjacent.
    ///
    /// Returns EOK, or an error number (errno is unchanged, nothing given back):
    /// - EINVAL: bad gsp, type or range
    /// - ENOENT: some of the range is not reserved
    /// - ENOMEM: a reservation is cut in two
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_unreserve(
        gsp: *mut guest_system,
        r#type: c_uint,
        location: u64,
        length: u64,
    ) -> c_int;

    /// Give back what gram_reserve(), gram_find_free() or gram_find_free_range() has reserved, as
    /// gasp_guest_unreserve(). Also after the guest has started.
    pub fn gasp_guest_unreserve_gram(gsp: *mut guest_system, location: u64, length: u64) -> c_int;

    /// Get the region that holds a location, or else the last region before it: the opposite of
    /// gasp_guest_next().
    ///
    /// To list a space from its end, start with its last location, and go on with span->location - 1
    /// until ENXIO, or until span->location is 0.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *span not written):
    /// - ENXIO: no region is there or before
    /// - EINVAL: bad gsp, type or from, or span NULL
    ///
    /// Threads: any, no lock needed, never waits. Source: libgasp's own.
    pub fn gasp_guest_previous(
        gsp: *mut guest_system,
        r#type: c_uint,
        from: u64,
        span: *mut gasp_span,
    ) -> c_int;

    /// Get the hole that holds a location, or else the first hole after it: whole, with 64-bit ends.
    /// All but location and last is 0. To list all, go on as with gasp_guest_next().
    ///
    /// Returns EOK, or an error number (errno is unchanged, *gap not written):
    /// - ENXIO: everything from there on is present
    /// - EINVAL: bad gsp, type or from, or gap NULL
    ///
    /// Threads: any, no lock needed. Source: libgasp's own.
    pub fn gasp_guest_next_gap(
        gsp: *mut guest_system,
        r#type: c_uint,
        from: u64,
        gap: *mut gasp_span,
    ) -> c_int;
}
