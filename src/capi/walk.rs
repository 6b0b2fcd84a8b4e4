//! `<qvm/gasp.h>`: walks over the guest's memory.

use super::{args, ret};
use crate::abi::vdev_core::guest_system;
use crate::abi::walk::{gasp_walk_filter_t, gasp_walk_state, gasp_walk_state_filtered};
use crate::guest::walk::{Filtered, Walk};
use core::ffi::{c_int, c_uint};

/// Start a walk over the guest's memory: the runs of GRF_MEMORY, in ascending order, whatever
/// the guest may do there.
///
/// max_length: bytes that an entry has at most; 0: no limit. flags: 0, or GWS_HOST to have
/// host_loc filled and entries cut where host memory is not contiguous. Bad arguments make a walk
/// without entries. The state needs no clean-up; each step sees the map of its moment.
///
/// Threads: any, no lock needed; one thread at a time for each state. Source: QNX 7.1 (names,
/// structure); the signature is libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_init(
    ws: *mut gasp_walk_state,
    gsp: *mut guest_system,
    max_length: u64,
    flags: c_uint,
) {
    // SAFETY: the caller promises that ws, unless NULL, can be written.
    if let Some(ws) = unsafe { args::output(ws) } {
        *ws = Walk::start(max_length, flags).to_c(gsp, max_length);
    }
}

/// Go to the next entry of a walk.
///
/// Returns 1 with guest_loc, host_loc and length of the entry in *ws; 0 at the end (and for
/// NULL, a bad gsp, unknown flags), with *ws unchanged.
/// Threads and source: as gasp_walk_init().
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_next(ws: *mut gasp_walk_state) -> c_int {
    // SAFETY: the caller promises that ws, unless NULL, is a state that gasp_walk_init() filled.
    let Some(ws) = (unsafe { args::output(ws) }) else {
        return 0;
    };
    ret::flag(|| {
        // SAFETY: gasp_walk_init() took gsp from its caller, whose promise about it still holds.
        let guest = unsafe { args::guest(ws.gsp).ok()? };
        *ws = Walk::from_c(ws).next(guest)?.to_c(ws.gsp, ws.max_length);
        Some(())
    })
}

/// Count the entries that a walk with these arguments has at this moment.
///
/// Returns the count; 0 with errno EINVAL for a bad gsp or unknown flags.
/// Threads: any, no lock needed. Source: QNX 7.1 (as the filtered twin, without its filter).
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_count(
    gsp: *const guest_system,
    max_length: u64,
    flags: c_uint,
) -> c_uint {
    ret::entries(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        Walk::checked(max_length, flags)?.count(guest)
    })
}

/// Start a walk that visits what a filter lets through. As gasp_walk_init(); filter NULL: all.
///
/// The filter is asked with each run of memory (before it is cut to max_length), and again with
/// the rest of a run of which it wanted a part.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_init_filtered(
    ws: *mut gasp_walk_state_filtered,
    gsp: *mut guest_system,
    max_length: u64,
    flags: c_uint,
    filter: gasp_walk_filter_t,
) {
    // SAFETY: the caller promises that ws, unless NULL, can be written.
    if let Some(ws) = unsafe { args::output(ws) } {
        *ws = Filtered::start(max_length, flags).to_c(gsp, max_length, filter);
    }
}

/// Go to the next entry of a walk with a filter. As gasp_walk_next().
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_next_filtered(ws: *mut gasp_walk_state_filtered) -> c_int {
    // SAFETY: the caller promises that ws, unless NULL, is a state that
    // gasp_walk_init_filtered() filled.
    let Some(ws) = (unsafe { args::output(ws) }) else {
        return 0;
    };
    let (gsp, max_length, filter) = (ws.ws.gsp, ws.ws.max_length, ws.filter);
    ret::flag(|| {
        // SAFETY: gasp_walk_init_filtered() took gsp from its caller, whose promise still holds.
        let guest = unsafe { args::guest(gsp).ok()? };
        // SAFETY: so did it take the filter, which the caller promises to be callable.
        let wanted = unsafe { args::filter(filter) };
        *ws = Filtered::from_c(ws).next(guest, &wanted)?.to_c(gsp, max_length, filter);
        Some(())
    })
}

/// Count the entries that a walk with a filter has at this moment. As gasp_walk_count().
///
/// Source: QNX 7.1.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_walk_count_filtered(
    gsp: *const guest_system,
    max_length: u64,
    flags: c_uint,
    filter: gasp_walk_filter_t,
) -> c_uint {
    ret::entries(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that the filter, unless NULL, can be called.
        let wanted = unsafe { args::filter(filter) };
        Filtered::checked(max_length, flags)?.count(guest, &wanted)
    })
}
