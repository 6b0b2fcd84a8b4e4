//! `pass`: gives the guest access to memory and ports of the host.
//!
//! Memory is a part of a file (of a device, of /dev/mem) that this process maps. Without a host
//! address the guest gets zeroed memory. A process cannot give the guest access to the host's
//! ports: they get a region with their attributes, and accesses to them are unsupported.

#![forbid(unsafe_code)]

use super::built::{Built, refused, space};
use crate::config::{Attributes, Host, PassConfig, Range};
use crate::mapping::{Mapping, MappingError};
use core::ptr;
use gasp_abi::{gasp_region, gasp_region_flags as grf, qvm_state_block};
use gasp_safe::{Guest, at_pages};
use gasp_text::readings::PASS_HOST_IS_SAME;
use gasp_text::{ParseError, Place};
use std::path::Path;

/// The file in which host-physical addresses are offsets.
const PHYSICAL: &str = "/dev/mem";
/// A region's length has 32 bits.
const LONGEST: u64 = 1 << 31;

/// The flag of each letter. The letter `c` clears `GRF_NOCACHE`; `e` has no flag.
const FLAGS: [(char, grf); 8] = [
    ('r', grf::GRF_PASS_RD),
    ('w', grf::GRF_PASS_WR),
    ('x', grf::GRF_PASS_EX),
    ('m', grf::GRF_MEMORY),
    ('d', grf::GRF_DMA_USES),
    ('n', grf::GRF_DMA_NO_USE),
    ('s', grf::GRF_DMA_SOURCE),
    ('t', grf::GRF_DMA_TARGET),
];

fn flags(attributes: Attributes) -> u32 {
    let uncached = if attributes.has('c') { 0 } else { grf::GRF_NOCACHE as u32 };
    let given = FLAGS.iter().filter(|(letter, _)| attributes.has(*letter));
    given.fold(grf::GRF_PASSTHRU as u32 | uncached, |flags, (_, flag)| flags | *flag as u32)
}

/// Executes one statement.
pub(super) fn add(guest: &Guest, config: &PassConfig, built: &mut Built) -> Result<(), ParseError> {
    let (flags, host_location) = match config.range.place {
        Place::Ports(port) => {
            let what = "the host's ports are out of reach: accesses go where 'unsupported' says";
            note(built, &config.range, what);
            (grf::GRF_PASSTHRU as u32, port)
        }
        Place::Memory(_) => {
            let mapping = map(config)?;
            if config.host == Host::Unsaid && !PASS_HOST_IS_SAME {
                note(built, &config.range, "no host address: zeroed memory stands in");
            }
            if config.attributes.has('e') {
                note(built, &config.range, "'e' has no effect here: exceptions are not reported");
            }
            let start = mapping.start();
            built.mappings.push(mapping);
            (flags(config.attributes), start)
        }
    };
    let regions = regions(&config.range, flags, host_location);
    guest
        .set(&regions)
        .map_err(|error| refused(&config.range, "a range that can pass through", &error))
}

fn note(built: &mut Built, range: &Range, what: &str) {
    built.notes.push(ParseError { position: range.position, message: what.to_owned() });
}

/// Maps the memory of the host.
fn map(config: &PassConfig) -> Result<Mapping, ParseError> {
    let PassConfig { range, attributes, host } = config;
    let (path, offset) = match (host, range.place) {
        (Host::Unsaid, Place::Memory(same)) if PASS_HOST_IS_SAME => {
            (Some(Path::new(PHYSICAL)), same)
        }
        (Host::Unsaid, _) => (None, 0),
        (Host::Physical(address), _) => (Some(Path::new(PHYSICAL)), *address),
        (Host::File(path, offset), _) => (Some(Path::new(path)), *offset),
    };
    let fail = |message| ParseError { position: range.position, message };
    let Place::Memory(location) = range.place else {
        return Err(fail("expected memory".to_owned()));
    };
    if !at_pages([location, range.length, offset]) {
        return Err(fail("expected addresses and length to be multiples of 4096".to_owned()));
    }
    let Some(path) = path else {
        return Mapping::zeroed(range.length).map_err(|error| {
            fail(format!("expected memory for {:#x} bytes: {error}", range.length))
        });
    };
    Mapping::of_file(path, offset, range.length, attributes.has('w')).map_err(|error| {
        let what = match error {
            MappingError::TooShort => "a file that is long enough".to_owned(),
            MappingError::Os(error) => format!("a file that can be mapped ({error})"),
        };
        fail(format!("expected {what}: {}", path.display()))
    })
}

/// Splits a range into regions whose lengths have 32 bits.
fn regions(range: &Range, flags: u32, host_location: u64) -> Vec<gasp_region> {
    let (space, first) = space(range.place);
    let mut regions = Vec::new();
    let mut done = 0_u64;
    while done < range.length {
        // Below 2^32, so nothing is lost; `done` never exceeds the length.
        let length = range.length.saturating_sub(done).min(LONGEST);
        regions.push(gasp_region {
            flags,
            cookie: 0,
            vdev: ptr::null_mut(),
            // No overflow: the parser has checked the range, and the mapping has the whole length.
            host_location: host_location.wrapping_add(done),
            guest: qvm_state_block {
                location: first.wrapping_add(done),
                length: u32::try_from(length).unwrap_or(0),
                r#type: space as u16,
                flags: 0,
            },
        });
        done = done.saturating_add(length);
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasp_text::Position;

    #[test]
    fn long_ranges_are_cut() {
        let position = Position { line: 1, column: 1 };
        let range = Range { position, place: Place::Memory(0x1000), length: (1 << 32) + 0x1000 };
        let parts: Vec<_> = regions(&range, 0, 0x7000)
            .iter()
            .map(|part| (part.guest.location, part.guest.length, part.host_location))
            .collect();
        assert_eq!(
            parts,
            [
                (0x1000, 1 << 31, 0x7000),
                (0x1000 + (1 << 31), 1 << 31, 0x7000 + (1 << 31)),
                (0x1000 + (1 << 32), 0x1000, 0x7000 + (1 << 32)),
            ]
        );
    }
}
