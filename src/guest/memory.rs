//! Guest memory: giving it to the guest, and the host's own view of it.

#![forbid(unsafe_code)]

use super::Guest;
use crate::abi::host::{GASP_RAM, GASP_ROM};
use crate::error::Error;
use crate::flags::Flags;
use crate::range::{Location, PAGE, Range};
use crate::region::{Region, Vdev};
use crate::space::Kind;
use crate::sys::mapping::Mapping;

pub(crate) use crate::sys::bytes::Buffer;

impl Guest {
    /// Gives the guest memory, in pieces of `chunk` bytes that are not adjacent in the host.
    pub(crate) fn add_memory(
        &self,
        location: u64,
        length: u64,
        kind: u32,
        chunk: u64,
    ) -> Result<(), Error> {
        let flags = match kind {
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
        let held = self.memory.lock.hold(Kind::Memory)?;
        let mut draft = self.memory.map.draft();
        let window = draft.window(&range);
        if let Some(region) = draft.regions(&window).next() {
            return Err(Error::Occupied(region));
        }
        let mapping = Mapping::shared(usize::try_from(length).map_err(|_| Error::NoMemory)?)?;
        let host = mapping.start().as_ptr().expose_provenance() as u64;
        let window = draft.window(&range.with_neighbours());
        let mut regions: Vec<Region> = Vec::new();
        let new = Pieces { range, flags, host, chunk };
        let around: Vec<Region> = draft.regions(&window).collect();
        let (below, above) =
            around.into_iter().partition::<Vec<_>, _>(|one| one.range.last() < range.first());
        for region in below.into_iter().chain(new.regions()).chain(above) {
            if !region.append_to(&mut regions) {
                return Err(Error::NoMemory);
            }
        }
        let mut mappings = self.mappings.lock();
        mappings.try_reserve(1).map_err(|_| Error::NoMemory)?;
        draft.splice(&window, &regions)?;
        mappings.push(mapping);
        draft.commit();
        drop(held);
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
        let mut pieces = Vec::new();
        let mut next = Some(range.first());
        while let Some(at) = next.filter(|next| *next <= range.last()) {
            let region = self.memory.map.lookup(at).filter(Region::is_backed);
            let region = region.and_then(|region| region.cut(&range)).ok_or(Error::Unbacked(at))?;
            let part = region.cut(&Range::from_ends(at, range.last()).ok_or(Error::Unbacked(at))?);
            let part = part.ok_or(Error::Unbacked(at))?;
            pieces.try_reserve(1).map_err(|_| Error::NoMemory)?;
            pieces.push(part);
            next = part.range.last().next();
        }
        for piece in pieces {
            let start = piece.range.first().offset_from(range.first());
            action(piece.host, data.part(start, piece.range.saturating_length()));
        }
        Ok(())
    }
}

/// Memory of a guest, cut into pieces whose order in the host is the reverse of the guest's: no
/// two neighbours are adjacent there.
#[derive(Debug, Clone, Copy)]
struct Pieces {
    range: Range,
    flags: Flags,
    host: u64,
    /// 0: one piece.
    chunk: u64,
}

impl Pieces {
    fn regions(self) -> impl Iterator<Item = Region> {
        let mut next = Some(self.range.first());
        core::iter::from_fn(move || {
            let first = next.filter(|first| *first <= self.range.last())?;
            let region = self.region(first);
            next = region.range.last().next();
            Some(region)
        })
    }

    fn region(&self, first: Location) -> Region {
        let rest = Range::from_ends(first, self.range.last()).unwrap_or(self.range);
        let range = Range::from_length(first, self.chunk)
            .and_then(|piece| piece.intersection(&rest))
            .unwrap_or(rest);
        let above = self.range.last().offset_from(range.last());
        let host = self.host.wrapping_add(above);
        let flags = self.flags | Flags::BACKED;
        Region { range, flags, cookie: 0, vdev: Vdev(0), host }
    }
}
