//! `<gasp/host.h>`: listeners, and set calls for hosts.

use super::args::CElement;
use super::{args, ret, sized};
use crate::callback::{Callback, Listener};
use crate::error::Error;
use crate::error::refusal::Refusal;
use crate::guest::{Outcome, SetOptions};
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{
    GASP_SET_ALL_OR_NOTHING, GASP_SET_DRY_RUN, GASP_SET_ONLY_ABSENT, GASP_SET_OVERRIDE, gasp_cost,
    gasp_listener, gasp_region, gasp_report, guest_system,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_add_listener(
    gsp: *mut guest_system,
    listener: *const gasp_listener,
    arg: *mut c_void,
    id: *mut u64,
) -> c_int {
    ret::code(c"gasp_guest_add_listener", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promises 2 and 3.
        let number = guest.add_listener(unsafe { listener_of(listener, arg)? })?;
        // SAFETY: promise 2.
        if let Some(id) = unsafe { args::output(id) } {
            *id = number;
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_remove_listener(
    gsp: *mut guest_system,
    id: u64,
) -> c_int {
    ret::code(c"gasp_guest_remove_listener", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.remove_listener(id)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
    flags: c_uint,
    report: *mut gasp_report,
) -> c_int {
    ret::refusable(c"gasp_guest_set", || {
        let options = set_options(flags)?;
        // SAFETY: promises 1 and 2.
        unsafe { set_as(gsp, num_regions, rgn, options, report) }
    })
}

/// Makes the changes of an array, and fills in the report.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn set_as<T: CElement>(
    gsp: *mut guest_system,
    count: c_uint,
    first: *const T,
    options: SetOptions,
    report: *mut gasp_report,
) -> Result<(), Refusal> {
    // SAFETY: promise 2.
    let report = unsafe { sized::output("report", report)? };
    // SAFETY: promise 1.
    let guest = unsafe { args::guest(gsp)? };
    let options = SetOptions { wants_cost: report.is_some(), ..options };
    let outcome = match count {
        0 => Outcome { result: Ok(()), cost: gasp_cost::NOTHING },
        // SAFETY: promise 2.
        _ => guest.set_as(unsafe { args::array(count, first) }, options),
    };
    if let Some(report) = report {
        *report = outcome.to_c(count, report.size);
    }
    outcome.result
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_generation(
    gsp: *mut guest_system,
    r#type: c_uint,
) -> u64 {
    ret::number(c"gasp_guest_generation", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.generation(r#type)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_unique_generation(
    gsp: *mut guest_system,
    r#type: c_uint,
) -> u64 {
    ret::number(c"gasp_guest_unique_generation", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.unique_generation(r#type)
    })
}

pub(super) fn set_options(flags: c_uint) -> Result<SetOptions, Error> {
    const KNOWN: c_uint =
        GASP_SET_ALL_OR_NOTHING | GASP_SET_DRY_RUN | GASP_SET_OVERRIDE | GASP_SET_ONLY_ABSENT;
    match flags & !KNOWN {
        0 => Ok(SetOptions {
            all_or_nothing: flags & GASP_SET_ALL_OR_NOTHING != 0,
            dry_run: flags & GASP_SET_DRY_RUN != 0,
            overrides: flags & GASP_SET_OVERRIDE != 0,
            only_absent: flags & GASP_SET_ONLY_ABSENT != 0,
            ..SetOptions::default()
        }),
        unknown => Err(Error::Unknown { what: "GASP_SET flags", bits: unknown }),
    }
}

/// The listener with its `arg`.
///
/// # Safety
/// `listener` is NULL, or its `size` and that number of bytes can be read. Its callbacks can be
/// called with `arg` from any thread.
unsafe fn listener_of(listener: *const gasp_listener, arg: *mut c_void) -> Result<Listener, Error> {
    // SAFETY: this is what `input` requires, as the caller promises.
    let listener = unsafe { sized::input("listener", listener)? };
    let listener = listener.ok_or(Error::Null("listener"))?;
    // SAFETY: the callbacks can be called with `arg` from any thread, as the caller promises.
    Ok(unsafe { Callback::new(listener, arg) })
}
