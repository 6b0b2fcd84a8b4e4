//! The functions by which a host is the machine around its vdevs.

use super::{args, ret};
use crate::failure::Failure;
use crate::slots;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{
    GASP_NO_HOSTVECTOR, any_guest_instr_type, any_guest_intr_notifications,
    any_guest_power_state_cmd, any_guest_table_spec_component, any_vdev_ref_status, gasp_cpu,
    gasp_intr_function_t, gasp_vdevs, guest_intr, vdev_t,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_watch_intr(
    vdevs: *mut gasp_vdevs,
    gip: *const guest_intr,
    gin: any_guest_intr_notifications,
    function: gasp_intr_function_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise.
        let intr = unsafe { args::interrupt(gip)? };
        args::vdevs(vdevs)?.watch(&intr, gin, function, arg)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_table_spec(
    vdevs: *mut gasp_vdevs,
    gip: *const guest_intr,
    component: any_guest_table_spec_component,
    buf: *mut c_void,
    buf_len: usize,
) -> isize {
    ret::length(|| {
        // SAFETY: the caller's promise.
        let intr = unsafe { args::interrupt(gip)? };
        // SAFETY: the caller's promise.
        unsafe { args::vdevs(vdevs)?.table_spec(&intr, component, (buf, buf_len)) }
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdev_hostvector(vdev: *const vdev_t) -> u64 {
    let first = slots::shared(vdev).and_then(|shared| shared.host_vectors.first(vdev.addr()));
    first.unwrap_or(GASP_NO_HOSTVECTOR)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdev_run_time(vdev: *const vdev_t) -> u64 {
    slots::shared(vdev)
        .and_then(|shared| Some(shared.run_times.as_ref()?.of(vdev.addr())))
        .unwrap_or(0)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_set_power(
    vdevs: *mut gasp_vdevs,
    number: c_uint,
    state: any_guest_power_state_cmd,
) -> c_int {
    ret::code(|| args::vdevs(vdevs)?.set_power(number, state))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_vdevs_instruction(
    vdevs: *mut gasp_vdevs,
    cpu: *mut gasp_cpu,
    git: any_guest_instr_type,
    qualifier: c_uint,
    status: *mut any_vdev_ref_status,
) -> c_int {
    ret::code(|| {
        let vdevs = args::vdevs(vdevs)?;
        if cpu.is_null() || status.is_null() {
            return Err(Failure::new(libc::EINVAL, "cpu or status is NULL"));
        }
        let answer = vdevs.instruction(cpu, git, qualifier);
        // SAFETY: the caller's promise.
        unsafe { status.write(answer) };
        Ok(())
    })
}
