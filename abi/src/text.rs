//! `<gasp/host.h>`: the version, and flags and regions as text.

use crate::gasp_span;
use core::ffi::{c_char, c_uint};

/// The version of this header: its first number.
pub const GASP_VERSION_MAJOR: u32 = 0;
/// The version of this header: its second number.
pub const GASP_VERSION_MINOR: u32 = 9;
/// The version of this header: its third number.
pub const GASP_VERSION_PATCH: u32 = 0;
/// The version of this header as one number, which grows with each version.
pub const GASP_VERSION: u32 =
    GASP_VERSION_MAJOR << 16 | GASP_VERSION_MINOR << 8 | GASP_VERSION_PATCH;

unsafe extern "C" {
    /// Get the version of the library that is loaded, in the form of GASP_VERSION.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_version() -> c_uint;

    /// Write flags of a region as text: `VIRT_RD|VIRT_WR`, `NONE` for 0, and bits without a name in
    /// hexadecimal.
    ///
    /// buffer, size: as for snprintf(): at most size bytes are written, with a NUL at the end.
    /// buffer may be NULL if size is 0.
    ///
    /// Returns the length of the whole text without its NUL, or 0 with errno EINVAL: buffer is NULL
    /// and size is not 0.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_flags_text(flags: u32, buffer: *mut c_char, size: usize) -> usize;

    /// Write a region as one line of text: `memory [0x1000, 0x1fff], flags VIRT_RD|ACTIVE`, and then
    /// `, host 0x7f0000001000, vdev 0x55d0c0de4010, cookie 7`, each of them only if it is not 0.
    ///
    /// type: the space of the region, QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. buffer, size: as for
    /// gasp_flags_text().
    ///
    /// Returns the length of the whole text without its NUL, or 0 with errno EINVAL: span is NULL, a
    /// bad type, buffer is NULL and size is not 0.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_span_text(
        span: *const gasp_span,
        r#type: c_uint,
        buffer: *mut c_char,
        size: usize,
    ) -> usize;
}
