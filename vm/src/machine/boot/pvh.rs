//! PVH: an entry in 32 bits, and a structure with a pointer to each part.

#![forbid(unsafe_code)]

use super::super::memory_map::Entry;
use super::super::places::Range;
use super::Handed;
use super::room::Room;
use crate::config::ImageStart;
use linux_loader::configurator::pvh::PvhBootConfigurator;
use linux_loader::configurator::{BootConfigurator, BootParams};
use linux_loader::start_info::{hvm_memmap_table_entry, hvm_modlist_entry, hvm_start_info};
use vm_memory::GuestAddress;

const MAGIC: u32 = 0x336e_c578;
/// With a map of memory.
const VERSION: u32 = 1;

/// The state in which the image starts; what it is told is in its memory then.
pub(super) fn start(
    entry: u64,
    handed: &Handed,
    room: &mut Room<'_>,
) -> Result<ImageStart, String> {
    let map: Vec<_> = handed.map.iter().map(section).collect();
    let modules: Vec<_> = handed.modules.iter().map(module).collect();
    let modules_at = if modules.is_empty() { 0 } else { room.take(size(&modules))? };
    let map_at = room.take(size(&map))?;
    let info = hvm_start_info {
        magic: MAGIC,
        version: VERSION,
        nr_modules: u32::try_from(modules.len()).unwrap_or(u32::MAX),
        modlist_paddr: modules_at,
        cmdline_paddr: handed.cmdline.unwrap_or(0),
        rsdp_paddr: handed.rsdp,
        memmap_paddr: map_at,
        memmap_entries: u32::try_from(map.len()).unwrap_or(u32::MAX),
        ..hvm_start_info::default()
    };
    let place = room.take(size(&[info]))?;
    let mut params = BootParams::new(&info, GuestAddress(place));
    params.set_sections(&map, GuestAddress(map_at));
    if !modules.is_empty() {
        params.set_modules(&modules, GuestAddress(modules_at));
    }
    PvhBootConfigurator::write_bootparams(&params, &room.ram()?)
        .map_err(|error| format!("ram for what PVH hands over: {error}"))?;
    let tables = room.take(ImageStart::tables_length(false))?;
    Ok(ImageStart { entry, tables, long: false, rax: 0, rbx: place, rsi: 0 })
}

fn section(entry: &Entry) -> hvm_memmap_table_entry {
    let (addr, size) = (entry.first, entry.length());
    hvm_memmap_table_entry { addr, size, type_: entry.kind as u32, reserved: 0 }
}

fn module(&(first, last): &Range) -> hvm_modlist_entry {
    let size = last.saturating_sub(first).saturating_add(1);
    hvm_modlist_entry { paddr: first, size, ..hvm_modlist_entry::default() }
}

fn size<T>(values: &[T]) -> u64 {
    u64::try_from(size_of_val(values)).unwrap_or(u64::MAX)
}
