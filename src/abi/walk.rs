//! The types and numbers of `<qvm/gasp.h>`.

use crate::abi::vdev_core::guest_system;
use core::ffi::{c_uint, c_void};

/// Search hint: RAM will do (QNX 7.0).
pub const GRAM_HINT_RAM: u32 = 1 << 0;
/// Search hint: ROM will do (QNX 7.0).
pub const GRAM_HINT_ROM: u32 = 1 << 1;
/// Search hint: take the highest place that fits (QNX 7.0).
pub const GRAM_HINT_ALIGN_TOP: u32 = 1 << 2;

/// Walk flag: report host locations, and end an entry where they jump. The name is QNX's, the
/// number is libgasp's own.
pub const GWS_HOST: u32 = 1 << 0;

/// Mapping flag, beside PROT_*. The name is QNX's, the number is libgasp's own: a bit that no
/// PROT_* of Linux uses.
pub const GMF_MAP_ANY: u32 = 1 << 30;

/// A walk over a guest's memory (QNX 7.1: 56 bytes). Filled by gasp_walk_init(); read it after
/// each gasp_walk_next() that returned non-zero. Nothing in it needs to be released.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_walk_state {
    /// Private to the library.
    pub span: *mut c_void,
    /// The guest.
    pub gsp: *mut guest_system,
    /// Guest-physical address of this entry.
    pub guest_loc: u64,
    /// Address of its memory in this process; only with GWS_HOST, else 0.
    pub host_loc: u64,
    /// Bytes in this entry.
    pub length: u64,
    /// Bytes that an entry has at most; 0: no limit.
    pub max_length: u64,
    /// GWS_*.
    pub flags: c_uint,
}

/// Chooses what a walk visits: in, a candidate range; out, the first part of it that is wanted
/// (QNX 7.1). A shorter answer makes the walk ask again for the rest; length 0 means that nothing
/// more of this range is wanted. An answer outside of the range, or one that makes no progress,
/// ends the range too.
pub type gasp_walk_filter_t = Option<unsafe extern "C" fn(guest_loc: *mut u64, length: *mut usize)>;

/// A walk with a filter (QNX 7.1: 80 bytes).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_walk_state_filtered {
    /// The entry, as in a walk without a filter.
    pub ws: gasp_walk_state,
    /// The filter.
    pub filter: gasp_walk_filter_t,
    /// Private to the library: where the rest of the candidate range starts.
    pub remaining_guest_loc: u64,
    /// Private to the library: how many bytes of it are left.
    pub remaining_length: u64,
}
