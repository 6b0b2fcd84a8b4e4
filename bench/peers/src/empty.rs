//! Nothing: the call alone, which every other figure is measured against.

#![allow(unsafe_code)]

use crate::export::EOK;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{gasp_region, gasp_trap_handler_t, qvm_state_block};

#[unsafe(no_mangle)]
extern "C" fn peer_empty_create(_options: *const c_void) -> *mut c_void {
    core::ptr::null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_destroy(_map: *mut c_void) {}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_set(_map: *mut c_void, n: c_uint, _regions: *const gasp_region) -> c_uint {
    n
}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_info(
    _map: *mut c_void,
    _block: *const qvm_state_block,
    _out: *mut gasp_region,
) -> c_int {
    EOK
}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_cpu_create(map: *mut c_void) -> *mut c_void {
    map
}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_cpu_destroy(_cpu: *mut c_void) {}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_set_trap_handler(
    _map: *mut c_void,
    _handler: gasp_trap_handler_t,
    _arg: *mut c_void,
) -> c_int {
    EOK
}

#[unsafe(no_mangle)]
extern "C" fn peer_empty_cpu_access(
    _cpu: *mut c_void,
    _space: c_uint,
    _kind: c_uint,
    _location: u64,
    _data: *mut c_void,
    _length: usize,
) -> c_int {
    EOK
}
