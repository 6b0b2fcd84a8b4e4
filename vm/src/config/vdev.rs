//! `vdev`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::standard::{self, Guests};
use super::types::{Config, Logger, OptionList, Statement, VdevConfig, VdevOption};
use super::{logging, memory, variables};
use gasp_text::{ParseError, Position, Word, did_you_mean};

/// The vdev whose options are read.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: String,
    position: Position,
    /// Its own options.
    pub(super) options: OptionList,
    /// Nothing is known of its options.
    pub(super) is_unknown: bool,
}

impl Device {
    /// Whether it has an option, of its own or as every vdev.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.0.iter().any(|(own, _)| own == name)
            || row::KEYWORDS.iter().any(|row| row.context == "vdev" && row.word() == name)
    }
}

/// After `vdev`.
pub(super) fn add(
    input: &mut Input<'_>,
    config: &mut Config,
    keyword: Word<'_>,
) -> Result<Device, ParseError> {
    input.report.uses(row::VDEV, keyword.position);
    let token = input.argument("the name of a vdev")?;
    let word = token.word();
    let position = word.position;
    let written = word.text();
    // All three spellings are in use.
    let name = written.strip_prefix("vdev-").unwrap_or(&written);
    let name = name.strip_suffix(".so").unwrap_or(name).to_owned();
    if name.is_empty() || name.contains('/') {
        return Err(word.expected("NAME, as in vdev-NAME.so"));
    }
    let (options, is_unknown) = match input.outside.load_vdev(&name) {
        Ok(options) => (options, false),
        Err(why) => missing(input, &name, position, &why),
    };
    let vdev = VdevConfig { name: name.clone(), position, options: Vec::new() };
    config.statements.push(Statement::Vdev(vdev));
    Ok(Device { name, position, options, is_unknown })
}

/// The options of a vdev that is not there, as far as they are known.
fn missing(input: &mut Input<'_>, name: &str, position: Position, why: &str) -> (OptionList, bool) {
    let standard = standard::find(name);
    if standard.as_ref().is_some_and(|(guests, _)| *guests == Guests::Arm) {
        input.report.arm(position, &format!("vdev {name}"));
    }
    let names = input.outside.vdevs();
    let mut message = why.to_owned();
    if standard.is_none() {
        let mut known: Vec<_> = names.iter().map(String::as_str).collect();
        known.extend(standard::names());
        message += &did_you_mean(name, known);
    }
    if !names.is_empty() && !core::mem::replace(&mut input.has_listed_vdevs, true) {
        message += &format!("; the vdevs here are {}", names.join(", "));
    }
    input.report.refusals.push(ParseError { position, message });
    standard.map_or((OptionList::default(), true), |(_, options)| (options, false))
}

/// An option of a vdev: one of its own or, unless it has one of that name, one of every vdev.
pub(super) fn option(
    input: &mut Input<'_>,
    config: &mut Config,
    device: &Device,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    let own = device.options.0.iter().find(|(own, _)| own == text);
    let option = match (own, text) {
        (Some((_, false)), _) => option_of(text, None, word.position),
        (Some((_, true)), _) => argument(input, text, &format!("the argument of '{text}'"))?,
        (None, "set") => {
            variables::set(input, config, Some(device.position), word)?;
            return Ok(true);
        }
        (None, "log") => {
            input.report.uses(row::VDEV_LOG, word.position);
            let Logger { filters, destination } = logging::logger(input)?;
            option_of(text, Some(format!("{filters} {destination}")), word.position)
        }
        (None, "hostvector") => {
            input.report.uses(row::VDEV_HOSTVECTOR, word.position);
            argument(input, text, "a vector")?
        }
        (None, _) => match of_every_vdev(input, text, word)? {
            Some(option) => option,
            None => return of_qnx(input, device, text, word),
        },
    };
    change(config, device, |vdev| vdev.options.push(option));
    Ok(true)
}

/// Changes the vdev of the context.
fn change(config: &mut Config, device: &Device, change: impl FnOnce(&mut VdevConfig)) {
    let mut vdevs = config.statements.iter_mut().rev().filter_map(|statement| match statement {
        Statement::Vdev(vdev) => Some(vdev),
        _ => None,
    });
    if let Some(vdev) = vdevs.find(|vdev| vdev.position == device.position) {
        change(vdev);
    }
}

fn of_every_vdev(
    input: &mut Input<'_>,
    text: &str,
    word: Word<'_>,
) -> Result<Option<VdevOption>, ParseError> {
    let at = word.position;
    Ok(Some(match text {
        "loc" => {
            input.report.uses(row::VDEV_LOC, at);
            loc(input)?
        }
        "intr" => {
            input.report.uses(row::VDEV_INTR, at);
            let option = argument(input, text, "CONTROLLER:LINE")?;
            if option.value.as_ref().is_some_and(|value| value.starts_with("gic:")) {
                input.report.arm(option.position, "intr gic:...");
            }
            option
        }
        "name" => {
            input.report.uses(row::VDEV_NAME, at);
            argument(input, text, "a name")?
        }
        "sched" => {
            input.report.uses(row::VDEV_SCHED, at);
            argument(input, text, "a priority")?
        }
        _ => return Ok(None),
    }))
}

/// An option that QNX's vdev of this name has and this one has not.
fn of_qnx(
    input: &mut Input<'_>,
    device: &Device,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    let standard = standard::find(&device.name).map(|(_, options)| options.0).unwrap_or_default();
    let Some((_, has_argument)) = standard.iter().find(|(name, _)| name == text) else {
        return Ok(false);
    };
    let message = format!("vdev {} has no option '{text}' here, as QNX's has", device.name);
    input.report.refusals.push(ParseError { position: word.position, message });
    if *has_argument {
        input.argument(&format!("the argument of '{text}'"))?;
    }
    Ok(true)
}

fn loc(input: &mut Input<'_>) -> Result<VdevOption, ParseError> {
    let token = input.argument("a location")?;
    let word = token.word();
    if let Some(slot) = word.strip("pci:") {
        memory::pci_slot(slot)?;
        return Ok(option_of("loc", Some(word.text()), word.position));
    }
    // Old files give a length, too. It is the vdev's own.
    let place = word.split_once(',').map_or(word, |(place, _)| place);
    input.location(place)?;
    Ok(option_of("loc", Some(place.text()), word.position))
}

fn argument(input: &mut Input<'_>, name: &str, what: &str) -> Result<VdevOption, ParseError> {
    let token = input.argument(what)?;
    Ok(option_of(name, Some(token.word().text()), token.word().position))
}

fn option_of(name: &str, value: Option<String>, position: Position) -> VdevOption {
    VdevOption { name: name.to_owned(), value, position }
}
