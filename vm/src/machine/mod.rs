//! Builds the guest that a configuration describes: its memory, loaded files, and vdevs.

#![forbid(unsafe_code)]

mod boot;
mod built;
mod image;
mod load;
mod memory;
mod memory_map;
mod pass;
mod places;

#[cfg(test)]
mod tests;

pub(crate) use built::Built;

use crate::config::{Config, Policy, Range, Statement, VdevConfig};
use built::{refused, space};
use gasp_safe::{Guest, Space, Unsupported};
use gasp_text::ParseError;

/// Creates one vdev.
pub(crate) type CreateVdev<'a> = &'a mut dyn FnMut(&VdevConfig) -> Result<(), ParseError>;

/// Executes the statements of a configuration in order, and returns all errors. `built` has to be
/// dropped after the guest.
pub(crate) fn build(
    guest: &Guest,
    config: &Config,
    create_vdev: CreateVdev<'_>,
    built: &mut Built,
) -> Vec<ParseError> {
    let mut highest = memory::Highest::default();
    let mut errors = Vec::new();
    for statement in &config.statements {
        let result = match statement {
            Statement::Memory(memory) => {
                memory::add(guest, memory, config.split, &mut highest, built)
            }
            Statement::Reserve(range) => reserve(guest, range, built),
            Statement::Pass(config) => pass::add(guest, config, built),
            Statement::Load(load) => load::load(guest, load, built),
            Statement::Vdev(config) => create_vdev(config),
        };
        errors.extend(result.err());
    }
    // Only a machine that is whole tells where an image finds what.
    if errors.is_empty() {
        errors.extend(boot::finish(guest, config, built).err());
    }
    errors
}

/// The policy in libgasp's terms.
pub(crate) fn policy(policy: Option<Policy>) -> Unsupported {
    match policy {
        None | Some(Policy::Ignore) => Unsupported::Ignore,
        Some(Policy::Fail) => Unsupported::Fail,
        Some(Policy::Abort) => Unsupported::Abort,
    }
}

fn reserve(guest: &Guest, range: &Range, built: &mut Built) -> Result<(), ParseError> {
    let (space, location) = space(range.place);
    guest
        .reserve(space, location, range.length)
        .map_err(|error| refused(range, "a range that can be reserved", &error))?;
    // The parser has checked the end, and that the length is not 0.
    let last = location.saturating_add(range.length.saturating_sub(1));
    built.reserved.push((space, location, last));
    if space == Space::Memory {
        built.places.reserved.push((location, last));
    }
    Ok(())
}
