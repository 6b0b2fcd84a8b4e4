//! `<gasp/host.h>`: vCPUs, accesses, and grace periods.

use super::{args, handles, ret};
use crate::guest::Policy;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{
    gasp_backing, gasp_counts, gasp_cpu, gasp_quiet_function_t, gasp_region, gasp_trap_handler_t,
    guest_system, qvm_state_block,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu {
    ret::handle(c"gasp_cpu_create", || {
        // SAFETY: promise 1.
        handles::create_cpu(unsafe { args::guest_handle(gsp)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_destroy(cpu: *mut gasp_cpu) {
    ret::nothing(c"gasp_cpu_destroy", || {
        // SAFETY: promise 1.
        if let Some(slot) = unsafe { handles::cpu_slot(cpu) } {
            // SAFETY: promise 1.
            unsafe { handles::destroy_cpu(slot) };
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_info(
    cpu: *mut gasp_cpu,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> c_int {
    // SAFETY: promises 1 and 2.
    let fast = unsafe { info_fast(cpu, blk, rgn) };
    ret::query(c"gasp_cpu_info", fast, move || {
        // SAFETY: promise 1.
        let (_, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: promise 2.
        let block = unsafe { args::block(blk, rgn)? };
        let region = cpu.info(&block)?.to_c(&block);
        // SAFETY: promise 2; `args::block` refused NULL.
        unsafe { rgn.write_unaligned(region) };
        Ok(())
    })
}

/// The fast path of `gasp_cpu_info()`. `None`: nothing was written, and the slow path must answer.
///
/// # Safety
/// See [`super`].
#[inline(always)]
unsafe fn info_fast(
    cpu: *mut gasp_cpu,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> Option<()> {
    // SAFETY: promise 1.
    let (_, cpu) = unsafe { args::cpu(cpu).ok()? };
    // SAFETY: promise 2.
    let block = unsafe { args::block(blk, rgn).ok()? };
    let region = cpu.info_fast(&block)?.to_c(&block);
    // SAFETY: promise 2; `args::block` refused NULL.
    unsafe { rgn.write_unaligned(region) };
    Some(())
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_access(
    cpu: *mut gasp_cpu,
    r#type: c_uint,
    kind: c_uint,
    location: u64,
    data: *mut c_void,
    length: usize,
) -> c_int {
    ret::quick_code(c"gasp_cpu_access", || {
        // SAFETY: promise 1.
        let (slot, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: promise 2. For a write access the bytes need not be writable, and are only read.
        let data = unsafe { args::buffer_mut(data, length)? };
        let access = args::access(r#type, kind, location, data)?;
        cpu.access(slot, &access)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_trap_handler(
    gsp: *mut guest_system,
    handler: gasp_trap_handler_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(c"gasp_guest_set_trap_handler", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 3.
        guest.set_trap_handler(unsafe { args::trap_handler(handler, arg) })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_unsupported(
    gsp: *mut guest_system,
    policy: c_uint,
) -> c_int {
    ret::code(c"gasp_guest_set_unsupported", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.set_policy(Policy::from_c(policy)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int {
    ret::code(c"gasp_guest_synchronize", || {
        // SAFETY: promise 1.
        let system = unsafe { args::system(gsp)? };
        system.synchronize()
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_call_when_quiet(
    gsp: *mut guest_system,
    r#fn: gasp_quiet_function_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(c"gasp_guest_call_when_quiet", || {
        // SAFETY: promise 1.
        let system = unsafe { args::system(gsp)? };
        // SAFETY: promise 3.
        system.call_when_quiet(unsafe { args::quiet_callback(r#fn, arg)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_counts(
    gsp: *mut guest_system,
    counts: *mut gasp_counts,
) -> c_int {
    ret::code(c"gasp_guest_counts", || {
        // SAFETY: promise 1.
        let system = unsafe { args::system(gsp)? };
        // SAFETY: promise 2.
        *unsafe { args::required_output("counts", counts)? } = system.counts();
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_backing(
    gsp: *mut guest_system,
    location: u64,
    backing: *mut gasp_backing,
) -> c_int {
    ret::code(c"gasp_guest_backing", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let backing = unsafe { args::required_output("backing", backing)? };
        *backing = guest.backing(location)?;
        Ok(())
    })
}
