//! `load`: copies files into the guest's memory.

#![forbid(unsafe_code)]

use super::built::Built;
use crate::config::{Blob, LoadConfig};
use gasp_safe::{Guest, Space};
use gasp_text::ParseError;
use gasp_text::readings::RAW_IMAGE_AT_PAGES;
use std::fs;

/// A format that needs a loader: where its mark is, the mark, and the answer.
type Format = (usize, &'static [u8], &'static str);

const FORMATS: [Format; 4] = [
    (
        0,
        b"\x7fELF",
        "an ELF file (there is no loader for it yet; objcopy -O binary makes a raw image)",
    ),
    (0x202, b"HdrS", "a kernel of Linux (there is no loader for it yet)"),
    (0x38, b"ARM\x64", "a kernel of Linux for ARM (gasp-vm runs x86 guests only)"),
    (
        0,
        b"\xd0\x0d\xfe\xed",
        "a device tree (it is for ARM guests, and gasp-vm runs x86 guests only)",
    ),
];

/// Copies one file. `starts`: if the file is the first, vCPUs start at its first byte.
pub(super) fn load(
    guest: &Guest,
    config: &LoadConfig,
    starts: bool,
    built: &mut Built,
) -> Result<(), ParseError> {
    let &LoadConfig { position, blob, address, ref file } = config;
    let fail = |message| ParseError { position, message };
    let bytes = read(file, blob).map_err(|why| fail(format!("expected {why}: {file}")))?;
    if blob == Blob::Unused && address.is_none() {
        return Ok(());
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let address = address
        .or_else(|| first_fit(built, length))
        .ok_or_else(|| fail(format!("expected a free place in ram for {length} bytes: {file}")))?;
    guest.write(address, &bytes).map_err(|error| {
        fail(format!("expected ram or rom for {length} bytes at {address:#x}: {}", error.message))
    })?;
    if blob == Blob::Image && starts && built.loaded.is_empty() {
        built.entry = Some(u32::try_from(address).map_err(|_| {
            fail("expected 'gasp-start': an image above 4 GiB does not start by itself".to_owned())
        })?);
    }
    built.loaded.push((address, last(address, length)));
    Ok(())
}

/// The last address of a range; a length is not 0.
fn last(first: u64, length: u64) -> u64 {
    first.saturating_add(length.saturating_sub(1))
}

/// The lowest free place in `ram`, or in several that are adjacent.
fn first_fit(built: &Built, length: u64) -> Option<u64> {
    let reserved = built.reserved.iter().filter(|(space, ..)| *space == Space::Memory);
    let mut taken: Vec<_> = reserved.map(|&(_, first, last)| (first, last)).collect();
    taken.extend(&built.loaded);
    let behind = taken.iter().filter_map(|(_, last)| last.checked_add(1));
    let mut starts: Vec<u64> = built.ram.iter().map(|(first, _)| *first).chain(behind).collect();
    starts.sort_unstable();
    starts.into_iter().filter_map(|start| start.checked_next_multiple_of(RAW_IMAGE_AT_PAGES)).find(
        |&start| {
            let end = last(start, length);
            let is_free = taken.iter().all(|&(first, last)| end < first || last < start);
            start.checked_add(length.saturating_sub(1)).is_some()
                && is_free
                && covers(&built.ram, start, end)
        },
    )
}

/// Whether these ranges have all addresses between two.
fn covers(ranges: &[(u64, u64)], mut first: u64, end: u64) -> bool {
    while let Some((_, last)) =
        ranges.iter().find(|(start, last)| (*start..=*last).contains(&first))
    {
        match last.checked_add(1) {
            Some(next) if *last < end => first = next,
            _ => return true,
        }
    }
    false
}

/// Reads a file. The error says what was expected instead.
fn read(file: &str, blob: Blob) -> Result<Vec<u8>, String> {
    let about = fs::metadata(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if !about.is_file() {
        return Err("a regular file".to_owned());
    }
    let bytes = fs::read(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if bytes.is_empty() {
        return Err("a file that is not empty".to_owned());
    }
    let is = |(at, mark, _): &&Format| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    match FORMATS.iter().find(is) {
        Some((.., what)) if blob == Blob::Image => Err(format!("a raw image, not {what}")),
        _ => Ok(bytes),
    }
}
