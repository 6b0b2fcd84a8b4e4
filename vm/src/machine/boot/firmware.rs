//! The firmware's tables for an image, and their places.

#![forbid(unsafe_code)]

use super::super::built::AcpiTable;
use super::super::places::Wanted;
use super::room::Room;
use crate::config::{Config, Statement, VdevConfig};
use crate::tables::{Hardware, acpi, mp};
use gasp_safe::PAGE_SIZE;
use gasp_text::{Place, place};

/// Where PCs have their firmware: systems that get no pointer to the tables look here.
const BIOS: (u64, u64) = (0xe_0000, 0xf_ffff);
/// Where systems look for the MP table: in the second half of it, or in the last KiB below 640 KiB.
const MP: [(u64, u64); 2] = [(0xf_0000, 0xf_ffff), (0x9_fc00, 0x9_ffff)];
/// Systems search at multiples of it.
const PARAGRAPH: u64 = 16;
/// Where QNX's configurations have the I/O APIC.
const IO_APIC: u32 = 0xf800_0000;

/// Adds the tables, and returns the address of the RSDP.
pub(super) fn add(config: &Config, more: &[AcpiTable], room: &mut Room<'_>) -> Result<u64, String> {
    let hardware = hardware(config);
    add_mp(&hardware, room)?;
    let tables = |place| acpi::build(&hardware, place, more.iter().map(AcpiTable::part));
    let length = u64::try_from(tables(0).len()).unwrap_or(u64::MAX);
    let (first, last) = BIOS;
    let wanted = Wanted { length, align: PARAGRAPH, first, last };
    if let Some(place) = room.places.lowest_memory(&wanted) {
        return room.put_tables(place, &tables(place)).map(|()| place);
    }
    // Whole pages, so that the RAM around them is of whole pages, too.
    let length = length.next_multiple_of(PAGE_SIZE);
    let last = u64::from(u32::MAX);
    let place = room.places.highest(&Wanted { length, align: PAGE_SIZE, first: PAGE_SIZE, last });
    let place = place.ok_or_else(|| {
        format!("a free place in ram below 4 GiB for {length} bytes of ACPI tables")
    })?;
    let mut pages = tables(place);
    pages.resize(usize::try_from(length).unwrap_or(pages.len()), 0);
    room.put_tables(place, &pages).map(|()| place)
}

/// Without a place there is none: nothing points to it, so elsewhere nobody finds it.
fn add_mp(hardware: &Hardware, room: &mut Room<'_>) -> Result<(), String> {
    let Some(table) = mp::build(hardware, 0) else { return Ok(()) };
    let length = u64::try_from(table.len()).unwrap_or(u64::MAX);
    let within = |(first, last)| Wanted { length, align: PARAGRAPH, first, last };
    let place = MP.iter().find_map(|range| room.places.lowest_memory(&within(*range)));
    let table = place.and_then(|place| mp::build(hardware, u32::try_from(place).ok()?));
    match place.zip(table) {
        Some((place, table)) => room.put_tables(place, &table),
        None => Ok(()),
    }
}

/// What the configuration has of the hardware that tables announce.
fn hardware(config: &Config) -> Hardware {
    let vdevs = || {
        config.statements.iter().filter_map(|statement| match statement {
            Statement::Vdev(vdev) => Some(vdev),
            _ => None,
        })
    };
    let vdev = |name: &str| vdevs().find(|vdev| plain(&vdev.name) == name);
    Hardware {
        cpus: u8::try_from(config.cpus.max(1)).unwrap_or(u8::MAX),
        io_apic: vdev("ioapic").map(|vdev| address(vdev).unwrap_or(IO_APIC)),
        keyboard: vdev("pckeyboard").is_some(),
        clock: vdev("mc146818").is_some(),
    }
}

/// The name of a vdev as it is in the language.
fn plain(name: &str) -> &str {
    let name = name.strip_prefix("vdev-").unwrap_or(name);
    name.strip_suffix(".so").unwrap_or(name)
}

fn address(vdev: &VdevConfig) -> Option<u32> {
    let loc = vdev.options.iter().find(|option| option.name == "loc")?;
    let text = loc.value.as_deref()?.split(',').next()?;
    match place(text, loc.position).ok()? {
        Place::Memory(address) => u32::try_from(address).ok(),
        Place::Ports(_) => None,
    }
}
