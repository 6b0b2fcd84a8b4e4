//! Interrupts: the option `intr CONTROLLER:NUMBER`, and the controller that every guest has.
//!
//! `apic` stands for the local APIC of the vCPU that takes interrupts. Its inputs are vectors.
//! Other controllers are vdevs whose factories have `pic`; they are found by name.

#![allow(unsafe_code)]

use super::controller::Controller;
use super::factory::Factory;
use super::pins::Asked;
use super::shared::Shared;
use super::slots;
use core::ffi::{c_char, c_int, c_uint};
use core::ptr;
use gasp_abi::guest_intr_assign_type::{self, *};
use gasp_abi::{
    any_guest_intr_assign_type, any_guest_intr_state, guest_intr, guest_intr_state, vdev_factory,
    vdev_pic_functions, vdev_t,
};
use gasp_text::{ParseError, Position, Word, leading_number, number};
use std::ffi::CString;

/// The name of the controller that every guest has.
pub(crate) const APIC: &str = "apic";
const NOP: any_guest_intr_state = guest_intr_state::GIS_NOP as c_uint;
const ON: any_guest_intr_state = guest_intr_state::GIS_ON as c_uint;
const OFF: any_guest_intr_state = guest_intr_state::GIS_OFF as c_uint;
const ISR: any_guest_intr_state = guest_intr_state::GIS_ISR as c_uint;
/// The vectors that an APIC can deliver; lower ones are exceptions.
const VECTORS: core::ops::RangeInclusive<u32> = 0x10..=0xff;

/// The texts of options are not in a file.
const NOWHERE: Position = Position { line: 1, column: 1 };

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
pub(crate) fn apic() -> Result<Factory, String> {
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
    let Some(shared) = slots::shared(pic) else { return libc::EINVAL };
    if !VECTORS.contains(&param) || !matches!(state, ON | OFF) {
        return libc::EINVAL;
    }
    if !shared.has_started() {
        return libc::EAGAIN;
    }
    let host = shared.host.functions;
    // The host's function need not return.
    drop(shared);
    host.interrupt(param, state == ON);
    0
}

/// Sets the state of an interrupt's line, through its controller.
pub(crate) fn signal(intr: &guest_intr, state: any_guest_intr_state) -> c_int {
    match Controller::of(intr.pic) {
        None => libc::EINVAL,
        Some(_) if state == NOP => 0,
        Some(controller) => controller.signal(intr, state),
    }
}

/// A controller of a guest, other than this vdev, by its name.
fn controller(
    shared: &Shared,
    name: &str,
    own: *const vdev_t,
) -> Result<(*mut vdev_t, Controller), String> {
    let mut names = Vec::new();
    for vdev in shared.vdevs() {
        let vdev: *mut vdev_t = ptr::with_exposed_provenance_mut(vdev);
        let other = slots::text(vdev).unwrap_or_default();
        let Some(found) = Controller::of(vdev).filter(|_| vdev.cast_const() != own) else {
            continue;
        };
        if other == name {
            return Ok((vdev, found));
        }
        names.push(other);
    }
    Err(format!("an interrupt controller ({})", names.join(", ")))
}

/// The interrupt that a text starts with, `CONTROLLER:NUMBER`, and how long that is. `own` is the
/// vdev for which it is, or `NULL`.
pub(crate) fn parse(
    shared: &Shared,
    text: &str,
    own: *const vdev_t,
) -> Result<(guest_intr, usize), ParseError> {
    let word = Word::new(text, NOWHERE);
    let Some((name, input)) = text.split_once(':') else {
        return Err(word.expected("an interrupt such as apic:0x30"));
    };
    let (pic, found) = controller(shared, name, own).map_err(|what| word.expected(&what))?;
    let before = text.len().saturating_sub(input.len());
    let mut intr = guest_intr { pic, param: 0, src_id: 0 };
    let own_text = CString::new(input).map_err(|_| word.expected("a text without a zero in it"))?;
    if let Some(read) = found.parse(&mut intr, &own_text) {
        let length = read.ok_or_else(|| word.expected(&format!("an input of {name}")))?;
        // Only the parameter is the controller's to set.
        let intr = guest_intr { pic, src_id: 0, ..intr };
        return Ok((intr, before.saturating_add(length)));
    }
    let digits = leading_number(input);
    let number_at = word.strip(&format!("{name}:")).unwrap_or(word).position;
    let digits_word = Word::new(digits, number_at);
    let number = number(digits_word, &format!("an input of {name}"))?;
    let wrong = |what: String| digits_word.expected(&what);
    intr.param = u32::try_from(number).map_err(|_| wrong(inputs(pic, name)))?;
    if !has_input(pic, intr.param) {
        return Err(wrong(inputs(pic, name)));
    }
    Ok((intr, before.saturating_add(digits.len())))
}

