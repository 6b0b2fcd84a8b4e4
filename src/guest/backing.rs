//! The memory behind a guest's locations: adding it, the host's reads and writes, and its files.

#![forbid(unsafe_code)]

use super::memory::{Chunks, InFile, Memory};
use super::state::Guest;
use super::transaction::Transaction;
use crate::error::Error;
use crate::map::Snapshot;
use crate::raw::bytes::Buffer;
use crate::raw::guarded::Vanished;
use crate::sys::host_file::HostFile;
use crate::value::flags::Flags;
use crate::value::kind::SpaceKind;
use crate::value::range::{PAGE, Range};
use crate::value::region::Region;
use gasp_abi::{GASP_LARGE_PAGES, GASP_POPULATE, GASP_RAM, GASP_ROM, gasp_backing};

impl Guest {
    /// Adds regions with new memory, in chunks of `chunk` bytes that are not adjacent in the host.
    pub(crate) fn add_memory(
        &self,
        location: u64,
        length: u64,
        kind: u32,
        chunk: u64,
    ) -> Result<(), Error> {
        let (range, flags) = self.room_for(location, length, kind, chunk)?;
        let chunks = Chunks::new(range, flags, chunk).ok_or(Error::NoMemory)?;
        let memory = Memory::new(chunks.host_length)?;
        self.add_regions(memory, kind, &range, chunks)
    }

    /// Adds a region with a part of a file of the host behind it.
    pub(crate) fn add_memory_of_file(
        &self,
        location: u64,
        length: u64,
        kind: u32,
        (file, offset): (i32, u64),
    ) -> Result<(), Error> {
        let (range, flags) = self.room_for(location, length, kind, offset)?;
        let chunks = Chunks::new(range, flags, 0).ok_or(Error::NoMemory)?;
        let file = HostFile::duplicate(file)?;
        let end = offset.checked_add(length);
        if end.is_none_or(|end| file.size.is_some_and(|size| end > size)) {
            return Err(Error::PastFile { offset, length });
        }
        let file = self.memories.lock().open(file)?;
        let memory = Memory::brought(file, offset, length);
        let memory = memory.inspect_err(|_| drop(self.memories.lock().close(file.descriptor)))?;
        self.add_regions(memory, kind, &range, chunks)
    }

    /// The range and the flags of memory that is to be added, if nothing is there.
    fn room_for(
        &self,
        location: u64,
        length: u64,
        kind: u32,
        unit: u64,
    ) -> Result<(Range, Flags), Error> {
        let flags = match kind & !(GASP_LARGE_PAGES | GASP_POPULATE) {
            GASP_RAM => Flags::RAM,
            GASP_ROM => Flags::ROM,
            _ => return Err(Error::Unknown { what: "kind of memory", bits: kind }),
        };
        let range = SpaceKind::Memory.range(location, length)?;
        if !range.is_whole_pages() || unit % PAGE != 0 {
            return Err(Error::UnalignedChunks);
        }
        Transaction::of_memory(self)?.check_vacant(&range)?;
        Ok((range, flags))
    }

    /// Adds the regions of memory. No lock is held while the memory is filled, which can take long.
    fn add_regions(
        &self,
        memory: Memory,
        kind: u32,
        range: &Range,
        chunks: Chunks,
    ) -> Result<(), Error> {
        let host = memory.start();
        if kind & GASP_LARGE_PAGES != 0 {
            memory.prefer_large_pages();
        }
        let populate = kind & GASP_POPULATE != 0;
        let filled = if populate { memory.populate(chunks.regions(host)) } else { Ok(()) };
        // Listeners may ask for the file, so the memory is in the list before they are notified.
        self.memories.lock().add(memory)?;
        let added = filled.and_then(|()| {
            let mut change = Transaction::of_memory(self)?;
            change.check_vacant(range)?;
            change.fill(range, chunks.regions(host))?;
            change.finish()
        });
        added.inspect_err(|_| {
            let freed = self.memories.lock().take_back(host);
            drop(freed);
        })
    }

