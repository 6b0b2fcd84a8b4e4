//! The interrupts of which a host wants to know when the guest unmasks or acknowledges them.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use gasp_abi::{gasp_intr_function_t, guest_intr};
use std::sync::RwLock;

/// The inputs that a host watches.
#[derive(Debug, Default)]
pub(crate) struct Watches(RwLock<Vec<Watch>>);

/// A host's function for an input of a controller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    /// The address of the controller's vdev.
    pub(crate) controller: usize,
    /// The interrupt's parameter and source, as the host gave them.
    pub(crate) param: u32,
    pub(crate) src_id: u32,
    /// The number of the input.
    pub(crate) input: u32,
    /// GIN_*.
    pub(crate) events: u32,
    pub(crate) function: gasp_intr_function_t,
    pub(crate) arg: usize,
}

impl Watch {
    fn is_for(&self, controller: usize, input: u32) -> bool {
        (self.controller, self.input) == (controller, input)
    }

    /// The interrupt, for C.
    pub(crate) fn interrupt(&self) -> guest_intr {
        let pic = core::ptr::with_exposed_provenance_mut(self.controller);
        guest_intr { pic, param: self.param, src_id: self.src_id }
    }
}

impl Watches {
    /// Watches an input; without events, no longer.
    pub(crate) fn set(&self, watch: Watch) {
        let mut watches = unpoisoned(self.0.write());
        watches.retain(|other| !other.is_for(watch.controller, watch.input));
        if watch.events != 0 {
            watches.push(watch);
        }
    }

    /// The watch of an input for one of these events.
    pub(crate) fn find(&self, controller: usize, input: u32, events: u32) -> Option<Watch> {
        let watches = unpoisoned(self.0.read());
        let wanted = |watch: &&Watch| watch.is_for(controller, input) && watch.events & events != 0;
        watches.iter().find(wanted).copied()
    }
}
