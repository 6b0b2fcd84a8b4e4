//! The first steps of a vdev's life, in QNX's order: OPTIONS_START, its options, OPTIONS_END; then,
//! when all vdevs have theirs, ASSIGN. A region is made as soon as its place is known.

#![forbid(unsafe_code)]

use super::controller::Controller;
use super::filter::Rule;
use super::instance::{Instance, Refused};
use super::pins::Asked;
use super::{interrupt as controllers, place, slots};
use core::ptr;
use gasp_abi::{
    VDEV_CTRL_ASSIGN, VDEV_CTRL_FIRST_OPTIDX, VDEV_CTRL_OPTIONS_END, VDEV_CTRL_OPTIONS_START,
    guest_intr, qvm_sched_info, vdev_factory_flags as vff,
};
use gasp_safe::Guest;
use gasp_text::{Position, Word, number};
use std::ffi::CString;

/// The texts of options are not in a file.
const NOWHERE: Position = Position { line: 1, column: 1 };

/// An option: its name, and its argument.
pub(crate) type VdevOption = (String, Option<String>);

/// Why a vdev was not created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The index of the option that was refused.
    pub(crate) option: Option<usize>,
    pub(crate) message: String,
}

/// Takes a new vdev through its options. True: it has its region, or needs none.
pub(crate) fn configure(
    guest: &Guest,
    vdev: &Instance,
    options: &[VdevOption],
) -> Result<bool, Refusal> {
    let of_vdev = |why: String| Refusal { option: None, message: why };
    let kind = vdev.name();
    if let Some(controller) = Controller::of(vdev.pointer()) {
        let inputs = u64::from(controller.mask()).saturating_add(1);
        vdev.shared().host_vectors.add(vdev.address(), inputs);
    }
    tell(vdev, VDEV_CTRL_OPTIONS_START, "to start (VDEV_CTRL_OPTIONS_START)").map_err(of_vdev)?;
    for (index, option) in options.iter().enumerate() {
        apply(vdev, option).map_err(|why| Refusal {
            option: Some(index),
            message: format!("vdev {kind} {why}"),
        })?;
    }
    tell(vdev, VDEV_CTRL_OPTIONS_END, "its options (VDEV_CTRL_OPTIONS_END)").map_err(of_vdev)?;
    has_interrupt(vdev).map_err(of_vdev)?;
    place::settle_if_placed(guest, vdev)
        .map_err(|why| of_vdev(format!("vdev {} {why}", vdev.name())))
}

/// Has a vdev choose what it was not given, when all options of all vdevs are known.
pub(crate) fn choose(vdev: &Instance) -> Result<(), String> {
    tell(vdev, VDEV_CTRL_ASSIGN, "to be placed (VDEV_CTRL_ASSIGN)")
}

/// Checks that a vdev that needs an interrupt was given one.
fn has_interrupt(vdev: &Instance) -> Result<(), String> {
    let factory = vdev.factory();
    let needs_interrupt = factory.has(vff::VFF_INTR_REQ) || factory.has(vff::VFF_INTR_NONPCI);
    if needs_interrupt && vdev.interrupt().pic.is_null() {
        let name = vdev.name();
        return Err(format!("vdev {name} needs an interrupt, such as intr apic:0x30"));
    }
    Ok(())
}

/// Gives a vdev that has no region its place, and its region.
pub(crate) fn settle(guest: &Guest, vdev: &Instance) -> Result<(), String> {
    place::settle(guest, vdev).map_err(|why| format!("vdev {} {why}", vdev.name()))
}

/// Tells a vdev of a step.
fn tell(vdev: &Instance, step: u32, what: &str) -> Result<(), String> {
    vdev.control(step, ptr::null())
        .map_err(|why: Refused| format!("vdev {} refused {what}: {why}", vdev.name()))
}

/// Applies an option: one that every vdev has, or one of its own. The error has the vdev for its
/// subject.
fn apply(vdev: &Instance, option: &VdevOption) -> Result<(), String> {
    match (option.0.as_str(), option.1.as_deref()) {
        ("loc", Some(value)) => {
            let place = place::read(vdev, value).map_err(|why| in_option("loc", &why))?;
            place::put(vdev, place)
        }
        ("intr", Some(_)) if vdev.factory().has(vff::VFF_INTR_NO) => {
            Err("takes no interrupt".into())
        }
        ("intr", Some(value)) => {
            vdev.set_interrupt(interrupt(vdev, value).map_err(|why| in_option("intr", &why))?);
            Ok(())
        }
        ("hostvector", Some(value)) => host_vector(vdev, value),
        ("log", Some(value)) => {
            let (filters, destination) = value.split_once(' ').unwrap_or((value, ""));
            let rule = Rule::parse(filters, destination).map_err(|why| in_option("log", &why))?;
            vdev.shared().host.logger.add_of_vdev(vdev.address(), &rule);
            Ok(())
        }
        ("name", Some(value)) => name(vdev, value),
        ("sched", Some(value)) => {
            vdev.set_scheduling(scheduling(value).map_err(|why| in_option("sched", &why))?);
            Ok(())
        }
        _ => own_option(vdev, option),
    }
}

