//! The memory of a libgasp guest behind the traits of rust-vmm's [`vm_memory`].
//!
//! Crates such as linux-loader and virtio-queue reach guest memory through
//! [`vm_memory::GuestMemoryBackend`]. [`GuestRam`] implements it: the regions of one state of a
//! guest's map, each with its address in this process. Accesses go to the memory itself. They call
//! no function of libgasp, take no lock, and are not counted.
//!
//! ```
//! use gasp_memory::{View, snapshot};
//! use gasp_safe::{Guest, Memory};
//! use vm_memory::{Bytes, GuestAddress};
//!
//! let guest = Guest::new()?;
//! guest.add_memory(0, 0x10000, Memory::Ram)?;
//! let ram = snapshot(&guest, View::Device)?;
//! ram.write_obj(0x1234_5678_u32, GuestAddress(0x2000))?;
//! assert_eq!(ram.read_obj::<u8>(GuestAddress(0x2003))?, 0x12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **A snapshot does not follow the map.** Memory of `gasp_guest_add_memory()` stays until the guest
//! is destroyed, whatever happens to its regions, so a snapshot stays valid. But it still reaches
//! what a later change of the map has taken from the guest. A device takes a new one when the map
//! has changed; `gasp_guest_generation()` and listeners tell when.
//!
//! **What is left out.** Memory that the host supplied itself (`pass` in gasp-vm) has no region
//! here: libgasp does not know how long it lives. Nor have devices.

#![warn(missing_docs)]

mod region;
mod snapshot;

#[cfg(test)]
mod tests;

pub use region::RamRegion;
pub use snapshot::{GuestRam, View, snapshot};
