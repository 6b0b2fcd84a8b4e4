//! The functions.

use super::{args, ret, sets};
use crate::ending;
use crate::failure::Failure;
use crate::set::Vdevs;
use crate::{safety, slots};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr;
use gasp_abi::{
    gasp_cpu, gasp_hit_function_t, gasp_refusals, gasp_vdev_host, gasp_vdev_option, gasp_vdevs,
    guest_system, vdev_factory, vdev_t,
};
use gasp_safe::Guest;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_create(
    gsp: *mut guest_system,
    host: *const gasp_vdev_host,
) -> *mut gasp_vdevs {
    ret::pointer(|| {
        // SAFETY: the caller's promise.
        let host = unsafe { args::host(host)? };
        // SAFETY: the caller's promise.
        let guest = unsafe { Guest::borrow(gsp) };
        let guest = guest.ok_or_else(|| Failure::new(libc::EINVAL, "gsp is NULL"))?;
        Ok(ptr::with_exposed_provenance_mut(sets::keep(Vdevs::new(guest, host)?)))
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_destroy(vdevs: *mut gasp_vdevs) {
    drop(sets::take(vdevs.addr()));
    ending::go_on();
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_add_path(
    vdevs: *mut gasp_vdevs,
    directory: *const c_char,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise.
        let directory = unsafe { args::text("directory", directory)? };
        args::vdevs(vdevs)?.add_path(OsStr::from_bytes(directory.to_bytes()).into());
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_load(
    vdevs: *mut gasp_vdevs,
    name: *const c_char,
) -> *const vdev_factory {
    ret::pointer(|| {
        // SAFETY: the caller's promise.
        let name = unsafe { args::text("name", name)? }.to_string_lossy();
        Ok(args::vdevs(vdevs)?.load(&name)?.pointer().cast_mut())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_add(
    vdevs: *mut gasp_vdevs,
    name: *const c_char,
    options: *const gasp_vdev_option,
    count: c_uint,
    failed: *mut c_uint,
) -> *mut vdev_t {
    ret::pointer(|| {
        // SAFETY: the caller's promise.
        let name = unsafe { args::text("name", name)? }.to_string_lossy();
        // SAFETY: the caller's promise.
        let options = unsafe { args::options(options, count)? };
        args::vdevs(vdevs)?.add(&name, &options).map_err(|(failure, option)| {
            let option = option.and_then(|index| c_uint::try_from(index).ok());
            if !failed.is_null() {
                // SAFETY: the caller's promise.
                unsafe { failed.write(option.unwrap_or(count)) };
            }
            failure
        })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_control(
    vdevs: *mut gasp_vdevs,
    ctrl: c_uint,
    arg: *const c_char,
) -> c_int {
    ret::code(|| args::vdevs(vdevs)?.control(ctrl, arg))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_logger(
    vdevs: *mut gasp_vdevs,
    filters: *const c_char,
    dest: *const c_char,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise.
        let filters = unsafe { args::text("filters", filters)? }.to_string_lossy();
        // SAFETY: the caller's promise.
        let dest = unsafe { args::text("dest", dest)? }.to_string_lossy();
        args::vdevs(vdevs)?.logger(&filters, &dest)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_set_cpu(
    vdevs: *mut gasp_vdevs,
    cpu: *mut gasp_cpu,
    number: c_uint,
) -> c_int {
    ret::code(|| {
        let vdevs = args::vdevs(vdevs)?;
        if cpu.is_null() {
            return Err(Failure::new(libc::EINVAL, "cpu is NULL"));
        }
        vdevs.set_cpu(cpu.addr(), number);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_clock(vdevs: *mut gasp_vdevs) -> u64 {
    sets::find(vdevs.addr()).map_or(0, |vdevs| vdevs.clock())
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_advance(
    vdevs: *mut gasp_vdevs,
    nanoseconds: u64,
) -> c_int {
    ret::code(|| args::vdevs(vdevs)?.advance(nanoseconds))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_next(
    vdevs: *mut gasp_vdevs,
    vdev: *const vdev_t,
) -> *mut vdev_t {
    let next = sets::find(vdevs.addr()).and_then(|vdevs| vdevs.next(vdev));
    next.unwrap_or(ptr::null_mut())
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdev_name(vdev: *const vdev_t) -> *const c_char {
    slots::name(vdev).map_or(ptr::null(), CStr::as_ptr)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_each_hit(
    vdevs: *mut gasp_vdevs,
    function: gasp_hit_function_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(|| {
        let vdevs = args::vdevs(vdevs)?;
        let function = function.ok_or_else(|| Failure::new(libc::EINVAL, "function is NULL"))?;
        for hit in vdevs.hits() {
            let vdev = ptr::with_exposed_provenance(hit.vdev);
            // SAFETY: the caller's function, with its argument.
            unsafe { function(arg, vdev, hit.cookie, hit.reads, hit.writes) };
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_non_safety() -> c_int {
    safety::is_given_up().into()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_counts(
    vdevs: *mut gasp_vdevs,
    counts: *mut gasp_refusals,
) -> c_int {
    // SAFETY: the caller's promise.
    ret::code(|| unsafe { args::put("counts", counts, args::vdevs(vdevs)?.counts()) })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdev_counts(
    vdev: *const vdev_t,
    counts: *mut gasp_refusals,
) -> c_int {
    ret::code(|| {
        let shared = slots::shared(vdev);
        let shared = shared.ok_or_else(|| Failure::new(libc::EINVAL, "vdev is no vdev"))?;
        // SAFETY: the caller's promise.
        unsafe { args::put("counts", counts, shared.refusals.of(vdev.addr())) }
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_set_limit(
    vdevs: *mut gasp_vdevs,
    milliseconds: u64,
) -> c_int {
    ret::code(|| args::vdevs(vdevs)?.set_limit(milliseconds))
}
