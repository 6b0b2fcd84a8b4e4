//! `<gasp/host.h>`: accesses that wait while another thread holds the lock of the space.

use crate::types::{guest_system, vdev_t};
use core::ffi::{c_int, c_uint};

/// Option flag of gasp_guest_create(): accesses that find nothing wait while another thread holds
/// the lock of the space, and then look again. So they see what a vdev sets in the end, if it holds
/// the lock while it changes a part of the map step by step.
///
/// An access does not wait for longer than gasp_guest_set_hold_limit() says, nor for a thread that
/// waits for a lock of the thread of the access, nor inside a listener callback. It is unsupported
/// then, with GASP_REASON_HELD, and the failure is recorded (gasp_last_error()) and reported
/// (gasp_on_failure()), even if the policy ignores it and gasp_cpu_access() returns EOK. The message
/// has the kernel's number of the thread that holds the lock, and its vdev.
///
/// An access that finds something to do never waits.
pub const GASP_GUEST_HOLD_MISSES: u32 = 1 << 2;

/// Reason for which an access is unsupported: nothing takes it, and another thread holds the lock of
/// the space, for which it did not wait, or no longer (GASP_GUEST_HOLD_MISSES).
pub const GASP_REASON_HELD: u32 = 6;

/// The thread that holds the lock of a space.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_holder {
    /// The vdev of the thread's record (gasp_acting()) when it took the lock; NULL: none.
    pub vdev: *mut vdev_t,
    /// The kernel's number of the thread, as gettid() returns it.
    pub thread: c_int,
}

unsafe extern "C" {
    /// Get the thread that holds the lock of a space, which can be the caller.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    ///
    /// Another thread may have released the lock when the call returns.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *holder not written):
    /// - ENOENT: no thread holds it
    /// - EINVAL: bad gsp or type, or holder NULL
    ///
    /// Threads: any, never waits. Source: libgasp's own.
    pub fn gasp_guest_lock_holder(
        gsp: *mut guest_system,
        r#type: c_uint,
        holder: *mut gasp_holder,
    ) -> c_int;

    /// Set the longest wait of an access (GASP_GUEST_HOLD_MISSES) and of gasp_guest_settle(), for
    /// waits that begin from now on.
    ///
    /// milliseconds: 5000 for a new guest. 0: nothing waits.
    ///
    /// Returns EOK, or EINVAL for a bad gsp (errno is unchanged).
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_hold_limit(gsp: *mut guest_system, milliseconds: c_uint) -> c_int;

    /// Wait until no other thread holds the lock of a space, as an access does that finds nothing,
    /// with or without GASP_GUEST_HOLD_MISSES. This is for a hypervisor that fails an access or a
    /// fetch by itself: it can try again then.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    ///
    /// The caller's own locks stay as they are.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - ETIMEDOUT: another thread has held the lock for longer than gasp_guest_set_hold_limit()
    ///   allows; gasp_last_error() names it
    /// - EDEADLK: another thread holds the lock, and waits for a lock of the caller, or the call is
    ///   made inside a listener callback
    /// - ENOMEM: no memory to wait
    /// - EINVAL: bad gsp or type
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_settle(gsp: *mut guest_system, r#type: c_uint) -> c_int;
}
