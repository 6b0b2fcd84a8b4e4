//! libgasp's C interface, as its headers have it: only what gasp-vm uses. A test
//! (`layout`) compares it with the headers.

#![allow(non_camel_case_types)] // the names are C's

use core::ffi::{c_char, c_int, c_uint, c_void};

/// A guest: opaque.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct guest_system {
    _opaque: [u8; 0],
}

/// A vCPU of libgasp: opaque.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct gasp_cpu {
    _opaque: [u8; 0],
}

/// A run of locations.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct qvm_state_block {
    /// First location.
    pub(crate) location: u64,
    /// In bytes or ports.
    pub(crate) length: u32,
    /// `QST_*`.
    pub(crate) r#type: u16,
    /// `QSF_*`.
    pub(crate) flags: u16,
}

/// A region of a set call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_region {
    /// `GRF_*`.
    pub(crate) flags: u32,
    /// Handed back to the vdev.
    pub(crate) cookie: u32,
    /// Who handles what traps: a `vdev_t`, or anything else of the host's.
    pub(crate) vdev: *mut c_void,
    /// What is behind it.
    pub(crate) host_location: u64,
    /// Where.
    pub(crate) guest: qvm_state_block,
}

/// A region, whole.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct gasp_span {
    /// First location.
    pub(crate) location: u64,
    /// Last location.
    pub(crate) last: u64,
    /// What is behind the first location; 0: nothing.
    pub(crate) host_location: u64,
    /// As in [`gasp_region`].
    pub(crate) vdev: *mut c_void,
    /// `GRF_*`, with `GRF_ACTIVE`.
    pub(crate) flags: u32,
    /// As in [`gasp_region`].
    pub(crate) cookie: u32,
}

/// An access that traps.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct gasp_trap {
    /// Of the region.
    pub(crate) vdev: *mut c_void,
    /// Of the piece.
    pub(crate) location: u64,
    /// Of the access.
    pub(crate) data: *mut c_void,
    /// Of the piece.
    pub(crate) length: usize,
    /// Of the region.
    pub(crate) cookie: u32,
    /// `GASP_READ` or `GASP_WRITE`.
    pub(crate) kind: u16,
    /// `QST_MEMORY` or `QST_X86_IO`.
    pub(crate) r#type: u16,
}

/// How often accesses went where.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct gasp_counts {
    /// To memory.
    pub(crate) passed: [u64; 3],
    /// To the trap handler.
    pub(crate) trapped: [u64; 3],
    /// To nothing.
    pub(crate) unsupported: [u64; 3],
}

/// Spans in a row.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_span_list {
    /// The first.
    pub(crate) first: *const gasp_span,
    /// How many.
    pub(crate) count: usize,
}

/// What a call changes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_difference {
    /// In memory.
    pub(crate) memory_removed: gasp_span_list,
    /// In memory.
    pub(crate) memory_added: gasp_span_list,
    /// In ports.
    pub(crate) ports_removed: gasp_span_list,
    /// In ports.
    pub(crate) ports_added: gasp_span_list,
}

/// What a change costs.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct gasp_cost {
    /// Slots more.
    pub(crate) slots: i64,
    /// Slots free afterwards.
    pub(crate) slots_left: u64,
    /// System calls.
    pub(crate) ioctls: u64,
}

/// One who follows changes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_listener {
    /// Of this structure.
    pub(crate) size: usize,
    /// Lower ones go first.
    pub(crate) priority: c_int,
    /// What would it cost?
    pub(crate) estimate:
        Option<unsafe extern "C" fn(*mut c_void, *const gasp_difference, *mut gasp_cost) -> c_int>,
    /// May it be?
    pub(crate) prepare: Option<unsafe extern "C" fn(*mut c_void, *const gasp_difference) -> c_int>,
    /// It is.
    pub(crate) commit: Option<unsafe extern "C" fn(*mut c_void, *const gasp_difference)>,
    /// It is not.
    pub(crate) abort: Option<unsafe extern "C" fn(*mut c_void, *const gasp_difference)>,
}

/// What a set call reports.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_report {
    /// Of this structure.
    pub(crate) size: usize,
    /// Refused element.
    pub(crate) index: c_uint,
    /// Why.
    pub(crate) error: c_int,
    /// Space of the region in the way.
    pub(crate) r#type: c_uint,
    /// The region in the way.
    pub(crate) conflict: gasp_span,
    /// Of the change.
    pub(crate) cost: gasp_cost,
}

/// Options of a guest.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct gasp_guest_options {
    /// Of this structure.
    pub(crate) size: usize,
    /// `GASP_GUEST_*`.
    pub(crate) flags: c_uint,
}

/// Called when an access traps.
pub(crate) type TrapHandler =
    unsafe extern "C" fn(*mut c_void, *mut gasp_cpu, *const gasp_trap) -> c_int;

unsafe extern "C" {
    pub(crate) fn gasp_guest_create(options: *const gasp_guest_options) -> *mut guest_system;
    pub(crate) fn gasp_guest_start(gsp: *mut guest_system) -> c_int;
    pub(crate) fn gasp_guest_destroy(gsp: *mut guest_system);
    pub(crate) fn gasp_last_error() -> *const c_char;
    pub(crate) fn gasp_guest_reserve(
        gsp: *mut guest_system,
        r#type: c_uint,
        location: u64,
        length: u64,
    ) -> c_int;
    pub(crate) fn gasp_guest_add_memory(
        gsp: *mut guest_system,
        location: u64,
        length: u64,
        kind: c_uint,
        chunk: u64,
    ) -> c_int;
    pub(crate) fn gasp_guest_next(
        gsp: *mut guest_system,
        r#type: c_uint,
        from: u64,
        span: *mut gasp_span,
    ) -> c_int;
    #[cfg(test)]
    pub(crate) fn gasp_guest_read(
        gsp: *mut guest_system,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;
    pub(crate) fn gasp_guest_write(
        gsp: *mut guest_system,
        location: u64,
        data: *const c_void,
        length: usize,
    ) -> c_int;
    pub(crate) fn gasp_find_free(
        gsp: *const guest_system,
        qst: c_uint,
        size: u64,
        align: u64,
    ) -> u64;
    pub(crate) fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu;
    pub(crate) fn gasp_cpu_destroy(cpu: *mut gasp_cpu);
    pub(crate) fn gasp_cpu_access(
        cpu: *mut gasp_cpu,
        r#type: c_uint,
        kind: c_uint,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;
    pub(crate) fn gasp_guest_set_trap_handler(
        gsp: *mut guest_system,
        handler: Option<TrapHandler>,
        arg: *mut c_void,
    ) -> c_int;
    pub(crate) fn gasp_guest_set_unsupported(gsp: *mut guest_system, policy: c_uint) -> c_int;
    pub(crate) fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int;
    pub(crate) fn gasp_guest_counts(gsp: *mut guest_system, counts: *mut gasp_counts) -> c_int;
    pub(crate) fn gasp_guest_add_listener(
        gsp: *mut guest_system,
        listener: *const gasp_listener,
        arg: *mut c_void,
        id: *mut u64,
    ) -> c_int;
    pub(crate) fn gasp_guest_remove_listener(gsp: *mut guest_system, id: u64) -> c_int;
    pub(crate) fn gasp_guest_set(
        gsp: *mut guest_system,
        num_regions: c_uint,
        rgn: *const gasp_region,
        flags: c_uint,
        report: *mut gasp_report,
    ) -> c_int;
}
