//! The list of a guest's mappings that are not unmapped yet.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sys::mapping::Mapping;
use crate::value::range::Location;
use crate::value::region::Vdev;
use core::ptr::with_exposed_provenance_mut;
use gasp_abi::gasp_mapping;

/// A mapping that was returned to a caller and not unmapped yet.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) address: u64,
    /// In bytes.
    pub(super) length: u64,
    /// Where it starts in the guest.
    pub(super) location: Location,
    /// The vdev for which the thread acted that asked for it.
    pub(super) vdev: Vdev,
    /// Whether `address` is in memory of the guest, which has to stay.
    pub(super) keeps_memory: bool,
    /// The separate view; `None`: the mapping is a host address of the memory.
    pub(super) _view: Option<Mapping>,
}

/// Mappings by their numbers, which ascend, so that a caller can go on where it stopped, whatever
/// was unmapped meanwhile.
#[derive(Debug, Default)]
pub(super) struct Mappings {
    list: Vec<(u64, Mapped)>,
    /// The number that was given last.
    last: u64,
}

impl Mappings {
    /// Adds a mapping.
    pub(super) fn add(&mut self, mapped: Mapped) -> Result<(), Error> {
        self.list.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.last += 1;
        self.list.push((self.last, mapped));
        Ok(())
    }

    /// Takes out the oldest mapping with this address and length, one of `vdev` before others.
    pub(super) fn remove(&mut self, address: u64, length: u64, vdev: Vdev) -> Option<Mapped> {
        let same = |one: &Mapped| one.address == address && one.length == length;
        let own = self.list.iter().position(|(_, one)| same(one) && one.vdev == vdev);
        let place = own.or_else(|| self.list.iter().position(|(_, one)| same(one)))?;
        Some(self.list.remove(place).1)
    }

    /// The first mapping whose number is above `number`, with its number.
    pub(super) fn after(&self, number: u64) -> Option<gasp_mapping> {
        let place = self.list.partition_point(|(other, _)| *other <= number);
        self.list.get(place).map(|(number, mapped)| mapped.to_c(*number))
    }
}

impl Mapped {
    fn to_c(&self, number: u64) -> gasp_mapping {
        gasp_mapping {
            number,
            address: with_exposed_provenance_mut(usize::try_from(self.address).unwrap_or(0)),
            length: self.length,
            location: self.location.get(),
            vdev: self.vdev.to_c(),
        }
    }
}
