//! From a configuration to a guest: its memory, what is loaded into it, its vdevs.

#![forbid(unsafe_code)]

mod load;
mod memory;
mod pass;

#[cfg(test)]
mod tests;

use crate::config::{Config, ParseError, Place, Policy, Range, Statement, VdevConfig};
use crate::gasp::{Error, Guest, Space, Unsupported};
use crate::mapping::Mapping;
use std::path::Path;

/// What has to stay as long as the guest is there, and what its makers want to say.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// What `pass` made.
    mappings: Vec<Mapping>,
    /// What is reserved, for those who print the map.
    pub(crate) reserved: Vec<Range>,
    /// What users should know.
    pub(crate) notes: Vec<ParseError>,
}

/// Makes one vdev.
pub(crate) type CreateVdev<'a> = &'a mut dyn FnMut(&VdevConfig) -> Result<(), ParseError>;

/// Does what a configuration says, statement by statement, up to the first that fails. Files are
/// relative to `directory`. `built` has to be dropped after the guest.
pub(crate) fn build(
    guest: &Guest,
    config: &Config,
    directory: &Path,
    create_vdev: CreateVdev<'_>,
    built: &mut Built,
) -> Result<(), ParseError> {
    let mut highest = memory::Highest::default();
    for statement in &config.statements {
        match statement {
            Statement::Memory(memory) => memory::add(guest, memory, &mut highest)?,
            Statement::Reserve(range) => reserve(guest, range, built)?,
            Statement::Pass(config) => pass::add(guest, config, directory, built)?,
            Statement::Load(config) => load::load(guest, config, directory)?,
            Statement::Vdev(config) => create_vdev(config)?,
        }
    }
    Ok(())
}

/// How libgasp calls a policy.
pub(crate) fn policy(policy: Option<Policy>) -> Unsupported {
    match policy {
        None | Some(Policy::Ignore) => Unsupported::Ignore,
        Some(Policy::Fail) => Unsupported::Fail,
        Some(Policy::Abort) => Unsupported::Abort,
    }
}

/// The space and the first location.
fn space(place: Place) -> (Space, u64) {
    match place {
        Place::Memory(location) => (Space::Memory, location),
        Place::Ports(location) => (Space::Ports, location),
    }
}

fn reserve(guest: &Guest, range: &Range, built: &mut Built) -> Result<(), ParseError> {
    let (space, location) = space(range.place);
    guest
        .reserve(space, location, range.length)
        .map_err(|error| refused(range, "a range that can be reserved", &error))?;
    built.reserved.push(range.clone());
    Ok(())
}

/// A refusal by libgasp.
fn refused(range: &Range, what: &str, error: &Error) -> ParseError {
    let message = format!("expected {what}: {}", error.message);
    ParseError { position: range.position, message }
}
