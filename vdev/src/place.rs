//! The place of a vdev: the option `loc`, the search for a free range, and the region.

#![forbid(unsafe_code)]

use super::instance::Instance;
use core::ptr;
use gasp_abi::{
    QSL_NO_LOCATION, gasp_region, gasp_region_flags as grf, gasp_span, qvm_state_block,
    qvm_state_types as qst, vdev_factory_flags as vff,
};
use gasp_safe::{Guest, PAGE_SIZE, Space, flags};
use gasp_text::{Place, Position, place};

/// The texts of options are not in a file.
const NOWHERE: Position = Position { line: 1, column: 1 };

/// Whether a location without a prefix is at ports: in the space that the vdev has chosen in
/// `VDEV_CTRL_OPTIONS_START`, if it can be there, else in the first in which it can be.
fn is_at_ports(vdev: &Instance) -> bool {
    let factory = vdev.factory();
    let (memory, ports) = (factory.can_be(vff::VFF_VDEV_MEM), factory.can_be(vff::VFF_VDEV_X86_IO));
    match Space::of(vdev.block().r#type) {
        Some(Space::Memory) if memory => false,
        Some(Space::Ports) if ports => true,
        _ => ports && !memory,
    }
}

/// Reads the location of a vdev: the value of `loc`.
pub(crate) fn read(vdev: &Instance, value: &str) -> Result<Place, String> {
    let has_prefix = value.contains(':');
    let prefix = if !has_prefix && is_at_ports(vdev) { "io:" } else { "" };
    place(&format!("{prefix}{value}"), NOWHERE).map_err(|error| error.message)
}

/// Puts a vdev at the place of `loc`.
pub(crate) fn put(vdev: &Instance, place: Place) -> Result<(), String> {
    let factory = vdev.factory();
    if factory.has(vff::VFF_LOC_NO) {
        return Err("takes no location".into());
    }
    let (space, flag, kind, location) = match place {
        Place::Memory(location) => (Space::Memory, vff::VFF_VDEV_MEM, "in memory", location),
        Place::Ports(location) => (Space::Ports, vff::VFF_VDEV_X86_IO, "at ports", location),
    };
    if !factory.can_be(flag) {
        return Err(format!("cannot be {kind}"));
    }
    let mut block = vdev.block();
    (block.r#type, block.location) = (space as u16, location);
    vdev.set_block(block);
    Ok(())
}

/// Creates the region of a vdev that has a place, unless the vdev does that itself.
pub(crate) fn settle_if_placed(guest: &Guest, vdev: &Instance) -> Result<bool, String> {
    if vdev.block().location == QSL_NO_LOCATION {
        return Ok(false);
    }
    settle(guest, vdev).map(|()| true)
}

/// Finds a place for a vdev that needs one, and creates its region unless the vdev does that
/// itself.
pub(crate) fn settle(guest: &Guest, vdev: &Instance) -> Result<(), String> {
    let Some(space) = space(vdev)? else { return Ok(()) };
    find_place(guest, vdev, space)?;
    let is_manual = vdev.factory().has(vff::VFF_MANUAL_REGION);
    if is_manual { Ok(()) } else { make_region(guest, vdev, space) }
}

/// The space of a vdev; `None` if it has no place, or chooses one later.
fn space(vdev: &Instance) -> Result<Option<Space>, String> {
    let (factory, block) = (vdev.factory(), vdev.block());
    let is_later = block.r#type == qst::QST_NO_TYPE as u16 || block.length == 0;
    if factory.has(vff::VFF_LOC_NO) || is_later && factory.has(vff::VFF_MANUAL_REGION) {
        return Ok(None);
    }
    let r#type = block.r#type;
    let Some(space) = Space::of(r#type) else {
        return Err(if r#type == qst::QST_PCI as u16 {
            "is a PCI device, and there is no PCI here".into()
        } else {
            format!("chose no place (the type in v_block is {type:#x})")
        });
    };
    if block.length == 0 {
        return Err("did not say how long its region is (v_block.length)".into());
    }
    Ok(Some(space))
}

/// Finds a place for a vdev that has none.
fn find_place(guest: &Guest, vdev: &Instance, space: Space) -> Result<(), String> {
    let mut block = vdev.block();
    // A vdev that creates its region itself also chooses its place itself.
    if block.location != QSL_NO_LOCATION || vdev.factory().has(vff::VFF_MANUAL_REGION) {
        return Ok(());
    }
    let length = u64::from(block.length);
    let align = length.next_power_of_two();
    let align = if space == Space::Memory { align.max(PAGE_SIZE) } else { align };
    block.location =
        guest.find_free(space, length, align).map_err(|error| format!("has no room: {error}"))?;
    vdev.set_block(block);
    Ok(())
}

/// Creates a region whose reads and writes call the vdev.
fn make_region(guest: &Guest, vdev: &Instance, space: Space) -> Result<(), String> {
    let block = vdev.block();
    let length = u64::from(block.length);
    // A length is not 0.
    let last =
        block.location.checked_add(length.saturating_sub(1)).filter(|last| *last <= space.last());
    let Some(last) = last else {
        return Err(format!(
            "goes past the end of its space ({length:#x} from {:#x})",
            block.location
        ));
    };
    if let Some(other) = guest.next(space, block.location).filter(|span| span.location <= last) {
        return Err(format!(
            "is at {:#x} to {last:#x}, where {:#x} to {:#x} is in the way",
            block.location, other.location, other.last
        ));
    }
    let region = gasp_region {
        flags: flags([grf::GRF_VIRT_RD, grf::GRF_VIRT_WR]),
        cookie: 0,
        vdev: vdev.pointer(),
        host_location: 0,
        guest: block,
    };
    guest.set(&[region]).map_err(|error| format!("cannot have its region: {error}"))?;
    vdev.set_region((space, block.location, last));
    Ok(())
}

/// Takes the regions of a vdev out of the map. Where they hide memory, the guest gets it back.
pub(crate) fn take_away(guest: &Guest, vdev: &Instance) {
    for space in [Space::Memory, Space::Ports] {
        let spans = guest.spans(space);
        for span in spans.iter().filter(|span| span.vdev == vdev.pointer()) {
            give_back(guest, space, span);
        }
    }
}

fn give_back(guest: &Guest, space: Space, span: &gasp_span) {
    let (mut location, left) = (span.location, span.last.saturating_sub(span.location));
    let mut left = Some(left);
    while let Some(rest) = left {
        // Of a length of 2^32 and more, as many pages as one element can have.
        const MOST: u64 = 0xffff_f000;
        let length = rest.saturating_add(1).min(MOST);
        let block = qvm_state_block {
            location,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            r#type: space as u16,
            flags: 0,
        };
        let is_memory = span.flags & flags([grf::GRF_MEMORY]) != 0;
        let wanted = if is_memory { grf::GRF_PASS_ANY } else { grf::GRF_NONE };
        let region = gasp_region {
            flags: flags([wanted]),
            cookie: 0,
            vdev: ptr::null_mut(),
            host_location: 0,
            guest: block,
        };
        // What cannot be taken away leads to no vdev from now on, so it is as if nothing were there.
        let _ = guest.set(&[region]);
        location = location.saturating_add(length);
        left = rest.checked_sub(length);
    }
}
