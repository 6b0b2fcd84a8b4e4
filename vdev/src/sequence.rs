//! The first steps of a vdev's life, in QNX's order: OPTIONS_START, its options, OPTIONS_END,
//! ASSIGN, and then its region.

#![forbid(unsafe_code)]

use super::factory::Factory;
use super::instance::{Instance, Refused};
use super::pins::Asked;
use super::shared::Shared;
use super::{interrupt as controllers, place};
use crate::config::{VdevConfig, VdevOption};
use gasp_abi::{
    VDEV_CTRL_ASSIGN, VDEV_CTRL_FIRST_OPTIDX, VDEV_CTRL_OPTIONS_END, VDEV_CTRL_OPTIONS_START,
    guest_intr, qvm_sched_info, vdev_factory_flags as vff,
};
use gasp_safe::Guest;
use gasp_text::{ParseError, Word, number, place as parse_place};
use std::ffi::CString;
use std::sync::Arc;

/// Creates the vdev of a configuration. `others` are the vdevs before it.
pub(super) fn create(
    guest: &Guest,
    shared: &Arc<Shared>,
    factory: Factory,
    config: &VdevConfig,
    others: &[Instance],
) -> Result<Instance, ParseError> {
    let mut vdev = Instance::new(factory, config.name.clone(), guest.handle(), shared);
    tell(&vdev, config, VDEV_CTRL_OPTIONS_START, "to start (VDEV_CTRL_OPTIONS_START)")?;
    for option in &config.options {
        apply(&mut vdev, config, option, others)?;
    }
    tell(&vdev, config, VDEV_CTRL_OPTIONS_END, "its options (VDEV_CTRL_OPTIONS_END)")?;
    tell(&vdev, config, VDEV_CTRL_ASSIGN, "to be placed (VDEV_CTRL_ASSIGN)")?;
    let needs_interrupt = factory.has(vff::VFF_INTR_REQ) || factory.has(vff::VFF_INTR_NONPCI);
    if needs_interrupt && vdev.interrupt().pic.is_null() {
        let message = format!("vdev {} needs an interrupt, such as intr apic:0x30", config.name);
        return Err(ParseError { position: config.position, message });
    }
    place::settle(guest, &vdev, config.position)?;
    Ok(vdev)
}

/// Tells a vdev of a step.
fn tell(vdev: &Instance, config: &VdevConfig, step: u32, what: &str) -> Result<(), ParseError> {
    vdev.control(step, None).map_err(|why: Refused| ParseError {
        position: config.position,
        message: format!("vdev {} refused {what}: {why}", config.name),
    })
}

/// Applies an option: one that every vdev has, or one of its own.
fn apply(
    vdev: &mut Instance,
    config: &VdevConfig,
    option: &VdevOption,
    others: &[Instance],
) -> Result<(), ParseError> {
    let refused = |why: &str| refuse(config, option, why);
    match (option.name.as_str(), option.value.as_deref()) {
        ("loc", Some(value)) => {
            let place = parse_place(value, option.position)?;
            place::put(vdev, place).map_err(|why| refused(&why))
        }
        ("intr", Some(_)) if vdev.factory().has(vff::VFF_INTR_NO) => {
            Err(refused("takes no interrupt"))
        }
        ("intr", Some(value)) => {
            vdev.set_interrupt(interrupt(vdev, value, option)?);
            Ok(())
        }
        ("name", Some(value)) => name(vdev, value, others).map_err(|why| refused(&why)),
        ("sched", Some(value)) => {
            vdev.set_scheduling(scheduling(value, option)?);
            Ok(())
        }
        _ => own_option(vdev, config, option),
    }
}

fn refuse(config: &VdevConfig, option: &VdevOption, why: &str) -> ParseError {
    ParseError { position: option.position, message: format!("vdev {} {why}", config.name) }
}

/// Tells a vdev of an option of its own.
fn own_option(vdev: &Instance, config: &VdevConfig, option: &VdevOption) -> Result<(), ParseError> {
    let options = vdev.factory().options();
    let Some(index) = options.iter().position(|(name, _)| *name == option.name) else {
        return Err(refuse(config, option, &format!("has no option {}", option.name)));
    };
    let argument = option.value.as_deref().map(CString::new).transpose();
    let Ok(argument) = argument else {
        return Err(refuse(config, option, "takes no text with a zero in it"));
    };
    let step =
        u32::try_from(index).ok().and_then(|index| index.checked_add(VDEV_CTRL_FIRST_OPTIDX));
    let Some(step) = step else {
        return Err(refuse(config, option, "has too many options"));
    };
    vdev.control(step, argument.as_deref()).map_err(|why| {
        let with = option.value.as_deref().map_or_else(String::new, |value| format!(" {value}"));
        refuse(config, option, &format!("refused {}{with}: {why}", option.name))
    })
}

/// Names a vdev. Names are unique, because interrupts find their controllers by name.
fn name(vdev: &mut Instance, name: &str, others: &[Instance]) -> Result<(), String> {
    if others.iter().any(|other| other.name() == name) {
        return Err(format!("cannot be called {name}: another one is"));
    }
    vdev.rename(name);
    Ok(())
}

/// An interrupt, whose input is assigned to the vdev.
fn interrupt(vdev: &Instance, value: &str, option: &VdevOption) -> Result<guest_intr, ParseError> {
    let at = option.position;
    let (intr, length) = controllers::parse(vdev.shared(), value, at, vdev.pointer())?;
    let word = Word::new(value, at);
    if length != value.len() {
        return Err(word.expected("an interrupt such as apic:0x30"));
    }
    controllers::assigned(vdev.shared(), intr, Asked::ByConfiguration)
        .map_err(|why| word.expected(&format!("an interrupt that is free ({why})")))
}

/// A priority and QNX's letter of a policy: f, r or o.
fn scheduling(value: &str, option: &VdevOption) -> Result<qvm_sched_info, ParseError> {
    let letters = [("f", libc::SCHED_FIFO), ("r", libc::SCHED_RR), ("o", libc::SCHED_OTHER)];
    let found = letters.iter().find_map(|(letter, policy)| {
        value.strip_suffix(letter).map(|priority| (priority, *policy))
    });
    let (digits, policy) = found.unwrap_or((value, libc::SCHED_RR));
    let word = Word::new(digits, option.position);
    let priority = number(word, "a priority, with f, r or o after it")?;
    let sched_priority =
        i32::try_from(priority).map_err(|_| word.expected("a priority below 2^31"))?;
    Ok(qvm_sched_info { policy, sched: libc::sched_param { sched_priority } })
}
