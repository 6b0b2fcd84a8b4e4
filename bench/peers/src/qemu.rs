//! The shape of QEMU's memory dispatch: sections in an array, found through a radix tree, with or
//! without the one most recently used section that all readers share. Every change renders the
//! flat view, the sections and the tree again and publishes them by one pointer.
//!
//! A reader costs what it costs QEMU under RCU: a plain load of that pointer. There is no grace
//! period here: the old view is freed at once, so the driver never changes such a map while
//! others look things up.

#![allow(unsafe_code)]

use crate::export::{Peer, export};
use crate::flat;
use crate::radix::{Radix, UNASSIGNED};
use crate::run::{Attrs, Run};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use gasp_abi::gasp_region;
use std::sync::{Mutex, PoisonError};

/// The state that `published` points to.
struct Dispatch {
    /// Section 0 stands for all that is not mapped.
    sections: Vec<Run>,
    tree: Radix,
    /// The section that was found last, by any reader.
    recent: AtomicU32,
}

impl Dispatch {
    fn render(view: &[Run]) -> Self {
        let nowhere = Attrs { flags: 0, cookie: 0, vdev: 0, bias: 0 };
        let unassigned = Run { start: 1, last: 0, attrs: nowhere };
        let mut sections = Vec::with_capacity(view.len() + 1);
        sections.push(unassigned);
        let mut tree = Radix::new();
        for run in view {
            let number = u32::try_from(sections.len()).expect("fewer than 2^26 sections");
            sections.push(*run);
            tree.map(run.start, run.last, number);
        }
        tree.compact();
        Self { sections, tree, recent: AtomicU32::new(UNASSIGNED) }
    }

    /// The section, if it holds the location.
    #[inline(always)]
    fn covering(&self, number: u32, location: u64) -> Option<(u64, Attrs)> {
        // SAFETY: the tree and `recent` carry numbers of sections of this dispatch only.
        let section = unsafe { self.sections.get_unchecked(number as usize) };
        let holds = section.start <= location && location <= section.last;
        holds.then_some((section.last, section.attrs))
    }
}

/// A map, with its shared recent section or without.
struct Qemu<const RECENT: bool> {
    view: Mutex<Vec<Run>>,
    published: AtomicPtr<Dispatch>,
}

impl<const RECENT: bool> Default for Qemu<RECENT> {
    fn default() -> Self {
        let first = Box::into_raw(Box::new(Dispatch::render(&[])));
        Self { view: Mutex::default(), published: AtomicPtr::new(first) }
    }
}

impl<const RECENT: bool> Drop for Qemu<RECENT> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box, and this is the map's last use.
        drop(unsafe { Box::from_raw(*self.published.get_mut()) });
    }
}

impl<const RECENT: bool> Peer for Qemu<RECENT> {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        // SAFETY: the published state lives until the next `set`, and none runs now (see the module).
        let dispatch = unsafe { &*self.published.load(Ordering::Acquire) };
        if RECENT {
            let recent = dispatch.recent.load(Ordering::Relaxed);
            if let Some(found) = dispatch.covering(recent, location) {
                return Some(found);
            }
        }
        let number = dispatch.tree.find(location);
        let found = dispatch.covering(number, location)?;
        if RECENT {
            dispatch.recent.store(number, Ordering::Relaxed);
        }
        Some(found)
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        flat::apply(&mut view, elements);
        let next = Box::into_raw(Box::new(Dispatch::render(&view)));
        let old = self.published.swap(next, Ordering::AcqRel);
        debug_assert_ne!(old, ptr::null_mut());
        // SAFETY: it came from a box, and no reader runs now (see the module).
        drop(unsafe { Box::from_raw(old) });
    }
}

mod shared {
    use super::{Qemu, export};
    export!(Qemu<true> => peer_qemu_create, peer_qemu_destroy, peer_qemu_set, peer_qemu_info);
}

mod bare {
    use super::{Qemu, export};
    export!(Qemu<false> => peer_qemu_bare_create, peer_qemu_bare_destroy,
            peer_qemu_bare_set, peer_qemu_bare_info);
}
