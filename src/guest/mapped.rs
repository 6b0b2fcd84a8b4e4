//! Guest memory mapped for devices and firmware: one pointer for what is one range to the guest.

#![forbid(unsafe_code)]

use super::Guest;
use crate::error::Error;
use crate::space::Kind;
use crate::sys::mapping::Mapping;
use crate::value::flags::Flags;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::Region;
use gasp_abi::{GMF_MAP_ANY, gasp_backing};

/// What `prot` can have.
const PROT_ALL: i32 = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;

/// What somebody asked for, and has not given back.
#[derive(Debug)]
pub(super) struct View {
    address: u64,
    length: u64,
    /// A mapping of its own; `None`: the memory itself.
    _mapping: Option<Mapping>,
}

/// The rights that somebody asks for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// `PROT_*`
    access: i32,
    /// Flags that every region needs.
    passing: Flags,
    /// Memory that is not GRF_MEMORY will do.
    any: bool,
}

impl Wanted {
    fn new(prot: i32) -> Result<Self, Error> {
        let bits = prot.cast_unsigned();
        let access = (bits & !GMF_MAP_ANY).cast_signed();
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
        let wanted = Wanted::new(prot)?;
        let range = Kind::Memory.range(location, length as u64)?;
        let pieces = self.map_at_once(&range)?;
        pieces.iter().try_for_each(|piece| wanted.check(piece))?;
        let first = pieces.first().ok_or(Error::NotMappable(range.first()))?;
        let together =
            pieces.windows(2).all(|two| two[0].host_at(two[1].range.first()) == two[1].host);
        if together {
            return self.map_one(&wanted, &range, first);
        }
        self.map_side_by_side(&wanted, &range, &pieces)
    }

    /// Maps as much of a range as is contiguous in the host; the address here, and how much.
    pub(crate) fn map_contiguous(
        &self,
        prot: i32,
        location: u64,
        length: usize,
    ) -> Result<(u64, usize), Error> {
        let wanted = Wanted::new(prot)?;
        let range = Kind::Memory.range(location, length as u64)?;
        let pieces = self.memory().at_once(|| self.pieces_up_to_obstacle(&range))?;
        let mut length = 0u64;
        let mut host = None;
        for piece in &pieces {
            let start = *host.get_or_insert(piece.host);
            let follows = start.wrapping_add(length) == piece.host;
            match wanted.check(piece) {
                Ok(()) if follows => length += piece.range.saturating_length(),
                Err(error) if length == 0 => return Err(error),
                _ => break,
            }
        }
        let first = pieces.first().ok_or(Error::NotMappable(range.first()))?;
        let mapped = Range::from_length(range.first(), length).unwrap_or(range);
        let address = self.map_one(&wanted, &mapped, first)?;
        Ok((address, usize::try_from(length).map_err(|_| Error::NoMemory)?))
    }

    /// Maps what is contiguous in the host from `first` on: it is there already, unless it is to
    /// be executed and its mapping has not that right.
    fn map_one(&self, wanted: &Wanted, range: &Range, first: &Region) -> Result<u64, Error> {
        let length = range.saturating_length();
        let is_given = self.file_of(first.host, length).is_some();
        if wanted.access & libc::PROT_EXEC != 0 && is_given {
            let whole = Region { range: *range, ..*first };
            return self.map_side_by_side(wanted, range, &[whole]);
        }
        self.keep(first.host, length, None)
    }

    /// Gives back what a map function gave.
    pub(crate) fn unmap_memory(&self, address: u64, length: usize) -> Result<(), Error> {
        let mut views = self.views.lock();
        let same = |view: &View| view.address == address && view.length == length as u64;
        let place = views.iter().position(same).ok_or(Error::NotMapped)?;
        let view = views.swap_remove(place);
        drop(views);
        drop(view);
        Ok(())
    }

    /// Where the memory behind a location came from.
    pub(crate) fn backing(&self, location: u64) -> Result<gasp_backing, Error> {
        let at = Kind::Memory.range(location, 1)?.first();
        let region = self.memory().lookup(at).filter(Region::is_backed);
        let region = region.ok_or(Error::Unbacked(at))?;
        let rest = Range::from_ends(at, region.range.last()).unwrap_or(region.range);
        let length = rest.saturating_length();
        let (fd, offset) = self.file_of(region.host_at(at), length).ok_or(Error::NoFile(at))?;
        Ok(gasp_backing { fd, offset, length })
    }

    fn map_at_once(&self, range: &Range) -> Result<Vec<Region>, Error> {
        let pieces = self.memory().at_once(|| self.pieces_behind(range));
        pieces.map_err(|error| match error {
            Error::Unbacked(location) => Error::NotMappable(location),
            other => other,
        })
    }

    /// The backed pieces of a range, up to the first location that is not backed.
    fn pieces_up_to_obstacle(&self, range: &Range) -> Result<Vec<Region>, Error> {
        let backed = |end: Location| Range::from_ends(range.first(), end);
        match self.pieces_behind(range) {
            Err(Error::Unbacked(location)) => {
                let part = location.previous().and_then(backed);
                let part = part.ok_or(Error::NotMappable(range.first()))?;
                self.pieces_behind(&part)
            }
            other => other,
        }
    }

    fn file_of(&self, host: u64, length: u64) -> Option<(i32, u64)> {
        self.memories.lock().iter().find_map(|memory| memory.file_of(host, length))
    }

    /// Maps the pages of a range again, next to each other.
    fn map_side_by_side(
        &self,
        wanted: &Wanted,
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
            mapping.place(at, length, file, offset, wanted.access)?;
        }
        let address = mapping.start().as_ptr().expose_provenance() as u64 + skipped;
        self.keep(address, range.saturating_length(), Some(mapping))
    }

    fn keep(&self, address: u64, length: u64, mapping: Option<Mapping>) -> Result<u64, Error> {
        let mut views = self.views.lock();
        views.try_reserve(1).map_err(|_| Error::NoMemory)?;
        views.push(View { address, length, _mapping: mapping });
        Ok(address)
    }
}
