//! All that a vdev has: taken away in one change.

#![forbid(unsafe_code)]

use super::request::{Elements, SetOptions};
use super::state::Guest;
use crate::error::Error;
use crate::value::element::{Element, End};
use crate::value::flags::Flags;
use crate::value::kind::SpaceKind;
use crate::value::range::Location;
use crate::value::region::{Region, Vdev};

/// The regions of a vdev, as they were.
#[derive(Debug, Default)]
pub(crate) struct Released {
    /// Those of memory first, then those of ports.
    pub(crate) regions: Vec<Region>,
    /// How many are regions of ports.
    pub(crate) ports: usize,
}

/// The changes of a call that the library makes itself.
pub(super) struct Made {
    pub(super) elements: Vec<Element>,
    /// For messages.
    pub(super) name: &'static str,
}

impl Elements for Made {
    fn count(&self) -> u32 {
        u32::try_from(self.elements.len()).unwrap_or(u32::MAX)
    }

    fn get(&self, index: u32) -> Element {
        self.elements[index as usize]
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

impl Guest {
    /// Takes away all regions of a vdev, if there are no more than `room`.
    pub(crate) fn release(&self, vdev: Vdev, room: usize) -> Result<Released, Error> {
        self.listeners.refuse_inside()?;
        // With both locks held, the published maps stay as they are.
        let _held = [self.memory.hold()?, self.ports.hold()?];
        let released = self.regions_of(vdev)?;
        let needed = released.regions.len();
        if needed > room {
            return Err(Error::NoRoom { needed, room });
        }
        if needed == 0 {
            return Ok(released);
        }
        let elements = self.changes(&released)?;
        let changes = Ok(Made { elements, name: "regions of the vdev" });
        let options = SetOptions {
            all_or_nothing: true,
            overrides: true,
            any_ranges: true,
            ..SetOptions::default()
        };
        self.set_as(changes, options).result.map_err(|refusal| refusal.error)?;
        Ok(released)
    }

    fn regions_of(&self, vdev: Vdev) -> Result<Released, Error> {
        let mut released = Released::default();
        for kind in SpaceKind::ALL {
            let before = released.regions.len();
            let mut from = Some(Location::ZERO);
            while let Some(region) = from.and_then(|from| self.map(kind).lookup_from(from)) {
                if region.vdev == vdev {
                    released.regions.try_reserve(1).map_err(|_| Error::NoMemory)?;
                    released.regions.push(region);
                }
                from = region.range.last().next();
            }
            released.ports = released.regions.len() - before;
        }
        Ok(released)
    }

    fn changes(&self, released: &Released) -> Result<Vec<Element>, Error> {
        let memory = released.regions.len() - released.ports;
        let mut changes = Vec::new();
        changes.try_reserve_exact(released.regions.len()).map_err(|_| Error::NoMemory)?;
        for (index, region) in released.regions.iter().enumerate() {
            let kind = if index < memory { SpaceKind::Memory } else { SpaceKind::Ports };
            let flags =
                if self.is_only_trapped(region) { region.flags.restored().bits() } else { 0 };
            changes.push(Element {
                kind: kind.to_type().into(),
                location: region.range.first().get(),
                end: End::Last(region.range.last().get()),
                flags,
                cookie: 0,
                vdev: Vdev(0),
                host: region.host,
            });
        }
        Ok(changes)
    }

    /// Whether a region is memory of the guest that passed before it was trapped. Other memory may
    /// go with the vdev that supplied it.
    fn is_only_trapped(&self, region: &Region) -> bool {
        let length = region.range.saturating_length();
        region.flags.has_any(Flags::MEMORY)
            && region.flags.restored() != Flags::NONE
            && self.file_of(region.host, length).is_some()
    }
}
