//! `<gasp/host.h>`: vCPUs, accesses, and waiting until they have ended.

use super::{args, handles, ret};
use crate::guest::Policy;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{
    gasp_backing, gasp_counts, gasp_cpu, gasp_quiet_function_t, gasp_region, gasp_trap_handler_t,
    guest_system, qvm_state_block,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu {
    ret::handle(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest_handle` asks for.
        handles::create_cpu(unsafe { args::guest_handle(gsp)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_cpu_destroy(cpu: *mut gasp_cpu) {
    ret::nothing(|| {
        // SAFETY: the caller's promise about cpu.
        if let Some(slot) = unsafe { handles::cpu_slot(cpu) } {
            // SAFETY: the caller promises that no other call uses the vCPU now.
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
    // SAFETY: the caller's promises are those that `info_fast` asks for.
    let fast = unsafe { info_fast(cpu, blk, rgn) };
    ret::query(fast, move || {
        // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
        let (_, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
        let block = unsafe { args::block(blk, rgn)? };
        let region = cpu.info(&block)?.to_c(&block);
        // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
        unsafe { rgn.write_unaligned(region) };
        Ok(())
    })
}

/// # Safety
/// See [`args`].
#[inline(always)]
unsafe fn info_fast(
    cpu: *mut gasp_cpu,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> Option<()> {
    // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
    let (_, cpu) = unsafe { args::cpu(cpu).ok()? };
    // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
    let block = unsafe { args::block(blk, rgn).ok()? };
    let region = cpu.info_fast(&block)?.to_c(&block);
    // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
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
    ret::quick_code(|| {
        // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
        let (slot, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: the caller promises that data points to `length` bytes that can be read and,
        // unless it is written from, written.
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
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that handler, unless NULL, can be called with arg.
        guest.set_trap_handler(unsafe { args::trap_handler(handler, arg) })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_unsupported(
    gsp: *mut guest_system,
    policy: c_uint,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.set_policy(Policy::from_c(policy)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
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
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let system = unsafe { args::system(gsp)? };
        // SAFETY: the caller promises that fn, unless NULL, can be called with arg.
        system.call_when_quiet(unsafe { args::quiet_callback(r#fn, arg)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_counts(
    gsp: *mut guest_system,
    counts: *mut gasp_counts,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let system = unsafe { args::system(gsp)? };
        // SAFETY: the caller promises that counts, unless NULL, can be written.
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
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that backing, unless NULL, can be written.
        let backing = unsafe { args::required_output("backing", backing)? };
        *backing = guest.backing(location)?;
        Ok(())
    })
}
