//! Memory that belongs to a guest.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sys::mapping::{Mapping, MemoryFile, PAGE as SMALL_PAGE};
use crate::value::flags::Flags;
use crate::value::range::{PAGE, Range};
use crate::value::region::{Region, Vdev};

/// A large page of the host, in bytes.
const LARGE_PAGE: u64 = 2 << 20;

/// The memory of one call that adds memory: a part of a file, and its first mapping.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) file: File,
    /// Where in the file it starts.
    offset: u64,
    /// In bytes.
    length: u64,
    /// The address of the first byte.
    start: u64,
    mapping: Mapping,
}

/// The file behind memory.
#[derive(Debug)]
pub(super) enum File {
    /// A memory file of its own.
    Own(MemoryFile),
    /// A file that the host brought.
    OfHost(FileOfHost),
}

/// A file that the host brought, which is open as long as memory needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileOfHost {
    pub(super) descriptor: i32,
    pub(super) page_size: u64,
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFile {
    pub(super) file: i32,
    pub(super) offset: u64,
    /// The number of bytes from there to the end of this memory.
    pub(super) rest: u64,
    pub(super) page_size: u64,
}

impl Memory {
    /// Memory in a new file.
    pub(super) fn new(length: usize) -> Result<Self, Error> {
        let file = MemoryFile::new(length)?;
        let (mapping, start) = Mapping::of_file(file.descriptor(), 0, length, SMALL_PAGE)?;
        Ok(Self { file: File::Own(file), offset: 0, length: length as u64, start, mapping })
    }

    /// Memory in a part of a file of the host.
    pub(super) fn brought(file: FileOfHost, offset: u64, length: u64) -> Result<Self, Error> {
        let FileOfHost { descriptor, page_size } = file;
        let size = |number| usize::try_from(number).map_err(|_| Error::NoMemory);
        let (bytes, align) = (size(length)?, size(page_size)?);
        let (mapping, start) = Mapping::of_file(descriptor, offset, bytes, align)?;
        Ok(Self { file: File::OfHost(file), offset, length, start, mapping })
    }

    /// The address of the first byte.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Asks for large pages.
    pub(super) fn prefer_large_pages(&self) {
        self.mapping.prefer_large_pages();
    }

    /// Fills the memory of regions, so that touching it later causes no page fault.
    pub(super) fn populate(&self, mut regions: impl Iterator<Item = Region>) -> Result<(), Error> {
        let size = |number| usize::try_from(number).map_err(|_| Error::NoMemory);
        let base = self.mapping.start().as_ptr().expose_provenance() as u64;
        regions.try_for_each(|region| {
            let at = size(region.host.wrapping_sub(base))?;
            Ok(self.mapping.populate(at, size(region.range.saturating_length())?)?)
        })
    }

    /// Whether a region has a part of this memory behind it.
    pub(super) fn is_behind(&self, region: &Region) -> bool {
        let reaches = region.host.saturating_add(region.range.extent()) >= self.start;
        region.is_backed() && reaches && region.host < self.start.saturating_add(self.length)
    }

    /// The place of a host address in the file, if this memory holds it.
    pub(super) fn file_at(&self, host: u64) -> Option<InFile> {
        let distance = host.checked_sub(self.start)?;
        let rest = self.length.checked_sub(distance).filter(|rest| *rest > 0)?;
        let (file, page_size) = match &self.file {
            File::Own(file) => (file.descriptor(), PAGE),
            File::OfHost(file) => (file.descriptor, file.page_size),
        };
        Some(InFile { file, offset: self.offset + distance, rest, page_size })
    }
}

/// The layout of memory in chunks. A gap after each chunk keeps it from being adjacent to the next
/// in the host. Gaps cost only address space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks {
    range: Range,
    flags: Flags,
    /// The bytes of a chunk.
    size: u64,
    /// The distance from one chunk to the next in the host.
    stride: u64,
    /// The bytes of all chunks and gaps.
    pub(super) host_length: usize,
}

impl Chunks {
    /// The layout with chunks of `chunk` bytes; 0: one chunk. `None`: no address space has room.
    pub(super) fn new(range: Range, flags: Flags, chunk: u64) -> Option<Self> {
        let length = range.saturating_length();
        if chunk == 0 || chunk >= length {
            let host_length = usize::try_from(length).ok()?;
            return Some(Self { range, flags, size: length, stride: 0, host_length });
        }
        // This gap keeps chunks aligned that can consist of large pages of the host.
        let gap = if chunk % LARGE_PAGE == 0 { LARGE_PAGE } else { PAGE };
        let stride = chunk.checked_add(gap)?;
        let host_length = length.div_ceil(chunk).checked_mul(stride)?;
        let host_length = usize::try_from(host_length).ok()?;
        Some(Self { range, flags, size: chunk, stride, host_length })
    }

    /// The regions of the chunks, in memory that starts at `host`.
    pub(super) fn regions(self, host: u64) -> impl Iterator<Item = Region> {
        let mut next = Some((self.range.first(), host));
        core::iter::from_fn(move || {
            let (first, host) = next?;
            let rest = Range::from_ends(first, self.range.last())?;
            let chunk = Range::from_length(first, self.size).unwrap_or(rest);
            let range = chunk.intersection(&rest)?;
            next = range.last().next().map(|first| (first, host.wrapping_add(self.stride)));
            let flags = self.flags | Flags::BACKED;
            Some(Region { range, flags, cookie: 0, vdev: Vdev(0), host })
        })
    }
}
