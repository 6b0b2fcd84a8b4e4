//! Memory that is removed: deleted, and freed when nobody can use it any more.

#![forbid(unsafe_code)]

use super::backing::pieces_behind;
use super::release::Made;
use super::request::SetOptions;
use super::state::Guest;
use crate::error::Error;
use crate::value::element::Element;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

impl Guest {
    /// Removes a range of memory that was added. Returns the number of the removal, if there is
    /// memory that no region has behind it any more.
    pub(crate) fn remove_memory(&self, location: u64, length: u64) -> Result<Option<u64>, Error> {
        let range = SpaceKind::Memory.range(location, length)?;
        if !range.is_whole_pages() {
            return Err(Error::UnalignedChunks);
        }
        self.listeners.refuse_inside()?;
        let _held = self.memory.hold()?;
        let pieces = self.memory.map.snapshot(|map| pieces_behind(map, &range))?;
        let given =
            |piece: &&Region| self.file_of(piece.host, piece.range.saturating_length()).is_some();
        if let Some(other) = pieces.iter().find(|piece| !given(piece)) {
            return Err(Error::NoFile(other.range.first()));
        }
        self.delete(&range)?;
        let any = |wanted: &dyn Fn(&Region) -> bool| self.any_region(wanted);
        Ok(self.memories.lock().remove(&pieces, any))
    }

    /// Deletes a range of memory, whoever has it.
    fn delete(&self, range: &Range) -> Result<(), Error> {
        let mut elements = Vec::new();
        elements.try_reserve_exact(1).map_err(|_| Error::NoMemory)?;
        elements.push(Element::deletion(SpaceKind::Memory, range));
        let (overrides, any_ranges) = (true, true);
        let options = SetOptions { overrides, any_ranges, ..SetOptions::default() };
        let changes = Ok(Made { elements, name: "memory" });
        self.set_as(changes, options).result.map_err(|refusal| refusal.error)
    }

    /// Whether some region of memory is wanted. The caller holds the lock.
    fn any_region(&self, wanted: &dyn Fn(&Region) -> bool) -> bool {
        let first = self.memory.map.lookup_from(Location::ZERO);
        let next = |region: &Region| self.memory.map.lookup_from(region.range.last().next()?);
        core::iter::successors(first, next).any(|region| wanted(&region))
    }

    /// Makes a use of guest memory, from the lookup to the last byte.
    pub(super) fn while_kept<T>(&self, with: impl FnOnce() -> T) -> T {
        let (result, pending) = self.copying.during(with);
        if pending {
            self.free_unused();
        }
        result
    }

    /// No access can use any more what was removed up to a turn.
    pub(crate) fn removal_is_quiet(&self, turn: u64) {
        self.memories.lock().are_quiet(turn);
        self.free_unused();
    }

    /// Frees removed memory that nobody uses.
    #[cold]
    pub(super) fn free_unused(&self) {
        self.copying.free(|| self.memories.lock().take_unused());
    }
}
