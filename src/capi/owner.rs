//! `<gasp/host.h>`: changes with 64-bit ends, and all that a vdev has.

use super::{args, change, ret, sized};
use crate::error::Error;
use crate::guest::{Released, SetOptions};
use crate::value::region::{Region, Vdev};
use core::ffi::{c_int, c_uint};
use gasp_abi::{gasp_change, gasp_released, gasp_report, guest_system, vdev_t};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_change(
    gsp: *mut guest_system,
    num_changes: c_uint,
    changes: *const gasp_change,
    flags: c_uint,
    report: *mut gasp_report,
) -> c_int {
    ret::refusable(c"gasp_guest_change", || {
        let options = SetOptions { any_ranges: true, ..change::set_options(flags)? };
        // SAFETY: promises 1 and 2.
        unsafe { change::set_as(gsp, num_changes, changes, options, report) }
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_release(
    gsp: *mut guest_system,
    vdev: *const vdev_t,
    report: *mut gasp_released,
) -> c_int {
    ret::code(c"gasp_guest_release", || {
        // SAFETY: promise 2.
        let report = unsafe { sized::output("report", report)? };
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        if vdev.is_null() {
            return Err(Error::Null("vdev"));
        }
        let list = report.as_ref().map(|report| (report.spans, report.room));
        let room = list.filter(|(spans, _)| !spans.is_null()).map_or(usize::MAX, |(_, room)| room);
        let result = guest.release(Vdev::from_c(vdev.cast_mut()), room);
        let Some(report) = report else { return result.map(drop) };
        // SAFETY: promise 2: what is listed has room.
        unsafe { fill(report, result) }
    })
}

/// Fills in a report, or the room that its list needs.
///
/// # Safety
/// The list of the report is NULL, or has room for what was released.
unsafe fn fill(report: &mut gasp_released, result: Result<Released, Error>) -> Result<(), Error> {
    let released = result.inspect_err(|error| {
        if let Error::NoRoom { needed, .. } = error {
            report.count = *needed;
        }
    })?;
    (report.count, report.ports) = (released.regions.len(), released.ports);
    let spans = released.regions.into_iter().map(Region::to_span);
    // SAFETY: this is what `write_list` requires, as the caller promises.
    unsafe { args::write_list(report.spans, spans) };
    Ok(())
}
