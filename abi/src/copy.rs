//! `<gasp/host.h>`: the host's reads and writes, with the location at which one fails.

use crate::types::guest_system;
use core::ffi::{c_int, c_uint, c_void};

unsafe extern "C" {
    /// Read or write the memory behind locations, as gasp_guest_read() and gasp_guest_write() do, and
    /// tell where it fails.
    ///
    /// kind: GASP_READ (into data) or GASP_WRITE (from data). failed: NULL, or where the location
    /// goes.
    ///
    /// Returns EOK, or an error number (errno is unchanged; *failed is written only where it says so):
    /// - ENXIO: some location is not backed; *failed is the lowest such one; nothing was copied
    /// - EIO: host memory is not there (GASP_GUEST_GUARDED); *failed is the lowest location for which
    ///   this is so; what is below it was copied
    /// - EINVAL: bad gsp or kind, data NULL, a range past the end of the space
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_copy(
        gsp: *mut guest_system,
        kind: c_uint,
        location: u64,
        data: *mut c_void,
        length: usize,
        failed: *mut u64,
    ) -> c_int;
}
