//! Mappings of guest memory for devices and firmware: one pointer for one range of the guest.

#![forbid(unsafe_code)]

use super::backing::pieces_behind;
use super::mapped::Mapped;
use super::state::Guest;
use crate::error::Error;
use crate::map::Snapshot;
use crate::sys::acting;
use crate::sys::mapping::Mapping;
use crate::value::flags::Flags;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::{Region, Vdev};
use gasp_abi::{GMF_MAP_ANY, gasp_mapping};

/// The valid rights of `prot`.
const PROT_ALL: i32 = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;

/// The rights that a mapping asks for.
#[derive(Debug, Clone, Copy)]
struct Rights {
    /// `PROT_*`
    access: i32,
    /// Flags that every region must have.
    passing: Flags,
    /// Whether memory without `GRF_MEMORY` can be mapped.
    any: bool,
}

impl Rights {
    fn new(prot: i32) -> Result<Self, Error> {
        let bits = u32::from_ne_bytes(prot.to_ne_bytes());
        let access = i32::from_ne_bytes((bits & !GMF_MAP_ANY).to_ne_bytes());
        if access == 0 || access & !PROT_ALL != 0 {
            return Err(Error::Unknown { what: "prot", bits });
        }
        let right = |bit, flag| if access & bit != 0 { flag } else { Flags::NONE };
        let passing = right(libc::PROT_READ, Flags::PASS_RD)
            | right(libc::PROT_WRITE, Flags::PASS_WR)
            | right(libc::PROT_EXEC, Flags::PASS_EX);
        Ok(Self { access, passing, any: bits & GMF_MAP_ANY != 0 })
    }

    fn check(&self, region: &Region) -> Result<(), Error> {
        let mappable = region.flags.has_any(Flags::PASS_ANY)
            && (self.any || region.flags.has_any(Flags::MEMORY))
            && !region.flags.has_any(Flags::VIRT_ANY);
        if !mappable {
            return Err(Error::NotMappable(region.range.first()));
        }
        if region.flags.has_all(self.passing) { Ok(()) } else { Err(Error::NoRights(*region)) }
    }
}

impl Guest {
    /// Maps a range for this process.
    pub(crate) fn map_memory(&self, prot: i32, location: u64, length: usize) -> Result<u64, Error> {
        let rights = Rights::new(prot)?;
        let range = SpaceKind::Memory.range(location, length as u64)?;
        self.while_kept(|| self.map_range(&rights, range))
    }

    fn map_range(&self, rights: &Rights, range: Range) -> Result<u64, Error> {
        let pieces = self.mappable_pieces(&range)?;
        pieces.iter().try_for_each(|piece| rights.check(piece))?;
        let first = pieces.first().ok_or(Error::NotMappable(range.first()))?;
        let together =
            pieces.windows(2).all(|two| two[0].host_at(two[1].range.first()) == two[1].host);
        if together {
            return self.map_one(rights, &range, first);
        }
        self.map_side_by_side(rights, &range, &pieces)
    }

    /// Maps the first part of a range that is contiguous in the host. Returns its address and
    /// length.
    pub(crate) fn map_contiguous(
        &self,
        prot: i32,
        location: u64,
        length: usize,
    ) -> Result<(u64, usize), Error> {
        let rights = Rights::new(prot)?;
        let range = SpaceKind::Memory.range(location, length as u64)?;
        self.while_kept(|| self.map_start_of(&rights, range))
    }

    fn map_start_of(&self, rights: &Rights, range: Range) -> Result<(u64, usize), Error> {
        let pieces = self.memory.map.snapshot(|map| pieces_up_to_obstacle(map, &range))?;
        let mut length = 0u64;
        let mut host = None;
        for piece in &pieces {
            let start = *host.get_or_insert(piece.host);
            let follows = start.wrapping_add(length) == piece.host;
            match rights.check(piece) {
                Ok(()) if follows => length += piece.range.saturating_length(),
                Err(error) if length == 0 => return Err(error),
                _ => break,
            }
        }
        let first = pieces.first().ok_or(Error::NotMappable(range.first()))?;
        let mapped = Range::from_length(range.first(), length).unwrap_or(range);
        let address = self.map_one(rights, &mapped, first)?;
        Ok((address, usize::try_from(length).map_err(|_| Error::NoMemory)?))
    }

