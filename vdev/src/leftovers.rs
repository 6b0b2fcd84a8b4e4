//! What a vdev has not given back at its end: regions and mappings.

#![allow(unsafe_code)]

use crate::acting::Mark;
use crate::instance::Instance;
use crate::log;
use core::mem::MaybeUninit;
use core::ptr;
use gasp_abi::{gasp_mapping, guest_system};
use gasp_safe::{Guest, Space};

/// The most lines of each kind for a vdev.
const LINES: usize = 10;

/// Lists the regions of a vdev but for the one that the library made.
pub(crate) fn list_regions(guest: &Guest, vdev: &Instance) {
    let made = vdev.region();
    let mut texts = Vec::new();
    for (space, at) in [(Space::Memory, "mem"), (Space::Ports, "io")] {
        let of_vdev = guest.spans(space).into_iter().filter(|span| span.vdev == vdev.pointer());
        for span in of_vdev {
            let is_made = made.is_some_and(|(in_space, first, last)| {
                in_space == space && first <= span.location && span.last <= last
            });
            if !is_made {
                let length = u128::from(span.last.saturating_sub(span.location)).saturating_add(1);
                texts.push(format!("a region of {length:#x} bytes at {at}:{:#x}", span.location));
            }
        }
    }
    list(vdev, &texts);
}

/// Lists the mappings of a vdev, and ends them. No function of the vdev runs.
pub(crate) fn end_mappings(guest: &Guest, vdev: &Instance) {
    let handle = guest.handle();
    let mappings: Vec<_> = mappings(handle).filter(|one| one.vdev == vdev.pointer()).collect();
    let text = |one: &gasp_mapping| {
        format!("{:#x} bytes of memory from {:#x} mapped", one.length, one.location)
    };
    list(vdev, &mappings.iter().map(text).collect::<Vec<_>>());
    // Of several mappings at one address, a vdev ends its own.
    let mark = Mark::set(vdev.pointer(), ptr::null());
    for one in mappings {
        // SAFETY: a mapping that its vdev uses no more.
        unsafe {
            gasp_abi::gasp_unmap(handle, one.address, usize::try_from(one.length).unwrap_or(0), 0)
        };
    }
    mark.remove();
}

/// All mappings of a guest.
fn mappings(guest: *mut guest_system) -> impl Iterator<Item = gasp_mapping> {
    let mut after = 0;
    core::iter::from_fn(move || {
        let mut mapping = MaybeUninit::uninit();
        // SAFETY: a guest, and a structure that can be written.
        match unsafe { gasp_abi::gasp_guest_next_mapping(guest, after, mapping.as_mut_ptr()) } {
            0 => {
                // SAFETY: the call has filled it.
                let mapping: gasp_mapping = unsafe { mapping.assume_init() };
                after = mapping.number;
                Some(mapping)
            }
            _ => None,
        }
    })
}

fn list(vdev: &Instance, texts: &[String]) {
    let host = &vdev.shared().host;
    for text in texts.iter().take(LINES) {
        log::warn(host, vdev.pointer(), &format!("ends, and leaves {text}"));
    }
    let more = texts.len().saturating_sub(LINES);
    if more != 0 {
        log::warn(host, vdev.pointer(), &format!("ends, and leaves {more} more of these"));
    }
}
