//! `<gasp/host.h>`: changes with 64-bit ends, and all that a vdev has.

use crate::change::gasp_report;
use crate::host::gasp_span;
use crate::types::{guest_system, vdev_t};
use core::ffi::{c_int, c_uint};

/// An element of gasp_guest_change(): as struct gasp_region, with 64-bit ends. A span with its type
/// is such an element.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_change {
    /// First location.
    pub location: u64,
    /// Last location (inclusive).
    pub last: u64,
    /// Address in this process, or host port, for the first location.
    pub host_location: u64,
    /// Handed back when an access traps.
    pub vdev: *mut vdev_t,
    /// GRF_*; GRF_NONE deletes.
    pub flags: u32,
    /// Handed back when an access traps.
    pub cookie: u32,
    /// QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    pub r#type: c_uint,
}

/// The report of gasp_guest_release().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_released {
    /// sizeof(struct gasp_released) as the caller was compiled.
    pub size: usize,
    /// Where the list goes; NULL: it is not wanted.
    pub spans: *mut gasp_span,
    /// How many spans have room there.
    pub room: usize,
    /// Out: the number of regions that the vdev had: those of memory first, then those of ports,
    /// ascending in each space.
    pub count: usize,
    /// Out: how many of them are regions of ports.
    pub ports: usize,
}

unsafe extern "C" {
    /// Change regions as gasp_guest_set() does, by elements with 64-bit ends: a range of 64 GiB, or
    /// the whole space, is one element.
    ///
    /// flags, report: as for gasp_guest_set(). Strict mode's rules for the range of an element
    /// (ENOENT for a deletion where something is absent, EINVAL for more than one region) do not
    /// apply.
    ///
    /// Returns, threads: as gasp_guest_set(). Source: libgasp's own.
    pub fn gasp_guest_change(
        gsp: *mut guest_system,
        num_changes: c_uint,
        changes: *const gasp_change,
        flags: c_uint,
        report: *mut gasp_report,
    ) -> c_int;

    /// Take away all regions that a vdev has, in both spaces, in one change: all of them, or, after
    /// an error, none. PRECIOUS protects nothing here. Where the vdev has only trapped memory of
    /// gasp_guest_add_memory() (so that there are saved rights), the memory stays, with the rights
    /// from before, cookie 0 and no vdev. What else it has becomes absent.
    ///
    /// vdev: never dereferenced. report: NULL, or report->size is sizeof(struct gasp_released); the
    /// list has the regions as they were. If spans is not NULL and room is too small, the call is
    /// ENOSPC, nothing is changed, and count is the room that is needed. To see what a vdev has
    /// without taking it away, use room 0 and any spans.
    ///
    /// Mappings of the vdev are not ended (gasp_guest_next_mapping() lists them), and accesses under
    /// way may still reach it until gasp_guest_synchronize().
    ///
    /// Returns EOK, also if the vdev has nothing, or an error number (errno is unchanged, count and
    /// ports are not written, except for ENOSPC):
    /// - EINVAL: bad gsp, vdev NULL, report->size too small
    /// - ENOSPC: the list does not fit
    /// - EDEADLK: as for gasp_lock(), or inside a listener callback
    /// - ENOMEM
    /// - the number with which a listener refused the change
    ///
    /// Threads: any; takes the locks of both spaces. Source: libgasp's own.
    pub fn gasp_guest_release(
        gsp: *mut guest_system,
        vdev: *const vdev_t,
        report: *mut gasp_released,
    ) -> c_int;
}
