//! `<qvm/gasp.h>`: walks over the guest's memory.

use super::{args, ret};
use crate::guest::{FilteredWalk, Walk};
use crate::value::kind::SpaceKind;
use core::ffi::{c_int, c_uint};
use gasp_abi::{gasp_walk_filter_t, gasp_walk_state, gasp_walk_state_filtered, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_init(
    ws: *mut gasp_walk_state,
    gsp: *mut guest_system,
    max_length: u64,
    flags: c_uint,
) {
    // SAFETY: promise 2.
    if let Some(ws) = unsafe { args::output(ws) } {
        *ws = Walk::start(max_length, flags).to_c(gsp, max_length);
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_next(ws: *mut gasp_walk_state) -> c_int {
    // SAFETY: promise 2.
    let Some(ws) = (unsafe { args::output(ws) }) else {
        return 0;
    };
    ret::flag(|| {
        // SAFETY: promise 1, for the gsp that gasp_walk_init() was called with.
        let guest = unsafe { args::guest(ws.gsp).ok()? };
        *ws = Walk::from_c(ws).next(guest.map(SpaceKind::Memory))?.to_c(ws.gsp, ws.max_length);
        Some(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_count(
    gsp: *const guest_system,
    max_length: u64,
    flags: c_uint,
) -> c_uint {
    ret::entries(c"gasp_walk_count", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        Ok(Walk::checked(max_length, flags)?.count(guest.map(SpaceKind::Memory)))
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_init_filtered(
    ws: *mut gasp_walk_state_filtered,
    gsp: *mut guest_system,
    max_length: u64,
    flags: c_uint,
    filter: gasp_walk_filter_t,
) {
    // SAFETY: promise 2.
    if let Some(ws) = unsafe { args::output(ws) } {
        *ws = FilteredWalk::start(max_length, flags).to_c(gsp, max_length, filter);
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_next_filtered(
    ws: *mut gasp_walk_state_filtered,
) -> c_int {
    // SAFETY: promise 2.
    let Some(ws) = (unsafe { args::output(ws) }) else {
        return 0;
    };
    let (gsp, max_length, filter) = (ws.ws.gsp, ws.ws.max_length, ws.filter);
    ret::flag(|| {
        // SAFETY: promise 1, for the gsp that gasp_walk_init_filtered() was called with.
        let guest = unsafe { args::guest(gsp).ok()? };
        // SAFETY: promise 3, for the filter that gasp_walk_init_filtered() was called with.
        let wanted = unsafe { args::filter(filter) };
        *ws = FilteredWalk::from_c(ws)
            .next(guest.map(SpaceKind::Memory), &wanted)?
            .to_c(gsp, max_length, filter);
        Some(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_walk_count_filtered(
    gsp: *const guest_system,
    max_length: u64,
    flags: c_uint,
    filter: gasp_walk_filter_t,
) -> c_uint {
    ret::entries(c"gasp_walk_count_filtered", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 3.
        let wanted = unsafe { args::filter(filter) };
        let walk = FilteredWalk::checked(max_length, flags)?;
        Ok(walk.count(guest.map(SpaceKind::Memory), &wanted))
    })
}
