//! `<gasp/host.h>`: listeners, and set calls for hosts.

use crate::host::gasp_span;
use crate::types::{gasp_region, guest_system};
use core::ffi::{c_int, c_uint, c_void};

/// Flag of gasp_guest_set(): if an element is refused, nothing is changed. Deletions are made
/// first.
pub const GASP_SET_ALL_OR_NOTHING: u32 = 1 << 0;
/// Flag of gasp_guest_set(): return and report the result, but change nothing.
pub const GASP_SET_DRY_RUN: u32 = 1 << 1;
/// Flag of gasp_guest_set(), for the host: PRECIOUS protects nothing, whoever it is precious to.
pub const GASP_SET_OVERRIDE: u32 = 1 << 2;
/// Flag of gasp_guest_set(): an element that does not delete is refused if something is there.
pub const GASP_SET_ONLY_ABSENT: u32 = 1 << 3;

/// A list of runs of locations with equal attributes: ascending, disjoint, each as long as
/// possible.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_span_list {
    /// The first entry; must not be read if count is 0.
    pub first: *const gasp_span,
    /// Number of entries.
    pub count: usize,
}

/// The difference that one call makes: exactly the locations whose attributes differ before and
/// after the call. A location that is present before and after is in both lists of its space.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_difference {
    /// Locations of memory with their old attributes.
    pub memory_removed: gasp_span_list,
    /// Locations of memory with their new attributes.
    pub memory_added: gasp_span_list,
    /// Ports with their old attributes.
    pub ports_removed: gasp_span_list,
    /// Ports with their new attributes.
    pub ports_added: gasp_span_list,
}

/// The cost of a change for a listener, or for all listeners together.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_cost {
    /// Number of memory slots that the change uses; negative if it releases slots.
    pub slots: i64,
    /// Number of free memory slots after the change. UINT64_MAX: no limit.
    pub slots_left: u64,
    /// Number of system calls that the change takes.
    pub ioctls: u64,
}

/// A listener: callbacks that are notified of a guest's changes, and can refuse them. Each callback
/// can be NULL. `arg` is that of gasp_guest_add_listener(); `difference` is valid during the call.
///
/// Callbacks run on the thread that makes the change, with the locks of the changed spaces held
/// (without a lock when the guest is destroyed). Two callbacks of one guest never run at the same
/// time. A callback may query the guest, make accesses, read, write and map guest memory, and
/// gasp_lock() a space whose lock the thread holds.
///
/// A callback must not change the guest, add or remove listeners, or lock the other space: these
/// are EDEADLK, and so gasp_region_set() ends the process. It must not wait for a thread that does
/// one of these, or that wants a lock of the guest.
///
/// A callback must return. If its thread ends inside, or it leaves by longjmp(), the guest's locks
/// stay taken, and the process ends with a message when the library finds out: at the latest when
/// the thread ends. A C++ exception must not leave it either.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_listener {
    /// sizeof(struct gasp_listener) as the caller was compiled.
    pub size: usize,
    /// Listeners are called in ascending order of priority, equal ones in the order of adding;
    /// `abort` is called in the opposite order.
    pub priority: c_int,
    /// Estimates the cost of a change, which need not follow. On entry `*cost` is 0, without a
    /// limit. Returns EOK, or the number with which `prepare` would refuse the change.
    pub estimate: Option<
        unsafe extern "C" fn(
            arg: *mut c_void,
            difference: *const gasp_difference,
            cost: *mut gasp_cost,
        ) -> c_int,
    >,
    /// Called before a change becomes visible; queries give the old state. Returns EOK, or an errno
    /// number (1 to 4095) that refuses the change: then nothing of it happens, and this listener's
    /// `abort` is not called.
    pub prepare:
        Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference) -> c_int>,
    /// Called when the prepared change has become visible.
    pub commit: Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference)>,
    /// Called when the prepared change does not happen, because another listener refused it.
    pub abort: Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference)>,
}

/// The report of gasp_guest_set().
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_report {
    /// sizeof(struct gasp_report) as the caller was compiled.
    pub size: usize,
    /// Index of the refused element. 0 if the call failed as a whole; num_regions if nothing was
    /// refused.
    pub index: c_uint,
    /// The return value.
    pub error: c_int,
    /// The space of `conflict`: QST_MEMORY or QST_X86_IO; 0 without a conflict.
    pub r#type: c_uint,
    /// The region for which the element was refused. Without a conflict all fields are 0.
    pub conflict: gasp_span,
    /// The cost for all listeners together: `slots` and `ioctls` are sums, `slots_left` is the
    /// minimum. If a `prepare` refused, that of the refused change.
    pub cost: gasp_cost,
}

