//! Memory that belongs to a guest, and mappings of it that were handed out.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sys::mapping::{Mapping, MemoryFile};
use crate::value::flags::Flags;
use crate::value::range::{PAGE, Range};
use crate::value::region::{Region, Vdev};

/// A large page of the host, in bytes.
const LARGE_PAGE: u64 = 2 << 20;

/// Memory that was given to the guest: a file, and where this process has mapped it.
#[derive(Debug)]
pub(super) struct Memory {
    file: MemoryFile,
    mapping: Mapping,
}

impl Memory {
    pub(super) fn new(length: usize, large_pages: bool) -> Result<Self, Error> {
        let file = MemoryFile::new(length)?;
        let mapping = Mapping::of_file(&file)?;
        if large_pages {
            mapping.prefer_large_pages();
        }
        Ok(Self { file, mapping })
    }

    /// Its address in this process.
    pub(super) fn start(&self) -> u64 {
        self.mapping.start().as_ptr().expose_provenance() as u64
    }

    /// The file and the offset of a host address, if `length` bytes from there are in this
    /// memory.
    pub(super) fn file_of(&self, host: u64, length: u64) -> Option<(i32, u64)> {
        let offset = host.checked_sub(self.start())?;
        let end = offset.checked_add(length)?;
        (end <= self.file.length() as u64).then(|| (self.file.descriptor(), offset))
    }
}

/// A mapping that was handed out and not taken back.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) address: u64,
    pub(super) length: u64,
    /// A mapping of its own; `None`: an address of the memory itself was handed out.
    pub(super) _mapping: Option<Mapping>,
}

/// How memory of a guest is cut into chunks of which no two are adjacent in the host: each is
/// followed by a gap, which costs nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks {
    range: Range,
    flags: Flags,
    /// Bytes of a chunk.
    size: u64,
    /// From one chunk to the next in the host.
    stride: u64,
    /// Bytes of all chunks and gaps.
    pub(super) host_length: usize,
}

impl Chunks {
    /// `chunk` 0: one chunk. `None`: more than an address space holds.
    pub(super) fn new(range: Range, flags: Flags, chunk: u64) -> Option<Self> {
        let length = range.saturating_length();
        if chunk == 0 || chunk >= length {
            let host_length = usize::try_from(length).ok()?;
            return Some(Self { range, flags, size: length, stride: 0, host_length });
        }
        // Chunks that could be large pages of the host stay aligned to them.
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
