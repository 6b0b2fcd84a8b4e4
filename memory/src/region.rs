//! A region of memory: contiguous in the guest, in the host and in its file.

#![allow(unsafe_code)]

use core::ptr;
use gasp_safe::Guest;
use std::fs::File;
use std::marker::PhantomData;
use std::sync::Arc;
use vm_memory::bitmap::BS;
use vm_memory::guest_memory::Result;
use vm_memory::{
    Address, FileOffset, GuestAddress, GuestMemoryError, GuestMemoryRegion, GuestMemoryRegionBytes,
    GuestUsize, MemoryRegionAddress, VolatileSlice,
};

/// A contiguous part of a guest's memory.
#[derive(Debug)]
pub struct RamRegion<'g> {
    start: GuestAddress,
    /// Bytes; not 0.
    length: usize,
    /// Where the memory is in this process, as a number.
    host: usize,
    file: FileOffset,
    /// The memory is there as long as the guest.
    guest: PhantomData<&'g Guest>,
}

/// What libgasp says of memory from `location` on.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) location: u64,
    pub(crate) length: u64,
    pub(crate) host: u64,
    pub(crate) file: Arc<File>,
    pub(crate) offset: u64,
}

impl Part {
    /// Whether `next` follows in the guest and in the file. A file is mapped once, so it follows in
    /// the host, too.
    pub(crate) fn continues_in(&self, next: &Self) -> bool {
        let after = |start: u64| start.checked_add(self.length);
        after(self.location) == Some(next.location)
            && after(self.offset) == Some(next.offset)
            && Arc::ptr_eq(&self.file, &next.file)
    }
}

impl<'g> RamRegion<'g> {
    /// `None`: this process has no such addresses.
    ///
    /// # Safety
    /// `part` is memory of `gasp_guest_add_memory()` of this guest, mapped at `part.host`.
    pub(crate) unsafe fn new(_guest: &'g Guest, part: Part) -> Option<Self> {
        let Part { location, length, host, file, offset } = part;
        Some(Self {
            start: GuestAddress(location),
            length: usize::try_from(length).ok()?,
            host: usize::try_from(host).ok()?,
            file: FileOffset::from_arc(file, offset),
            guest: PhantomData,
        })
    }

    /// The host's address of `count` bytes, if the region has them.
    fn host(&self, at: MemoryRegionAddress, count: usize) -> Option<*mut u8> {
        let offset = usize::try_from(at.raw_value()).ok()?;
        let end = offset.checked_add(count)?;
        (end <= self.length)
            .then(|| ptr::with_exposed_provenance_mut(self.host.wrapping_add(offset)))
    }
}

impl GuestMemoryRegion for RamRegion<'_> {
    type B = ();

    fn len(&self) -> GuestUsize {
        // A length of this process's addresses fits.
        GuestUsize::try_from(self.length).unwrap_or(GuestUsize::MAX)
    }

    fn start_addr(&self) -> GuestAddress {
        self.start
    }

    fn bitmap(&self) -> BS<'_, Self::B> {}

    fn get_host_address(&self, addr: MemoryRegionAddress) -> Result<*mut u8> {
        self.host(addr, 1).ok_or(GuestMemoryError::InvalidBackendAddress)
    }

    fn file_offset(&self) -> Option<&FileOffset> {
        Some(&self.file)
    }

    fn get_slice(
        &self,
        offset: MemoryRegionAddress,
        count: usize,
    ) -> Result<VolatileSlice<'_, BS<'_, Self::B>>> {
        let host = self.host(offset, count).ok_or(GuestMemoryError::InvalidBackendAddress)?;
        // SAFETY: `new`'s caller has promised the memory; it stays while the guest is borrowed. All
        // other users of guest memory are vCPUs and libgasp, which read and write it as atomics,
        // or copy it as bytes that may change.
        Ok(unsafe { VolatileSlice::new(host, count) })
    }
}

impl GuestMemoryRegionBytes for RamRegion<'_> {}