fn in_option(name: &str, why: &str) -> String {
    format!("cannot have this {name}: {why}")
}

/// Tells a vdev of an option of its own.
fn own_option(vdev: &Instance, (name, value): &VdevOption) -> Result<(), String> {
    let options = vdev.factory().options();
    let Some(index) = options.iter().position(|(own, _)| own == name) else {
        return Err(format!("has no option {name}"));
    };
    let (_, takes_argument) = options[index];
    if takes_argument != value.is_some() {
        let what = if takes_argument { "an argument" } else { "no argument" };
        return Err(format!("takes {what} with {name}"));
    }
    let argument = value.as_deref().map(CString::new).transpose();
    let Ok(argument) = argument else {
        return Err("takes no text with a zero in it".into());
    };
    let step =
        u32::try_from(index).ok().and_then(|index| index.checked_add(VDEV_CTRL_FIRST_OPTIDX));
    let Some(step) = step else {
        return Err("has too many options".into());
    };
    let pointer = argument.as_deref().map_or(ptr::null(), |argument| argument.as_ptr());
    vdev.control(step, pointer).map_err(|why| {
        let with = value.as_deref().map_or_else(String::new, |value| format!(" {value}"));
        format!("refused {name}{with}: {why}")
    })
}

/// Names a vdev. Names are unique, because interrupts find their controllers by name.
fn name(vdev: &Instance, name: &str) -> Result<(), String> {
    // First, so that of two vdevs at the same time not both get it.
    vdev.rename(name);
    let others = vdev.shared().vdevs().into_iter().filter(|other| *other != vdev.address());
    let mut names = others.filter_map(|other| slots::text(ptr::without_provenance(other)));
    if names.any(|other| other == name) {
        return Err(format!("cannot be called {name}: another one is"));
    }
    Ok(())
}

/// Gives a controller its vectors of the host.
fn host_vector(vdev: &Instance, value: &str) -> Result<(), String> {
    if Controller::of(vdev.pointer()).is_none() {
        return Err("is no interrupt controller, and takes no hostvector".into());
    }
    let word = Word::new(value, NOWHERE);
    let first = number(word, "a vector of the host").and_then(|first| {
        u32::try_from(first).map_err(|_| word.expected("a vector of the host below 2^32"))
    });
    let first = first.map_err(|error| in_option("hostvector", &error.message))?;
    vdev.shared().host_vectors.set(vdev.address(), first);
    Ok(())
}

/// An interrupt, whose input is assigned to the vdev. A controller can be wired to `apic` as a
/// whole.
fn interrupt(vdev: &Instance, value: &str) -> Result<guest_intr, String> {
    if value == controllers::APIC && Controller::of(vdev.pointer()).is_some() {
        return Ok(controllers::whole_apic(vdev.shared()));
    }
    let parsed = controllers::parse(vdev.shared(), value, vdev.pointer());
    let (intr, length) = parsed.map_err(|error| error.message)?;
    let word = Word::new(value, NOWHERE);
    if length != value.len() {
        return Err(word.expected("an interrupt such as apic:0x30").message);
    }
    controllers::assigned(vdev.shared(), intr, Asked::ByConfiguration)
        .map_err(|why| word.expected(&format!("an interrupt that is free ({why})")).message)
}

/// A priority and QNX's letter of a policy: f, r or o.
fn scheduling(value: &str) -> Result<qvm_sched_info, String> {
    let letters = [("f", libc::SCHED_FIFO), ("r", libc::SCHED_RR), ("o", libc::SCHED_OTHER)];
    let found = letters.iter().find_map(|(letter, policy)| {
        value.strip_suffix(letter).map(|priority| (priority, *policy))
    });
    let (digits, policy) = found.unwrap_or((value, libc::SCHED_RR));
    let word = Word::new(digits, NOWHERE);
    let priority =
        number(word, "a priority, with f, r or o after it").map_err(|error| error.message)?;
    let sched_priority =
        i32::try_from(priority).map_err(|_| word.expected("a priority below 2^31").message)?;
    Ok(qvm_sched_info { policy, sched: libc::sched_param { sched_priority } })
}