/// The controller that every guest has, without an input: for a controller that is wired to it, and
/// chooses vectors itself.
pub(crate) fn whole_apic(shared: &Shared) -> guest_intr {
    let pic = controller(shared, APIC, ptr::null()).map_or(ptr::null_mut(), |(pic, _)| pic);
    guest_intr { pic, param: 0, src_id: 0 }
}

/// Whether a controller is the one that every guest has.
fn is_apic(pic: *mut vdev_t) -> bool {
    // SAFETY: a vdev, or NULL.
    let factory = unsafe { pic.as_ref() }.map_or(ptr::null_mut(), |vdev| vdev.v_factory);
    ptr::eq(factory, &raw const FACTORY.0)
}

/// The bits of a parameter that are the number of the input.
fn mask(pic: *mut vdev_t) -> u32 {
    Controller::of(pic).map_or(u32::MAX, Controller::mask)
}

fn has_input(pic: *mut vdev_t, number: u32) -> bool {
    if is_apic(pic) { VECTORS.contains(&number) } else { number & !mask(pic) == 0 }
}

/// What the inputs of a controller are, for an error.
fn inputs(pic: *mut vdev_t, name: &str) -> String {
    if is_apic(pic) {
        "a vector from 0x10 to 0xff".into()
    } else {
        format!("an input of {name} (up to {:#x})", mask(pic))
    }
}

/// An interrupt with the bit of its source, after its input is assigned.
pub(crate) fn assigned(
    shared: &Shared,
    intr: guest_intr,
    asked: Asked,
) -> Result<guest_intr, String> {
    let input = intr.param & mask(intr.pic);
    match shared.assign(intr.pic.addr(), input, asked) {
        Ok(src_id) => Ok(guest_intr { src_id, ..intr }),
        Err(why) => {
            let name = slots::text(intr.pic).unwrap_or_default();
            Err(format!("{name}:{input:#x} {why}"))
        }
    }
}

/// Assigns an input for a vdev.
pub(crate) fn assign(
    pic: *mut vdev_t,
    param: c_uint,
    asked: any_guest_intr_assign_type,
) -> Result<guest_intr, String> {
    const TYPES: [guest_intr_assign_type; 5] =
        [GIAT_UNUSED, GIAT_SHAREABLE, GIAT_RESERVED, GIAT_EXCLUSIVE, GIAT_SPECIAL];
    let shared = slots::shared(pic).ok_or("it is no vdev")?;
    let name = slots::text(pic).unwrap_or_default();
    if Controller::of(pic).is_none() {
        return Err(format!("{name} is no interrupt controller"));
    }
    if shared.has_started() {
        return Err("the guest has started, and inputs are assigned before".into());
    }
    if !has_input(pic, param) {
        return Err(format!("{param:#x} is not {}", inputs(pic, &name)));
    }
    let asked = TYPES.into_iter().find(|known| *known as c_uint == asked);
    let asked = asked.ok_or("there is no such GIAT_*")?;
    assigned(&shared, guest_intr { pic, param, src_id: 0 }, Asked::ByVdev(asked))
}

/// An interrupt as in the option `intr`.
pub(crate) fn text(intr: &guest_intr) -> Option<String> {
    let name = slots::text(intr.pic)?;
    let controller = Controller::of(intr.pic)?;
    if is_apic(intr.pic) && !has_input(intr.pic, intr.param) {
        return Some(name);
    }
    let number = || format!("{:#x}", intr.param & controller.mask());
    let input = controller.string(intr).unwrap_or_else(number);
    Some(format!("{name}:{input}"))
}
