//! Places for what a loader adds to the guest's memory.

#![forbid(unsafe_code)]

use super::super::places::{Places, Range, Wanted, last};
use gasp_memory::{GuestRam, View, snapshot};
use gasp_safe::{Guest, PAGE_SIZE};

/// The last address for 32-bit code.
const LAST: u64 = 0xffff_ffff;

/// A guest's memory and the places in it.
#[derive(Debug)]
pub(super) struct Room<'a> {
    pub(super) guest: &'a Guest,
    pub(super) places: &'a mut Places,
}

impl Room<'_> {
    /// The lowest free pages for so many bytes, but not address 0, which means nothing.
    pub(super) fn take(&mut self, length: u64) -> Result<u64, String> {
        let wanted = Wanted { length, align: PAGE_SIZE, first: PAGE_SIZE, last: LAST };
        let found = self.places.lowest(&wanted);
        self.taken(found, length)
    }

    /// Copies bytes to the lowest free pages.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<u64, String> {
        let address = self.take(length(bytes))?;
        self.write(address, bytes)?;
        Ok(address)
    }

    /// Copies bytes to the highest free pages up to an address.
    pub(super) fn put_high(&mut self, bytes: &[u8], highest: u64) -> Result<u64, String> {
        let length = length(bytes);
        let wanted = Wanted { length, align: PAGE_SIZE, first: PAGE_SIZE, last: highest };
        let found = self.places.highest(&wanted);
        let address = self.taken(found, length)?;
        self.write(address, bytes)?;
        Ok(address)
    }

    /// Copies tables to an address, and leaves them out of the RAM that is free for the guest.
    pub(super) fn put_tables(&mut self, address: u64, bytes: &[u8]) -> Result<(), String> {
        self.places.tables.push(range(address, bytes));
        self.write(address, bytes)
    }

    /// The memory for linux-loader.
    pub(super) fn ram(&self) -> Result<GuestRam<'_>, String> {
        snapshot(self.guest, View::Host).map_err(|error| format!("its memory: {error}"))
    }

    fn taken(&mut self, found: Option<u64>, length: u64) -> Result<u64, String> {
        let address =
            found.ok_or_else(|| format!("a free place in ram below 4 GiB for {length} bytes"))?;
        self.places.loaded.push((address, last(address, length)));
        Ok(address)
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), String> {
        let refused = |error| format!("ram for {} bytes at {address:#x}: {error}", bytes.len());
        self.guest.write(address, bytes).map_err(refused)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn range(address: u64, bytes: &[u8]) -> Range {
    (address, last(address, length(bytes)))
}
