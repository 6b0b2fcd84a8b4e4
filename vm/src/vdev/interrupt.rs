//! Interrupts: the option `intr CONTROLLER:NUMBER`, and the controller that every guest has.
//!
//! `apic` stands for the local APIC of the vCPU that takes interrupts. Its inputs are vectors.
//! Other controllers are vdevs whose factories have `pic`; they are found by name.

#![allow(unsafe_code)]

use super::factory::Factory;
use super::instance::Instance;
use super::shared::Shared;
use crate::config::{ParseError, Position, Word, number};
use core::ffi::{c_char, c_int, c_uint};
use core::ptr;
use gasp_abi::{
    any_guest_intr_state, guest_intr, guest_intr_state, vdev_factory, vdev_pic_functions, vdev_t,
};

/// The name of the controller that every guest has.
pub(super) const APIC: &str = "apic";
const NOP: any_guest_intr_state = guest_intr_state::GIS_NOP as c_uint;
const ON: any_guest_intr_state = guest_intr_state::GIS_ON as c_uint;
const OFF: any_guest_intr_state = guest_intr_state::GIS_OFF as c_uint;
const ISR: any_guest_intr_state = guest_intr_state::GIS_ISR as c_uint;
/// The vectors that an APIC can deliver; lower ones are exceptions.
const VECTORS: core::ops::RangeInclusive<u64> = 0x10..=0xff;

/// A value that never changes and that C reads.
struct Fixed<T>(T);

// SAFETY: neither it nor its parts change.
unsafe impl<T> Sync for Fixed<T> {}

static PIC: Fixed<vdev_pic_functions> = Fixed(vdev_pic_functions {
    flags: 0,
    pnum_mask: 0xff,
    signal: Some(signal_apic),
    notify: None,
    parse: None,
    string: None,
    table_spec: None,
});

static FACTORY: Fixed<vdev_factory> = Fixed(vdev_factory {
    next: ptr::null_mut(),
    control: Some(accept),
    vread: None,
    vwrite: None,
    pulse: None,
    timer: None,
    pic: &PIC.0,
    option_list: ptr::null(),
    name: c"apic".as_ptr(),
    factory_flags: 0,
    acc_sizes: 0,
    extra_space: 0,
    safety: 0,
});

/// The factory of the controller that every guest has.
pub(super) fn apic() -> Result<Factory, String> {
    Factory::new(&FACTORY.0)
}

/// Accepts every step.
unsafe extern "C" fn accept(_: *mut vdev_t, _: c_uint, _: *const c_char) -> c_int {
    0
}

/// Sets the line of a vector. There are no interrupt service routines here: it cannot be called from
/// one.
unsafe extern "C" fn signal_apic(intr: *const guest_intr, state: any_guest_intr_state) -> c_int {
    // SAFETY: `signal` calls it with an interrupt.
    let guest_intr { pic, param, .. } = unsafe { *intr };
    if state & ISR != 0 {
        return -libc::ENOTSUP;
    }
    let Some(shared) = Shared::of_vdev(pic.addr()) else { return libc::EINVAL };
    let (Ok(vector), ON | OFF) = (u8::try_from(param), state) else { return libc::EINVAL };
    let Some(platform) = shared.platform() else { return libc::EAGAIN };
    platform.interrupt(vector, state == ON);
    0
}

/// Sets the state of an interrupt's line, through its controller.
///
/// # Safety
/// An interrupt, whose controller is a vdev or `NULL`; or `NULL`.
pub(super) unsafe fn signal(intr: *const guest_intr, state: any_guest_intr_state) -> c_int {
    // SAFETY: the caller's promise.
    let Some(&guest_intr { pic, .. }) = (unsafe { intr.as_ref() }) else { return libc::EINVAL };
    // SAFETY: a vdev or NULL.
    let Some(controller) = (unsafe { pic.as_ref() }) else { return libc::EINVAL };
    // SAFETY: a vdev's factory.
    let Some(factory) = (unsafe { controller.v_factory.as_ref() }) else { return libc::EINVAL };
    // SAFETY: the functions of a controller, or NULL.
    let functions = unsafe { factory.pic.as_ref() };
    let Some(signal) = functions.and_then(|functions| functions.signal) else {
        return libc::EINVAL;
    };
    if state == NOP {
        return 0;
    }
    // SAFETY: the controller's function, with an interrupt of its.
    unsafe { signal(intr, state) }
}

/// Parses `CONTROLLER:NUMBER`. `source` distinguishes the vdevs that share an input.
pub(super) fn parse(
    value: &str,
    position: Position,
    controllers: &[Instance],
    source: u32,
) -> Result<guest_intr, ParseError> {
    let word = Word::new(value, position);
    let Some((name, _)) = value.split_once(':') else {
        return Err(word.expected("an interrupt such as apic:0x30"));
    };
    let controllers = || controllers.iter().filter(|vdev| vdev.factory().is_controller());
    let Some(controller) = controllers().find(|vdev| vdev.name() == name) else {
        let names: Vec<_> = controllers().map(Instance::name).collect();
        return Err(word.expected(&format!("an interrupt controller ({})", names.join(", "))));
    };
    let input = word.strip(&format!("{name}:")).unwrap_or(word);
    let what = format!("an input of {name}");
    let (param, mask) = (number(input, &what)?, controller.factory().input_mask());
    let fits = if name == APIC { VECTORS.contains(&param) } else { param <= u64::from(mask) };
    match u32::try_from(param) {
        Ok(param) if fits => Ok(guest_intr { pic: controller.pointer(), param, src_id: source }),
        _ if name == APIC => Err(input.expected("a vector from 0x10 to 0xff")),
        _ => Err(input.expected(&format!("an input of {name} (up to {mask:#x})"))),
    }
}
