//! `load`: copies files into the guest's memory.

#![forbid(unsafe_code)]

use super::built::{AcpiTable, Built, Contents, Module};
use super::image::{self, Format, Image, Protocol, elf, linux, multiboot, segment::Segment};
use super::places::{Range, Wanted, last};
use crate::config::{Blob, LoadConfig};
use crate::tables::acpi;
use gasp_safe::{Error, Guest};
use gasp_text::ParseError;
use gasp_text::readings::RAW_IMAGE_AT_PAGES;
use std::fs;

/// The file of one statement.
struct File<'a> {
    guest: &'a Guest,
    config: &'a LoadConfig,
    bytes: &'a [u8],
}

/// Loads one file. An error says what was expected instead.
pub(super) fn load(
    guest: &Guest,
    config: &LoadConfig,
    built: &mut Built,
) -> Result<(), ParseError> {
    let &LoadConfig { position, blob, address, ref file } = config;
    let fail = |why: String| ParseError { position, message: format!("expected {why}: {file}") };
    let bytes = read(file).map_err(fail)?;
    let loading = File { guest, config, bytes: &bytes };
    match blob {
        Blob::Image => {
            let image = loading.image(built).map_err(fail)?;
            built.image = image.map(|image| (position, image)).or(built.image.take());
        }
        Blob::Data => _ = loading.copy(built).map_err(fail)?,
        Blob::Initrd if address.is_some() => {
            let contents = Contents::There(loading.copy(built).map_err(fail)?);
            built.modules.push(Module { position, contents });
        }
        Blob::Initrd => {
            built.modules.push(Module { position, contents: Contents::Waits(bytes) });
        }
        Blob::Acpi => {
            acpi::check(&bytes).map_err(fail)?;
            if address.is_some() {
                loading.copy(built).map_err(fail)?;
            }
            built.acpi.push(AcpiTable { position, bytes, address });
        }
    }
    Ok(())
}

impl File<'_> {
    /// Loads what the guest runs, by its content. `None`: it changes nothing of where vCPUs start.
    fn image(&self, built: &mut Built) -> Result<Option<Image>, String> {
        match image::format(self.bytes).map_err(|what| format!("an image for x86, not {what}"))? {
            Format::Elf => self.elf(built).map(Some),
            Format::Linux => self.linux(built).map(Some),
            Format::Multiboot => self.multiboot(built).map(Some),
            Format::Raw => self.raw(built),
        }
    }

    fn elf(&self, built: &mut Built) -> Result<Image, String> {
        let elf = elf::read(self.bytes)?;
        let header = multiboot::Header::find(self.bytes).filter(|_| elf.pvh.is_none());
        if header.is_some_and(|header| header.has_addresses()) {
            return self.multiboot(built);
        }
        for segment in &elf.segments {
            self.segment(segment, built)?;
        }
        match (elf.pvh, header) {
            (Some(entry), _) => Ok(Image::Told(Protocol::Pvh(entry))),
            (None, Some(header)) => {
                header.check().map(|()| Image::Told(Protocol::Multiboot(elf.entry)))
            }
            (None, None) => Ok(Image::Flat(elf.entry)),
        }
    }

    fn multiboot(&self, built: &mut Built) -> Result<Image, String> {
        let header = multiboot::Header::find(self.bytes).ok_or("a header of multiboot")?;
        header.check()?;
        let (segment, entry) = header.addresses()?;
        self.segment(&segment, built)?;
        Ok(Image::Told(Protocol::Multiboot(entry)))
    }

    fn linux(&self, built: &mut Built) -> Result<Image, String> {
        let kernel = linux::load(self.guest, self.bytes, self.config.address, &built.places)?;
        built.places.loaded.push(kernel.range);
        Ok(Image::Told(Protocol::Linux(Box::new(kernel))))
    }

    /// An image that says itself where it goes.
    fn segment(&self, segment: &Segment<'_>, built: &mut Built) -> Result<(), String> {
        let &Segment { address, bytes, length } = segment;
        if self.config.address.is_some() {
            return Err("no ADDRESS: this image says itself where it goes".to_owned());
        }
        let fail = |error: Error| {
            format!("ram or rom for {length} bytes at {address:#x}: {}", error.message)
        };
        self.guest.write(address, bytes).map_err(fail)?;
        let zeros = length.saturating_sub(self::length(bytes));
        zero(self.guest, address.saturating_add(self::length(bytes)), zeros).map_err(fail)?;
        built.places.loaded.push((address, last(address, length)));
        Ok(())
    }

    /// If a raw image is the first loaded file, vCPUs start at its first byte.
    fn raw(&self, built: &mut Built) -> Result<Option<Image>, String> {
        let is_first = built.places.loaded.is_empty();
        let (first, _) = self.copy(built)?;
        Ok(is_first.then_some(Image::Raw(first)))
    }

    /// Copies the whole file, without an address to the lowest free place.
    fn copy(&self, built: &mut Built) -> Result<Range, String> {
        let length = length(self.bytes);
        let wanted = Wanted { length, align: RAW_IMAGE_AT_PAGES, first: 0, last: u64::MAX };
        let found = self.config.address.or_else(|| built.places.lowest(&wanted));
        let address = found.ok_or_else(|| format!("a free place in ram for {length} bytes"))?;
        self.guest.write(address, self.bytes).map_err(|error| {
            format!("ram or rom for {length} bytes at {address:#x}: {}", error.message)
        })?;
        let range = (address, last(address, length));
        built.places.loaded.push(range);
        Ok(range)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Writes zeros over what was loaded there before, in pieces, because there can be many.
fn zero(guest: &Guest, mut address: u64, mut length: u64) -> Result<(), Error> {
    static ZEROS: [u8; 0x1_0000] = [0; 0x1_0000];
    while length > 0 {
        let piece = usize::try_from(length).map_or(ZEROS.len(), |length| length.min(ZEROS.len()));
        guest.write(address, &ZEROS[..piece])?;
        length = length.saturating_sub(piece as u64);
        address = address.saturating_add(piece as u64);
    }
    Ok(())
}

/// Reads a file. The error says what was expected instead.
fn read(file: &str) -> Result<Vec<u8>, String> {
    let about = fs::metadata(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if !about.is_file() {
        return Err("a regular file".to_owned());
    }
    let bytes = fs::read(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if bytes.is_empty() { Err("a file that is not empty".to_owned()) } else { Ok(bytes) }
}
