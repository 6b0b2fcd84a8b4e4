//! `<gasp/host.h>`: changes that others follow, and set calls for hosts.

use super::{args, ret, sized};
use crate::abi::change::{GASP_SET_ALL_OR_NOTHING, GASP_SET_DRY_RUN, gasp_listener, gasp_report};
use crate::abi::types::gasp_region;
use crate::abi::vdev_core::guest_system;
use crate::callback::listener::Functions;
use crate::error::Error;
use crate::guest::{How, Outcome};
use core::ffi::{c_int, c_uint, c_void};

/// Have somebody follow the changes of a guest.
///
/// Each call that changes something, of whatever function, is told as one difference: all
/// listeners prepare, in the order of their priority; it becomes visible; all commit. If one
/// refuses, nothing of the call happens: those that had prepared abort, in the opposite order, and
/// the call fails with the refusal's errno (index 0 where it returns an index). A call that changes
/// nothing is not told. A listener is first told of the present map, as if all of it came now;
/// when it is removed, and when the guest is destroyed, of all that is there, as if it went: then
/// a refusal is not heard.
///
/// listener: its size is sizeof(struct gasp_listener); it is copied. arg: handed back. *id becomes
/// its number (id may be NULL).
///
/// Returns EOK, or an error number (errno is not changed, *id not written): what prepare refused
/// the present map with (a number that is not in 1..4095 becomes EINVAL); EINVAL bad gsp, listener
/// NULL or size too small; E2BIG larger than this library knows, and something set in the part that
/// it does not know; EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
/// Threads: any; takes the locks of both spaces. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_add_listener(
    gsp: *mut guest_system,
    listener: *const gasp_listener,
    arg: *mut c_void,
    id: *mut u64,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller's promises about listener and arg are those that this asks for.
        let number = guest.add_listener(unsafe { listener_of(listener, arg)? })?;
        // SAFETY: the caller promises that id, unless NULL, can be written.
        if let Some(id) = unsafe { args::output(id) } {
            *id = number;
        }
        Ok(())
    })
}

/// Remove a listener. It is told that all of the map goes, and then nothing more.
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, no listener has this id;
/// EDEADLK from inside a listener's function, and as gasp_lock(); ENOMEM.
/// Threads: any; takes the locks of both spaces. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_remove_listener(gsp: *mut guest_system, id: u64) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.remove_listener(id)
    })
}

/// Set regions, with what QNX's functions do not have. The elements mean what they mean to
/// gasp_region_set_soft(); the locks are taken for the call unless the caller has them.
///
/// flags: GASP_SET_ALL_OR_NOTHING: if one element is refused, nothing is changed; deletions are
/// made first, then the other elements in order, and whether a page of memory was cut is judged
/// when all of them have been made. So what goes in this call is in nobody's way, and two regions
/// swap places by two deletions and two additions in any order. GASP_SET_DRY_RUN: nothing is
/// changed; the result and the report are those that the call would have, except for what
/// listeners find out only by doing it. report: NULL, or its size is sizeof(struct gasp_report),
/// and the rest is written, unless gsp or flags are bad.
///
/// Returns EOK, or an error number (errno is not changed): as gasp_region_set_soft(), whose index
/// is report->index; EINVAL also for unknown flags and a report whose size is too small; the errno
/// of a listener that refuses. num_regions 0 is EOK.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_set(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
    flags: c_uint,
    report: *mut gasp_report,
) -> c_int {
    ret::refusable(|| {
        let how = how(flags)?;
        // SAFETY: the caller promises that report, unless NULL, has its size and can be written.
        let report = unsafe { sized::output("report", report)? };
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        let how = How { priced: report.is_some(), ..how };
        let outcome = match num_regions {
            0 => Outcome::of(Ok(())),
            // SAFETY: the caller's promise about rgn is the one that `args::array` asks for.
            _ => guest.set_as(unsafe { args::array(num_regions, rgn) }, how),
        };
        if let Some(report) = report {
            *report = outcome.to_c(num_regions, report.size);
        }
        outcome.result
    })
}

/// How many changes of a space have become visible: it grows by one with each call that changes
/// something in it. It costs one load.
///
/// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
/// Returns the number, or 0 with errno EINVAL: bad gsp or type.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_generation(gsp: *mut guest_system, r#type: c_uint) -> u64 {
    ret::number(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.generation(r#type)
    })
}

fn how(flags: c_uint) -> Result<How, Error> {
    const KNOWN: c_uint = GASP_SET_ALL_OR_NOTHING | GASP_SET_DRY_RUN;
    match flags & !KNOWN {
        0 => Ok(How {
            whole: flags & GASP_SET_ALL_OR_NOTHING != 0,
            dry: flags & GASP_SET_DRY_RUN != 0,
            priced: false,
        }),
        unknown => Err(Error::Unknown { what: "GASP_SET flags", bits: unknown }),
    }
}

/// # Safety
/// `listener` is NULL or has its size, and its functions can be called with `arg` from any thread.
unsafe fn listener_of(
    listener: *const gasp_listener,
    arg: *mut c_void,
) -> Result<Functions, Error> {
    // SAFETY: the caller's promise.
    let listener = unsafe { sized::input("listener", listener)? };
    let listener = listener.ok_or(Error::Null("listener"))?;
    // SAFETY: the caller's promise.
    Ok(unsafe { Functions::new(listener, arg) })
}
