//! Tests of the kind that vm-memory has for its own regions, and of what is libgasp's.

#![allow(clippy::unwrap_used)]

mod accesses;
mod regions;

use crate::{GuestRam, View, snapshot};
use gasp_safe::{Guest, Memory};
use vm_memory::{Address, GuestMemoryBackend, GuestMemoryRegion};

/// A guest with RAM: addresses and lengths.
fn guest(ram: &[(u64, u64)]) -> Guest {
    let guest = Guest::new().unwrap();
    for &(location, length) in ram {
        guest.add_memory(location, length, Memory::Ram).unwrap();
    }
    guest
}

fn view(guest: &Guest) -> GuestRam<'_> {
    snapshot(guest, View::Host).unwrap()
}

/// The first and last address of each region.
fn ranges(ram: &GuestRam<'_>) -> Vec<(u64, u64)> {
    let range = |region: &crate::RamRegion<'_>| {
        (region.start_addr().raw_value(), region.last_addr().raw_value())
    };
    ram.iter().map(range).collect()
}
