//! `<gasp/host.h>`: for a library between hosts and vdevs: which vdev acts.

use crate::types::vdev_t;
use core::ffi::c_void;

/// For which vdev a thread acts. Each thread has one record, from gasp_acting().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_acting {
    /// The vdev; NULL: none. It is never dereferenced.
    pub vdev: *mut vdev_t,
    /// For the code that sets the mark. libgasp does not read it.
    pub data: *mut c_void,
}

unsafe extern "C" {
    /// Get the calling thread's record of the vdev for which it acts. The caller writes the record:
    /// before it calls a vdev, and back to what was there after that.
    ///
    /// The address is the same in each call of a thread, as that of errno, and is valid until the
    /// thread ends. A new thread's record is zero. The first call of a thread can allocate memory;
    /// after that the record can also be read and written in a signal handler.
    ///
    /// Threads: any; other threads must not use the record. Source: libgasp's own.
    pub fn gasp_acting() -> *mut gasp_acting;
}
