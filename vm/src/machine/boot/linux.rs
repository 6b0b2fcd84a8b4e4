//! Linux's boot protocol: the zero page, and the entry in 32 or 64 bits.

#![forbid(unsafe_code)]

use super::super::image::linux::Linux;
use super::super::memory_map::Entry;
use super::Handed;
use super::room::Room;
use crate::config::ImageStart;
use linux_loader::bootparam::{boot_e820_entry, boot_params};
use linux_loader::configurator::linux::LinuxBootConfigurator;
use linux_loader::configurator::{BootConfigurator, BootParams};
use vm_memory::GuestAddress;

/// A loader without a number of its own.
const OTHER_LOADER: u8 = 0xff;
/// The mode that the screen is in.
const NORMAL_VIDEO: u16 = 0xffff;
/// From the 32-bit entry to that in 64 bits.
const TO_ENTRY_64: u64 = 0x200;

/// The state in which the kernel starts; what it is told is in its memory then.
pub(super) fn start(
    kernel: &Linux,
    handed: &Handed,
    room: &mut Room<'_>,
) -> Result<ImageStart, String> {
    let long = kernel.has_64_bits();
    let zero_page = zero_page(kernel, handed)?;
    let tables = room.take(ImageStart::tables_length(long))?;
    let place = room.take(u64::try_from(size_of::<boot_params>()).unwrap_or(u64::MAX))?;
    let params = BootParams::new(&zero_page, GuestAddress(place));
    LinuxBootConfigurator::write_bootparams(&params, &room.ram()?)
        .map_err(|error| format!("ram for Linux's zero page: {error}"))?;
    let (first, _) = kernel.range;
    let entry = if long { first.saturating_add(TO_ENTRY_64) } else { first };
    Ok(ImageStart { entry, tables, long, rax: 0, rbx: 0, rsi: place })
}

fn zero_page(kernel: &Linux, handed: &Handed) -> Result<boot_params, String> {
    let mut page = boot_params { hdr: kernel.header, ..boot_params::default() };
    page.hdr.type_of_loader = OTHER_LOADER;
    page.hdr.vid_mode = NORMAL_VIDEO;
    page.hdr.cmd_line_ptr = word(handed.cmdline.unwrap_or(0))?;
    if let Some(&(first, last)) = handed.modules.first() {
        page.hdr.ramdisk_image = word(first)?;
        page.hdr.ramdisk_size = word(last.saturating_sub(first).saturating_add(1))?;
    }
    page.acpi_rsdp_addr = handed.rsdp;
    let (mut table, entries) = (page.e820_table, &handed.map);
    if entries.len() > table.len() {
        return Err(format!("at most {} ranges of memory for Linux", table.len()));
    }
    for (place, entry) in table.iter_mut().zip(entries) {
        *place = e820(entry);
    }
    page.e820_table = table;
    page.e820_entries = u8::try_from(entries.len()).unwrap_or(u8::MAX);
    Ok(page)
}

fn e820(entry: &Entry) -> boot_e820_entry {
    boot_e820_entry { addr: entry.first, size: entry.length(), r#type: entry.kind as u32 }
}

/// An address or a length of the header, which has 32 bits for it.
fn word(number: u64) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("an 'initrd load' below 4 GiB, not at {number:#x}"))
}