    /// Maps a range that is contiguous in the host from `first` on. The result is the host address,
    /// except for `PROT_EXEC`: the first mapping of a guest's memory is not executable.
    fn map_one(&self, rights: &Rights, range: &Range, first: &Region) -> Result<u64, Error> {
        let length = range.saturating_length();
        let is_given = self.file_of(first.host, length).is_some();
        if rights.access & libc::PROT_EXEC != 0 && is_given {
            let whole = Region { range: *range, ..*first };
            return self.map_side_by_side(rights, range, &[whole]);
        }
        self.keep(first.host, range, None)
    }

    /// Ends a mapping.
    pub(crate) fn unmap_memory(&self, address: u64, length: usize) -> Result<(), Error> {
        let own = Vdev::from_c(acting::vdev());
        let mapped = self.mappings.lock().remove(address, length as u64, own);
        if mapped.ok_or(Error::NotMapped)?.keeps_memory {
            let unused = self.memories.lock().unmap(address);
            if unused {
                self.free_unused();
            }
        }
        Ok(())
    }

    /// The first mapping, in the order of their numbers, whose number is above `number`.
    pub(crate) fn next_mapping(&self, number: u64) -> Result<gasp_mapping, Error> {
        self.mappings.lock().after(number).ok_or(Error::NoMoreMappings(number))
    }

    fn mappable_pieces(&self, range: &Range) -> Result<Vec<Region>, Error> {
        let pieces = self.memory.map.snapshot(|map| pieces_behind(map, range));
        pieces.map_err(|error| match error {
            Error::Unbacked(location) => Error::NotMappable(location),
            other => other,
        })
    }

    /// Maps the pages of a range side by side into a separate view.
    fn map_side_by_side(
        &self,
        rights: &Rights,
        range: &Range,
        pieces: &[Region],
    ) -> Result<u64, Error> {
        let first = range.first().align_down(PAGE);
        let skipped = range.first().offset_from(first);
        let bytes = range.saturating_length().checked_add(skipped).ok_or(Error::NoMemory)?;
        let bytes = bytes.checked_next_multiple_of(PAGE).ok_or(Error::NoMemory)?;
        let mapping = Mapping::reserve(usize::try_from(bytes).map_err(|_| Error::NoMemory)?)?;
        for piece in pieces {
            let start = piece.range.first().align_down(PAGE);
            let before = piece.range.first().offset_from(start);
            let length = piece.range.saturating_length() + before;
            let host = piece.host.wrapping_sub(before);
            let file = self.file_of(host, length);
            let (file, offset) = file.ok_or(Error::CannotJoin(piece.range.first()))?;
            let size = |number: u64| usize::try_from(number).map_err(|_| Error::NoMemory);
            let at = size(start.offset_from(first))?;
            let length = size(length.next_multiple_of(PAGE))?;
            mapping.place(at, length, file, offset, rights.access)?;
        }
        let address = mapping.start().as_ptr().expose_provenance() as u64 + skipped;
        self.keep(address, range, Some(mapping))
    }

    /// Lists a mapping of `range`, and returns its address.
    fn keep(&self, address: u64, range: &Range, view: Option<Mapping>) -> Result<u64, Error> {
        let keeps_memory = view.is_none() && self.memories.lock().map(address);
        let kept = self.mappings.lock().add(Mapped {
            address,
            length: range.saturating_length(),
            location: range.first(),
            vdev: Vdev::from_c(acting::vdev()),
            keeps_memory,
            _view: view,
        });
        if kept.is_err() && keeps_memory {
            self.memories.lock().unmap(address);
        }
        kept.map(|()| address)
    }
}

/// The memory behind a range, in contiguous pieces, up to the first location that is not backed.
fn pieces_up_to_obstacle(map: &Snapshot<'_>, range: &Range) -> Result<Vec<Region>, Error> {
    let backed = |end: Location| Range::from_ends(range.first(), end);
    match pieces_behind(map, range) {
        Err(Error::Unbacked(location)) => {
            let part = location.previous().and_then(backed);
            pieces_behind(map, &part.ok_or(Error::NotMappable(range.first()))?)
        }
        other => other,
    }
}
