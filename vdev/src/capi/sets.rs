//! The sets of vdevs by their handles.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use crate::set::Vdevs;
use std::sync::{Arc, RwLock};

/// All sets that exist. The handle of a set is its address.
static SETS: RwLock<Vec<Arc<Vdevs>>> = RwLock::new(Vec::new());

/// Keeps a set, and returns its handle.
pub(super) fn keep(vdevs: Vdevs) -> usize {
    let vdevs = Arc::new(vdevs);
    let handle = address(&vdevs);
    unpoisoned(SETS.write()).push(vdevs);
    handle
}

/// The set with this handle.
pub(super) fn find(handle: usize) -> Option<Arc<Vdevs>> {
    unpoisoned(SETS.read()).iter().find(|vdevs| address(vdevs) == handle).map(Arc::clone)
}

/// Takes the set with this handle out of the list.
pub(super) fn take(handle: usize) -> Option<Arc<Vdevs>> {
    let mut sets = unpoisoned(SETS.write());
    let index = sets.iter().position(|vdevs| address(vdevs) == handle)?;
    Some(sets.swap_remove(index))
}

fn address(vdevs: &Arc<Vdevs>) -> usize {
    Arc::as_ptr(vdevs).expose_provenance()
}
