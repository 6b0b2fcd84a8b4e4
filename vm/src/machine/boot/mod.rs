//! What an image is told when it starts: command line, modules, map of memory, tables.

#![forbid(unsafe_code)]

mod firmware;
mod linux;
mod multiboot;
mod pvh;
mod room;

use super::built::{Built, Contents, Module};
use super::image::{Image, Protocol};
use super::memory_map::{Entry, entries};
use super::places::{Range, last};
use crate::config::{Config, ImageStart, Start};
use gasp_safe::Guest;
use gasp_text::readings::RAW_IMAGE_IN_FLAT_MODE;
use gasp_text::{ParseError, Position};
use room::Room;

/// What all protocols hand over.
#[derive(Debug)]
struct Handed {
    /// The command line, with a zero behind it.
    cmdline: Option<u64>,
    modules: Vec<Range>,
    rsdp: u64,
    map: Vec<Entry>,
}

/// Prepares the start of the image, when all else of the guest is there.
pub(super) fn finish(guest: &Guest, config: &Config, built: &mut Built) -> Result<(), ParseError> {
    let Some((position, image)) = built.image.clone().filter(|_| config.start.is_none()) else {
        note_what_nobody_takes(config, built);
        return Ok(());
    };
    let fail = |message| ParseError { position, message };
    built.start = match image {
        Image::Told(protocol) => Start::Image(start(guest, config, built, (position, &protocol))?),
        Image::Raw(entry) | Image::Flat(entry) => {
            note_what_nobody_takes(config, built);
            plain(entry, matches!(image, Image::Raw(_))).map_err(fail)?
        }
    };
    Ok(())
}

/// The start of an image that is told nothing.
fn plain(entry: u64, raw: bool) -> Result<Start, String> {
    let entry = u32::try_from(entry).map_err(|_| {
        "expected 'gasp-start': an image above 4 GiB does not start by itself".to_owned()
    })?;
    Ok(match u16::try_from(entry >> 4) {
        Ok(segment) if raw && !RAW_IMAGE_IN_FLAT_MODE => Start::Real { segment, offset: 0 },
        _ => Start::Flat { entry },
    })
}

fn start(
    guest: &Guest,
    config: &Config,
    built: &mut Built,
    (position, protocol): (Position, &Protocol),
) -> Result<ImageStart, ParseError> {
    let fail = |message: String| ParseError { position, message: format!("expected {message}") };
    if config.cpus > 1 {
        let message = "only vCPU 0 starts: there are no local APICs to start the others".to_owned();
        built.notes.push(ParseError { position, message });
    }
    if let Protocol::Linux(kernel) = protocol {
        built.places.loaded.extend(kernel.unpacks());
    }
    let modules = modules(guest, built, protocol)?;
    let acpi = std::mem::take(&mut built.acpi);
    let mut room = Room { guest, places: &mut built.places };
    let rsdp = firmware::add(config, &acpi, &mut room).map_err(fail)?;
    let cmdline = config.cmdline.as_deref().map(|text| cmdline(text, protocol, &mut room));
    let cmdline = cmdline.transpose().map_err(fail)?;
    let handed = Handed { cmdline, modules, rsdp, map: entries(room.places) };
    match protocol {
        Protocol::Linux(kernel) => linux::start(kernel, &handed, &mut room),
        Protocol::Pvh(entry) => pvh::start(*entry, &handed, &mut room),
        Protocol::Multiboot(entry) => multiboot::start(*entry, &handed, &mut room),
    }
    .map_err(fail)
}

/// The places of all modules. Those without an address go up high, clear of the kernel.
fn modules(
    guest: &Guest,
    built: &mut Built,
    protocol: &Protocol,
) -> Result<Vec<Range>, ParseError> {
    let highest = match protocol {
        Protocol::Linux(kernel) => kernel.last_of_initrd(),
        _ => u64::from(u32::MAX),
    };
    let mut ranges = Vec::new();
    for Module { position, contents } in std::mem::take(&mut built.modules) {
        let fail = |message| ParseError { position, message: format!("expected {message}") };
        if matches!(protocol, Protocol::Linux(_)) && !ranges.is_empty() {
            return Err(fail("one 'initrd load': a kernel of Linux takes one".to_owned()));
        }
        ranges.push(match contents {
            Contents::There(range) => range,
            Contents::Waits(bytes) => {
                let mut room = Room { guest, places: &mut built.places };
                let address = room.put_high(&bytes, highest).map_err(fail)?;
                (address, last(address, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
            }
        });
    }
    Ok(ranges)
}

fn cmdline(text: &str, protocol: &Protocol, room: &mut Room<'_>) -> Result<u64, String> {
    let most = match protocol {
        Protocol::Linux(kernel) => kernel.most_of_cmdline(),
        _ => usize::MAX,
    };
    if text.len() > most {
        return Err(format!("at most {most} bytes of 'cmdline' for this kernel"));
    }
    room.put(&[text.as_bytes(), b"\0"].concat())
}

/// Tells of each statement that is for an image which gets nothing.
fn note_what_nobody_takes(config: &Config, built: &mut Built) {
    let why = "has no effect: it is for kernels of Linux and for images with PVH or multiboot";
    let cmdline = config.used.iter().find(|(keyword, _)| keyword.word() == "cmdline");
    let mut notes: Vec<_> = cmdline.map(|(_, at)| (*at, "cmdline")).into_iter().collect();
    notes.extend(built.modules.iter().map(|module| (module.position, "initrd load")));
    notes.extend(built.acpi.iter().map(|table| (table.position, "acpi load")));
    for (position, word) in notes {
        built.notes.push(ParseError { position, message: format!("'{word}' {why}") });
    }
}
