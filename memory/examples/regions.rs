//! The regions of a guest in both views, and a value across two of them.
//!
//! `cargo run -p gasp-memory --example regions`, after `make`.

use gasp_memory::{GuestRam, View, snapshot};
use gasp_safe::{Guest, Memory};
use vm_memory::{Address, Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

fn print(name: &str, ram: &GuestRam<'_>) {
    println!("{name}:");
    for region in ram.iter() {
        let (first, last) = (region.start_addr().raw_value(), region.last_addr().raw_value());
        println!("  {first:#8x} to {last:#8x}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guest = Guest::new()?;
    guest.add_memory(0, 0xa0000, Memory::Ram)?;
    guest.add_memory(0xf0000, 0x10000, Memory::Rom)?;
    guest.add_memory(0x10_0000, 0x10_0000, Memory::Ram)?;
    // Firmware is written before the guest runs, a device's data go to RAM alone.
    let host = snapshot(&guest, View::Host)?;
    let device = snapshot(&guest, View::Device)?;
    print("for the host", &host);
    print("for devices", &device);
    // ROM and RAM are adjacent in the guest, and apart in the host.
    let boundary = GuestAddress(0xffffc);
    host.write_obj(0x1122_3344_5566_7788_u64, boundary)?;
    println!("across a boundary: {:#x}", host.read_obj::<u64>(boundary)?);
    println!("for devices: {}", device.write_obj(0_u64, boundary).is_err());
    Ok(())
}
