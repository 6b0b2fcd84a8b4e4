//! The shape of crosvm's `Bus`: a `std` Mutex around ranges, and a clone of the entry (one `Arc`)
//! for every access. Lookups need no second lock; accesses take the device's.

use crate::bus::{Device, Ranges, last_of, locked_device};
use crate::dispatch::{Access, Dispatch, Registered, export_dispatch};
use crate::export::{EOK, Peer, export};
use crate::run::{Attrs, Change, Run};
use core::ffi::c_int;
use gasp_abi::gasp_region;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The device of a range: behind a mutex, or one that synchronises itself.
#[derive(Clone)]
#[expect(
    dead_code,
    reason = "the first kind is there for the entry's size and the choice at each access"
)]
enum Entry {
    Outer(Arc<Mutex<dyn Device>>),
    Inner(Arc<dyn Device>),
}

impl Entry {
    fn attrs(&self) -> Attrs {
        match self {
            Self::Outer(device) => device.lock().unwrap_or_else(PoisonError::into_inner).attrs(),
            Self::Inner(device) => device.attrs(),
        }
    }

    fn access(&self, access: &Access) -> c_int {
        match self {
            Self::Outer(device) => {
                device.lock().unwrap_or_else(PoisonError::into_inner).access(access)
            }
            Self::Inner(device) => device.access(access),
        }
    }
}

#[derive(Default)]
struct Crosvm {
    devices: Mutex<Ranges<Entry>>,
    target: Registered,
}

impl Crosvm {
    fn lock(&self) -> MutexGuard<'_, Ranges<Entry>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(always)]
    fn device(&self, location: u64) -> Option<(u64, Entry)> {
        let devices = self.lock();
        let (range, entry) = devices.first_before(location)?;
        Some((last_of(*range, location)?, entry.clone()))
    }
}

impl Peer for Crosvm {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let (last, entry) = self.device(location)?;
        Some((last, entry.attrs()))
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut devices = self.lock();
        for element in elements {
            let plug = |run: Run| Entry::Inner(locked_device(run.attrs, self.target.get()));
            devices.change(&Change::of(element), Entry::attrs, drop, plug);
        }
    }
}

impl Dispatch for Crosvm {
    fn registered(&self) -> &Registered {
        &self.target
    }

    #[inline(always)]
    fn access(&self, access: &Access) -> c_int {
        self.device(access.location).map_or(EOK, |(_, entry)| entry.access(access))
    }
}

export!(Crosvm => peer_crosvm_create, peer_crosvm_destroy, peer_crosvm_set, peer_crosvm_info);
export_dispatch!(Crosvm => peer_crosvm_cpu_create, peer_crosvm_cpu_destroy,
                 peer_crosvm_set_trap_handler, peer_crosvm_cpu_access);
