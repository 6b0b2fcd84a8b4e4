//! The crate `vm-memory`: `GuestMemoryAtomic` over a collection of regions.
//!
//! Its lookup is the crate's own (`memory()`, then `to_region_addr`). Its region type is ours, for
//! two reasons: a million mappings are more than the kernel allows a process, and the crate's
//! region has no room for flags and a cookie. A change publishes a new collection that shares
//! every region that stayed, which is what `insert_region` and `remove_region` do, but once for a
//! whole array.

use crate::export::{Peer, export};
use crate::flat::{self, Piece};
use crate::run::{Attrs, Run};
use ::vm_memory::{
    GuestAddress, GuestAddressSpace, GuestMemoryAtomic, GuestMemoryBackend, GuestMemoryRegion,
    GuestMemoryRegionBytes, GuestRegionCollection,
};
use gasp_abi::gasp_region;
use std::sync::{Arc, Mutex, PoisonError};

/// A region of a collection.
struct Memory(Run);

impl GuestMemoryRegion for Memory {
    type B = ();

    fn len(&self) -> u64 {
        self.0.last - self.0.start + 1
    }

    fn start_addr(&self) -> GuestAddress {
        GuestAddress(self.0.start)
    }

    fn last_addr(&self) -> GuestAddress {
        GuestAddress(self.0.last)
    }

    fn bitmap(&self) {}
}

impl GuestMemoryRegionBytes for Memory {}

impl Piece for Arc<Memory> {
    fn of(run: Run) -> Self {
        Self::new(Memory(run))
    }

    fn run(&self) -> Run {
        self.0
    }
}

/// The map, and the vector that the next collection is made from.
struct Atomic {
    published: GuestMemoryAtomic<GuestRegionCollection<Memory>>,
    regions: Mutex<Vec<Arc<Memory>>>,
}

impl Default for Atomic {
    fn default() -> Self {
        let published = GuestMemoryAtomic::new(GuestRegionCollection::new());
        Self { published, regions: Mutex::default() }
    }
}

impl Peer for Atomic {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let memory = self.published.memory();
        let (region, _) = memory.to_region_addr(GuestAddress(location))?;
        Some((region.0.last, region.0.attrs))
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        flat::apply(&mut regions, elements);
        // An empty collection is an error to the crate's constructor, and so is a bad order.
        let next = GuestRegionCollection::from_arc_regions(regions.clone()).unwrap_or_default();
        assert_eq!(next.num_regions(), regions.len(), "regions are sorted and disjoint");
        self.published.lock().unwrap_or_else(PoisonError::into_inner).replace(next);
    }
}

export!(Atomic => peer_vm_memory_create, peer_vm_memory_destroy,
        peer_vm_memory_set, peer_vm_memory_info);
