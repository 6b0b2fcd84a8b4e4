//! `<gasp/host.h>`: listeners, and set calls for hosts.

use crate::host::gasp_span;
use crate::types::{gasp_region, guest_system};
use core::ffi::{c_int, c_uint, c_void};

/// How gasp_guest_set() works: every element or none, judged on what the call leaves behind.
pub const GASP_SET_ALL_OR_NOTHING: u32 = 1 << 0;
/// How gasp_guest_set() works: say what would happen, and change nothing.
pub const GASP_SET_DRY_RUN: u32 = 1 << 1;

/// Runs of equal attributes: ascending, disjoint, as long as they can be.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_span_list {
    /// The first of them.
    pub first: *const gasp_span,
    /// How many there are.
    pub count: usize,
}

/// What one call changes: exactly the locations whose attributes differ before and after. A
/// location that is there before and after is in both lists.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_difference {
    /// What goes from the memory space.
    pub memory_removed: gasp_span_list,
    /// What comes into the memory space.
    pub memory_added: gasp_span_list,
    /// What goes from the port space.
    pub ports_removed: gasp_span_list,
    /// What comes into the port space.
    pub ports_added: gasp_span_list,
}

/// What a change costs those who follow it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_cost {
    /// How many memory slots more are in use afterwards; fewer: negative.
    pub slots: i64,
    /// How many memory slots are free afterwards; UINT64_MAX: there is no limit.
    pub slots_left: u64,
    /// How many system calls the change takes.
    pub ioctls: u64,
}

/// One who follows the changes of a guest. Any of the functions can be NULL. All get the `arg`
/// of gasp_guest_add_listener(), and a difference that is valid during the call.
///
/// They are called with the locks of the changed spaces held (with none at the end of the guest),
/// never two of one guest at a time. They may ask the guest anything, and gasp_lock() what is held.
/// They must not change the guest, add or remove listeners, or lock the other space (EDEADLK), nor
/// wait for a thread that does.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_listener {
    /// sizeof(struct gasp_listener) as the caller was compiled.
    pub size: usize,
    /// Lower ones are asked and told earlier, and told to abort later; of equal ones, those that
    /// were added earlier.
    pub priority: c_int,
    /// Say what a change would cost; `*cost` is all 0, with no limit. EOK, or the errno with
    /// which prepare would refuse it. Nothing happens.
    pub estimate: Option<
        unsafe extern "C" fn(
            arg: *mut c_void,
            difference: *const gasp_difference,
            cost: *mut gasp_cost,
        ) -> c_int,
    >,
    /// A change is about to become visible; queries still give the old state. EOK, or the errno
    /// with which the change is refused: then nothing of it happens, and this one is not told to
    /// abort.
    pub prepare:
        Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference) -> c_int>,
    /// The change that was prepared is visible now.
    pub commit: Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference)>,
    /// The change that was prepared does not happen, because somebody else refused it.
    pub abort: Option<unsafe extern "C" fn(arg: *mut c_void, difference: *const gasp_difference)>,
}

/// What gasp_guest_set() reports.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_report {
    /// sizeof(struct gasp_report) as the caller was compiled.
    pub size: usize,
    /// The element that was refused; 0 if the call was, as a whole; else how many there are.
    pub index: c_uint,
    /// EOK, or why.
    pub error: c_int,
    /// The space of `conflict`: QST_MEMORY or QST_X86_IO.
    pub r#type: c_uint,
    /// The region that was in the way; flags 0: none was.
    pub conflict: gasp_span,
    /// What the change costs all listeners together: slots and ioctls are sums, slots_left is
    /// the least.
    pub cost: gasp_cost,
}

unsafe extern "C" {
    /// Have somebody follow the changes of a guest.
    ///
    /// Each call that changes something, of whatever function, is told as one difference: all
    /// listeners prepare, in the order of their priority; it becomes visible; all commit. If one
    /// refuses, nothing of the call happens: those that had prepared abort, in the opposite order, and
    /// the call fails with the refusal's errno (index 0 where it returns an index). A call that changes
    /// nothing is not told. A listener is first told of the present map, as if all of it came now;
    /// when it is removed, and when the guest is destroyed, of all that is there, as if it went: then
    /// a refusal is not heard.
    ///
    /// listener: its size is sizeof(struct gasp_listener); it is copied. arg: handed back. *id becomes
    /// its number (id may be NULL).
    ///
    /// Returns EOK, or an error number (errno is not changed, *id not written): what prepare refused
    /// the present map with (a number that is not in 1..4095 becomes EINVAL); EINVAL bad gsp, listener
    /// NULL or size too small; E2BIG larger than this library knows, and something set in the part that
    /// it does not know; EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
    /// Threads: any; takes the locks of both spaces. Source: libgasp's own.
    pub fn gasp_guest_add_listener(
        gsp: *mut guest_system,
        listener: *const gasp_listener,
        arg: *mut c_void,
        id: *mut u64,
    ) -> c_int;

    /// Remove a listener. It is told that all of the map goes, and then nothing more.
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, no listener has this id;
    /// EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
    /// Threads: any; takes the locks of both spaces. Source: libgasp's own.
    pub fn gasp_guest_remove_listener(gsp: *mut guest_system, id: u64) -> c_int;

    /// Set regions, with what QNX's functions do not have. The elements mean what they mean to
    /// gasp_region_set_soft(); the locks are taken for the call unless the caller has them.
    ///
    /// flags: GASP_SET_ALL_OR_NOTHING: if one element is refused, nothing is changed; deletions are
    /// made first, then the other elements in order, and whether a page of memory was cut is judged
    /// when all of them have been made. So what goes in this call is in nobody's way, and two regions
    /// swap places by two deletions and two additions in any order. GASP_SET_DRY_RUN: nothing is
    /// changed; the result and the report are those that the call would have, except for what
    /// listeners find out only by doing it. report: NULL, or its size is sizeof(struct gasp_report),
    /// and the rest is written, unless gsp or flags are bad.
    ///
    /// Returns EOK, or an error number (errno is not changed): as gasp_region_set_soft(), whose index
    /// is report->index; EINVAL also for unknown flags and a report whose size is too small; the errno
    /// of a listener that refuses. num_regions 0 is EOK.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set(
        gsp: *mut guest_system,
        num_regions: c_uint,
        rgn: *const gasp_region,
        flags: c_uint,
        report: *mut gasp_report,
    ) -> c_int;

    /// How many changes of a space have become visible: it grows by one with each call that changes
    /// something in it. It costs one load.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    /// Returns the number, or 0 with errno EINVAL: bad gsp or type.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_generation(gsp: *mut guest_system, r#type: c_uint) -> u64;
}
