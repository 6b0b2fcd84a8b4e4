//! Guest memory: giving it to the guest, and the host's own view of it.

#![forbid(unsafe_code)]

use super::Guest;
use super::transaction::Transaction;
use crate::error::Error;
use crate::space::Kind;
use crate::sys::mapping::{Mapping, MemoryFile};
use crate::value::flags::Flags;
use crate::value::range::{PAGE, Range};
use crate::value::region::{Region, Vdev};
use gasp_abi::{GASP_LARGE_PAGES, GASP_RAM, GASP_ROM};

pub(crate) use crate::raw::bytes::Buffer;

/// A large page of the host, in bytes.
const LARGE_PAGE: u64 = 2 << 20;

impl Guest {
    /// Gives the guest memory, in pieces of `chunk` bytes that are not adjacent in the host.
    pub(crate) fn add_memory(
        &self,
        location: u64,
        length: u64,
        kind: u32,
        chunk: u64,
    ) -> Result<(), Error> {
        let flags = match kind & !GASP_LARGE_PAGES {
            GASP_RAM => Flags::RAM,
            GASP_ROM => Flags::ROM,
            _ => {
                return Err(Error::Unknown { what: "kind of memory", bits: kind });
            }
        };
        let range = Kind::Memory.range(location, length)?;
        if !range.is_whole_pages() || !chunk.is_multiple_of(PAGE) {
            return Err(Error::UnalignedChunks);
        }
        let mut change = Transaction::of_memory(self)?;
        change.check_vacant(&range)?;
        let pieces = Pieces::new(range, flags, chunk).ok_or(Error::NoMemory)?;
        let memory = Memory::new(pieces.host_length)?;
        if kind & GASP_LARGE_PAGES != 0 {
            memory.mapping.prefer_large_pages();
        }
        let host = memory.start();
        change.fill(&range, pieces.regions(host))?;
        self.keep_memory(memory)?;
        change.finish().inspect_err(|_| self.memories.lock().retain(|one| one.start() != host))
    }

    /// Keeps memory until the guest is dropped. Whoever is told of it can ask for it.
    fn keep_memory(&self, memory: Memory) -> Result<(), Error> {
        let mut memories = self.memories.lock();
        memories.try_reserve(1).map_err(|_| Error::NoMemory)?;
        memories.push(memory);
        Ok(())
    }

    /// Reads what is behind a range; all or nothing.
    pub(crate) fn read_memory(&self, location: u64, data: Buffer) -> Result<(), Error> {
        self.each_piece(location, data, |host, piece| piece.fill_from(host))
    }

    /// Writes what is behind a range; all or nothing.
    pub(crate) fn write_memory(&self, location: u64, data: Buffer) -> Result<(), Error> {
        self.each_piece(location, data, |host, piece| piece.copy_to(host))
    }

    /// Calls `action` with each contiguous piece of host memory behind a range and the part of
    /// `data` that belongs to it, once it is known that there is memory behind all of the range.
    fn each_piece(
        &self,
        location: u64,
        data: Buffer,
        action: impl Fn(u64, Buffer),
    ) -> Result<(), Error> {
        if data.len() == 0 {
            return Ok(());
        }
        let range = Kind::Memory.range(location, data.len() as u64)?;
        let pieces = self.memory.map.at_once(|| self.pieces_behind(&range))?;
        for piece in pieces {
            let start = piece.range.first().offset_from(range.first());
            action(piece.host, data.part(start, piece.range.saturating_length()));
        }
        Ok(())
    }
}

impl Guest {
    /// What is behind a range, in contiguous pieces.
    pub(super) fn pieces_behind(&self, range: &Range) -> Result<Vec<Region>, Error> {
        let mut pieces = Vec::new();
        let mut rest = Some(*range);
        while let Some(now) = rest {
            let region = self.memory.map.lookup(now.first()).filter(Region::is_backed);
            let piece = region.ok_or(Error::Unbacked(now.first()))?.view(&now);
            pieces.try_reserve(1).map_err(|_| Error::NoMemory)?;
            pieces.push(piece);
            rest = now.above(piece.range.last());
        }
        Ok(pieces)
    }
}

/// Memory that was given to the guest: a file, and where this process has it.
#[derive(Debug)]
pub(super) struct Memory {
    file: MemoryFile,
    mapping: Mapping,
}

impl Memory {
    fn new(length: usize) -> Result<Self, Error> {
        let file = MemoryFile::new(length)?;
        let mapping = Mapping::of_file(&file)?;
        Ok(Self { file, mapping })
    }

    /// Where this process has it.
    fn start(&self) -> u64 {
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

/// Memory of a guest, cut into pieces of which no two are adjacent in the host: there is a gap
/// after each, which costs nothing.
#[derive(Debug, Clone, Copy)]
struct Pieces {
    range: Range,
    flags: Flags,
    /// Bytes of a piece.
    size: u64,
    /// From one piece to the next in the host.
    stride: u64,
    /// Bytes of all pieces and gaps.
    host_length: usize,
}

impl Pieces {
    /// `chunk` 0: one piece. `None`: more than an address space holds.
    fn new(range: Range, flags: Flags, chunk: u64) -> Option<Self> {
        let length = range.saturating_length();
        if chunk == 0 || chunk >= length {
            let host_length = usize::try_from(length).ok()?;
            return Some(Self { range, flags, size: length, stride: 0, host_length });
        }
        // Pieces that could be large pages of the host stay so.
        let gap = if chunk.is_multiple_of(LARGE_PAGE) { LARGE_PAGE } else { PAGE };
        let stride = chunk.checked_add(gap)?;
        let host_length = length.div_ceil(chunk).checked_mul(stride)?;
        let host_length = usize::try_from(host_length).ok()?;
        Some(Self { range, flags, size: chunk, stride, host_length })
    }

    fn regions(self, host: u64) -> impl Iterator<Item = Region> {
        let mut next = Some((self.range.first(), host));
        core::iter::from_fn(move || {
            let (first, host) = next?;
            let rest = Range::from_ends(first, self.range.last())?;
            let piece = Range::from_length(first, self.size).unwrap_or(rest);
            let range = piece.intersection(&rest)?;
            next = range.last().next().map(|first| (first, host.wrapping_add(self.stride)));
            let flags = self.flags | Flags::BACKED;
            Some(Region { range, flags, cookie: 0, vdev: Vdev(0), host })
        })
    }
}
