//! The types and numbers of `<gasp/host.h>` for changes that others follow.

use super::host::gasp_span;
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
