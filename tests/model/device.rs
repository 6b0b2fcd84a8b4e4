//! The device of the accesses' test, which records its calls.

#![allow(unsafe_code)]

use gasp_abi::{gasp_cpu, gasp_trap};
use std::ffi::{c_int, c_void};
use std::sync::Mutex;

const EOK: c_int = 0;
/// The result of a call that fails.
pub(crate) const EIO: c_int = 5;
/// `GASP_READ`
const READ: u16 = 0;

/// A call of the trap handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) kind: u16,
    pub(crate) qst: u16,
    pub(crate) location: u64,
    pub(crate) length: usize,
    pub(crate) cookie: u32,
    pub(crate) vdev: usize,
    /// A checksum of the data written.
    pub(crate) written: u64,
}

#[derive(Default)]
pub(crate) struct Device {
    pub(crate) calls: Vec<Call>,
    /// The call that fails.
    pub(crate) fails_at: usize,
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(1, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

/// The byte that a device returns for a location.
pub(crate) fn device_byte(location: u128) -> u8 {
    u8::try_from((location * 7 + location / 256) % 251).expect("below 251")
}

/// The trap handler; `arg` is the device.
pub(crate) unsafe extern "C" fn trap(
    arg: *mut c_void,
    _: *mut gasp_cpu,
    trap: *const gasp_trap,
) -> c_int {
    // SAFETY: the device that was registered, which lives as long as the guest.
    let device = unsafe { &*arg.cast_const().cast::<Mutex<Device>>() };
    // SAFETY: the library passes a trap that lives during the call.
    let trap = unsafe { *trap };
    // SAFETY: and its data has that many bytes.
    let data = unsafe { std::slice::from_raw_parts_mut(trap.data.cast::<u8>(), trap.length) };
    let mut device = device.lock().expect("no panic in the handler");
    let written = if trap.kind == READ {
        let bytes = (u128::from(trap.location)..).zip(&mut *data);
        bytes.for_each(|(location, byte)| *byte = device_byte(location));
        0
    } else {
        checksum(data)
    };
    device.calls.push(Call {
        kind: trap.kind,
        qst: trap.r#type,
        location: trap.location,
        length: trap.length,
        cookie: trap.cookie,
        vdev: trap.vdev.addr(),
        written,
    });
    if device.calls.len() == device.fails_at { EIO } else { EOK }
}