    /// Reads the memory behind a range; all or nothing, unless host memory is not there.
    pub(crate) fn read_memory(&self, location: u64, data: Buffer) -> Result<(), Error> {
        self.each_piece(location, data, |host, piece| {
            if self.guarded {
                return piece.fill_from_guarded(host);
            }
            piece.fill_from(host);
            Ok(())
        })
    }

    /// Writes the memory behind a range; all or nothing, unless host memory is not there.
    pub(crate) fn write_memory(&self, location: u64, data: Buffer) -> Result<(), Error> {
        self.each_piece(location, data, |host, piece| {
            if self.guarded {
                return piece.copy_to_guarded(host);
            }
            piece.copy_to(host);
            Ok(())
        })
    }

    /// Reads or writes the memory behind a range, as the kind of access says.
    pub(crate) fn copy_memory(
        &self,
        write: bool,
        location: u64,
        data: Buffer,
    ) -> Result<(), Error> {
        if write { self.write_memory(location, data) } else { self.read_memory(location, data) }
    }

    /// Calls `action` with each contiguous piece of host memory behind a range and its part of
    /// `data`, until it fails. If some location is not backed, `action` is not called at all.
    fn each_piece(
        &self,
        location: u64,
        data: Buffer,
        action: impl Fn(u64, Buffer) -> Result<(), Vanished>,
    ) -> Result<(), Error> {
        if data.len() == 0 {
            return Ok(());
        }
        let range = SpaceKind::Memory.range(location, data.len() as u64)?;
        self.while_kept(|| {
            let pieces = self.memory.map.snapshot(|map| pieces_behind(map, &range))?;
            for piece in pieces {
                let part = |of: &Range| {
                    data.part(of.first().offset_from(range.first()), of.saturating_length())
                };
                if action(piece.host, part(&piece.range)).is_err() {
                    by_pages(&piece, |page| action(piece.host_at(page.first()), part(page)))?;
                }
            }
            Ok(())
        })
    }

    /// The file behind a location.
    pub(crate) fn backing(&self, location: u64) -> Result<gasp_backing, Error> {
        let at = SpaceKind::Memory.range(location, 1)?.first();
        let region = self.memory.map.lookup(at).filter(Region::is_backed);
        let region = region.ok_or(Error::Unbacked(at))?;
        let rest = Range::from_ends(at, region.range.last()).unwrap_or(region.range);
        let place = self.file_at(region.host_at(at)).ok_or(Error::NoFile(at))?;
        // The host can let a region run past the end of the file.
        let length = rest.saturating_length().min(place.rest);
        Ok(gasp_backing { fd: place.file, offset: place.offset, length })
    }

    /// The file and the offset of a host address, if it holds the `length` bytes from there.
    pub(super) fn file_of(&self, host: u64, length: u64) -> Option<(i32, u64)> {
        let place = self.file_at(host).filter(|place| length <= place.rest)?;
        Some((place.file, place.offset))
    }

    pub(super) fn file_at(&self, host: u64) -> Option<InFile> {
        self.memories.lock().file_at(host)
    }
}

/// Copies a piece once more, page by page, because host memory comes and goes by pages: the error
/// begins with the first location whose memory is not there.
#[cold]
fn by_pages(piece: &Region, copy: impl Fn(&Range) -> Result<(), Vanished>) -> Result<(), Error> {
    let mut rest = Some(piece.range);
    while let Some(now) = rest {
        let next = now.first().next().and_then(|second| second.align_up(PAGE));
        let page = next.and_then(|next| now.below(next)).unwrap_or(now);
        copy(&page).map_err(|Vanished| Error::Vanished(now))?;
        rest = now.above(page.last());
    }
    Ok(())
}

/// The memory behind a range, in contiguous pieces.
pub(super) fn pieces_behind(map: &Snapshot<'_>, range: &Range) -> Result<Vec<Region>, Error> {
    let mut pieces = Vec::new();
    let mut rest = Some(*range);
    while let Some(now) = rest {
        let region = map.lookup(now.first()).filter(Region::is_backed);
        let piece = region.ok_or(Error::Unbacked(now.first()))?.view(&now);
        pieces.try_reserve(1).map_err(|_| Error::NoMemory)?;
        pieces.push(piece);
        rest = now.above(piece.range.last());
    }
    Ok(pieces)
}