unsafe extern "C" {
    /// Add a listener, which is then notified of each call that changes something, as one
    /// difference.
    ///
    /// listener: size is sizeof(struct gasp_listener); the structure is copied. arg: passed to each
    /// callback. id: NULL, or *id becomes the listener's number, which is not 0.
    ///
    /// All listeners prepare, in the order of their priority; the change becomes visible; all
    /// commit. If a listener refuses, nothing of the call happens: listeners that have prepared
    /// abort, in the opposite order, and the call fails with the refusal's number (with index 0, if
    /// it returns an index). A call that changes nothing causes no notification.
    ///
    /// A new listener is notified of the present map as added. It is notified of the whole map as
    /// removed when it is removed or the guest is destroyed; the result of prepare is then ignored.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *id not written):
    /// - EINVAL: bad gsp, listener NULL, listener->size too small
    /// - E2BIG: listener->size is larger than this library knows, and a byte that it does not know
    ///   is not zero
    /// - EDEADLK: inside a listener callback, or as for gasp_lock()
    /// - ENOMEM
    /// - the number with which prepare refused the present map; a number outside 1 to 4095 becomes
    ///   EINVAL
    ///
    /// Threads: any; takes the locks of both spaces. Source: libgasp's own.
    pub fn gasp_guest_add_listener(
        gsp: *mut guest_system,
        listener: *const gasp_listener,
        arg: *mut c_void,
        id: *mut u64,
    ) -> c_int;

    /// Remove a listener. It is notified of the whole map as removed. When the call has returned,
    /// none of its callbacks runs or will run.
    ///
    /// id: the number from gasp_guest_add_listener().
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad gsp, or no listener of this guest has this id
    /// - EDEADLK: inside a listener callback, or as for gasp_lock()
    /// - ENOMEM
    ///
    /// Threads: any; takes the locks of both spaces. Source: libgasp's own.
    pub fn gasp_guest_remove_listener(gsp: *mut guest_system, id: u64) -> c_int;

    /// Set regions as gasp_region_set_soft() does, with options and a report. The call takes the
    /// locks that the caller does not hold, also in strict mode.
    ///
    /// flags: 0, or some of these:
    /// - GASP_SET_ALL_OR_NOTHING: if an element is refused, nothing is changed. Deletions are made
    ///   first, then the other elements in order, so additions may reuse deleted ranges: two
    ///   regions swap places by two deletions and two additions in any order. Edges inside a page
    ///   that has memory behind it are refused only if they cut it in the resulting state.
    /// - GASP_SET_DRY_RUN: nothing is changed. The result and the report are those of the call
    ///   without this flag, but a refusal by a listener's prepare is not predicted: only estimate
    ///   is called.
    /// - GASP_SET_OVERRIDE: for the host. GRF_PRECIOUS protects nothing, neither from an overlap nor
    ///   from another vdev's thread.
    /// - GASP_SET_ONLY_ABSENT: an element that does not delete is refused (EEXIST) if some of its
    ///   range is present. Deletions are as without this flag.
    ///
    /// report: NULL, or report->size is sizeof(struct gasp_report). The rest is written, unless
    /// gsp, flags or report->size is bad. The array is read up to three times, and must not change
    /// during the call.
    ///
    /// Returns EOK, also for num_regions 0, or an error number (errno is unchanged): the errors of
    /// gasp_region_set_soft(), except strict mode's EPERM. report->index is then what
    /// gasp_region_set_soft() would return. Unknown flags and a report->size that is too small are
    /// EINVAL.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set(
        gsp: *mut guest_system,
        num_regions: c_uint,
        rgn: *const gasp_region,
        flags: c_uint,
        report: *mut gasp_report,
    ) -> c_int;

    /// Get the number of changes of a space that have become visible: 0 for a new guest, and one
    /// more with each call that changes something in the space. It costs one load.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    ///
    /// Returns the number, or 0 with errno EINVAL for a bad gsp or type. errno is unchanged
    /// otherwise, also for the 0 of a new guest.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_generation(gsp: *mut guest_system, r#type: c_uint) -> u64;

    /// Get a number for the present state of a space that no other state of this space, of the other
    /// space, or of any other guest of the process has, whether it exists or not. So what was kept
    /// with the number can be found again by the number alone. It costs one load.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    ///
    /// It changes when gasp_guest_generation() does. Numbers of a space ascend, but not one by one.
    ///
    /// Returns the number, which is not 0, or 0 with errno EINVAL for a bad gsp or type. errno is
    /// unchanged otherwise.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_unique_generation(gsp: *mut guest_system, r#type: c_uint) -> u64;
}
