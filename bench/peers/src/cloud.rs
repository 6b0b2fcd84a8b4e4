//! The shape of cloud-hypervisor's `Bus`: a `std` RwLock around ranges with weak pointers, upgraded
//! and cloned by every access.
//!
//! In the original another object owns the devices; here it is a table beside the bus, which lookups
//! never touch.

use crate::bus::{BusRange, Device, Ranges, last_of, locked_device};
use crate::dispatch::{Access, Dispatch, Registered, export_dispatch};
use crate::export::{EOK, Peer, export};
use crate::run::{Attrs, Change};
use core::ffi::c_int;
use gasp_abi::gasp_region;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

#[derive(Default)]
struct Cloud {
    devices: RwLock<Ranges<Weak<dyn Device>>>,
    owners: Mutex<BTreeMap<*const (), Owned>>,
    target: Registered,
}

/// The strong pointer that keeps a device alive.
struct Owned(#[expect(dead_code, reason = "it owns, nobody reads it")] Arc<dyn Device>);

// SAFETY: the pointers are keys, never followed.
#[allow(unsafe_code)]
unsafe impl Sync for Cloud {}

impl Cloud {
    /// The range before the location, with a strong pointer of its own to the device.
    #[inline(always)]
    fn resolve(&self, location: u64) -> Option<(BusRange, Arc<dyn Device>)> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let (range, weak) = devices.first_before(location)?;
        weak.upgrade().map(|device| (*range, Arc::clone(&device)))
    }
}

impl Peer for Cloud {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let (range, device) = self.resolve(location)?;
        let last = last_of(range, location)?;
        Some((last, device.attrs()))
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        let owners = &mut *self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        for element in elements {
            let mut gone = Vec::new();
            devices.change(
                &Change::of(element),
                |weak| weak.upgrade().expect("owned as long as it is plugged").attrs(),
                |weak| gone.push(weak.as_ptr().cast::<()>()),
                |run| {
                    let device = locked_device(run.attrs, self.target.get());
                    let weak = Arc::downgrade(&device);
                    owners.insert(Arc::as_ptr(&device).cast(), Owned(device));
                    weak
                },
            );
            gone.iter().for_each(|key| drop(owners.remove(key)));
        }
    }
}

impl Dispatch for Cloud {
    fn registered(&self) -> &Registered {
        &self.target
    }

    #[inline(always)]
    fn access(&self, access: &Access) -> c_int {
        match self.resolve(access.location) {
            Some((range, device)) if last_of(range, access.location).is_some() => {
                device.access(access)
            }
            _ => EOK,
        }
    }
}

export!(Cloud => peer_cloud_create, peer_cloud_destroy, peer_cloud_set, peer_cloud_info);
export_dispatch!(Cloud => peer_cloud_cpu_create, peer_cloud_cpu_destroy,
                 peer_cloud_set_trap_handler, peer_cloud_cpu_access);
