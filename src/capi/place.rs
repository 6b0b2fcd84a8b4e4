//! `<gasp/host.h>`: places that are found, taken and given back, regions backwards, and holes.

use super::{args, ret};
use crate::error::Error;
use crate::guest::{Claim, End};
use crate::value::element::Element;
use core::ffi::{c_int, c_uint};
use gasp_abi::{GASP_FIND_TOP, gasp_change, gasp_span, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_find(
    gsp: *mut guest_system,
    r#type: c_uint,
    size: u64,
    align: u64,
    min: u64,
    max: u64,
    flags: c_uint,
) -> u64 {
    ret::location(c"gasp_guest_find", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        let place = guest.find(r#type, [size, align], [min, max], end_of(flags)?)?;
        Ok(place.first())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_claim(
    gsp: *mut guest_system,
    change: *mut gasp_change,
    size: u64,
    align: u64,
    flags: c_uint,
) -> c_int {
    ret::refusable(c"gasp_guest_claim", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let change = unsafe { args::required_output("change", change)? };
        let (element, end) = (Element::from(*change), end_of(flags)?);
        let window = [change.location, change.last];
        let place = guest.claim(&Claim { element, window, size, align, end })?;
        (change.location, change.last) = (place.first().get(), place.last().get());
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_unreserve(
    gsp: *mut guest_system,
    r#type: c_uint,
    location: u64,
    length: u64,
) -> c_int {
    ret::code(c"gasp_guest_unreserve", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.unreserve(r#type, location, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_unreserve_gram(
    gsp: *mut guest_system,
    location: u64,
    length: u64,
) -> c_int {
    ret::code(c"gasp_guest_unreserve_gram", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.gram_unreserve(location, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_previous(
    gsp: *mut guest_system,
    r#type: c_uint,
    from: u64,
    span: *mut gasp_span,
) -> c_int {
    ret::code(c"gasp_guest_previous", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let span = unsafe { args::required_output("span", span)? };
        *span = guest.previous_region(r#type, from)?.to_span();
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_next_gap(
    gsp: *mut guest_system,
    r#type: c_uint,
    from: u64,
    gap: *mut gasp_span,
) -> c_int {
    ret::code(c"gasp_guest_next_gap", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let gap = unsafe { args::required_output("gap", gap)? };
        let range = guest.next_gap(r#type, from)?;
        let (location, last) = (range.first().get(), range.last().get());
        *gap = gasp_span { location, last, ..gasp_span::NONE };
        Ok(())
    })
}

/// The end from which a search starts.
fn end_of(flags: c_uint) -> Result<End, Error> {
    match flags & !GASP_FIND_TOP {
        0 if flags == 0 => Ok(End::Bottom),
        0 => Ok(End::Top),
        unknown => Err(Error::Unknown { what: "GASP_FIND flags", bits: unknown }),
    }
}
