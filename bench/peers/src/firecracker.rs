//! The shape of Firecracker's `Bus` of 2026: two `std` RwLocks. The one around the devices is held
//! for a whole access, the one around the ranges only to resolve; the device has a Mutex besides.

use crate::bus::{Device, Ranges, device, last_of};
use crate::dispatch::{Access, Dispatch, Registered, Target, export_dispatch};
use crate::export::{EOK, Peer, export};
use crate::run::{Attrs, Change};
use core::ffi::c_int;
use gasp_abi::gasp_region;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

type Locked = Mutex<Arc<dyn Device>>;

/// Devices by number, with their owning pointers, which a device manager keeps in the original.
#[derive(Default)]
struct Slab {
    devices: Vec<Weak<Locked>>,
    owners: Vec<Option<Arc<Locked>>>,
    free: Vec<usize>,
}

impl Slab {
    fn plug(&mut self, attrs: Attrs, target: Target) -> usize {
        let owner = Arc::new(Mutex::new(device(attrs, target)));
        let number = self.free.pop().unwrap_or(self.devices.len());
        if number == self.devices.len() {
            self.devices.push(Weak::new());
            self.owners.push(None);
        }
        self.devices[number] = Arc::downgrade(&owner);
        self.owners[number] = Some(owner);
        number
    }

    fn unplug(&mut self, number: usize) {
        self.devices[number] = Weak::new();
        self.owners[number] = None;
        self.free.push(number);
    }

    /// Do something with a device, under its lock.
    #[inline(always)]
    fn with<T>(&self, number: usize, act: impl FnOnce(&dyn Device) -> T) -> Option<T> {
        let device = self.devices.get(number)?.upgrade()?;
        let device = device.lock().unwrap_or_else(PoisonError::into_inner);
        Some(act(&**device))
    }
}

/// Lock order: devices, then ranges.
#[derive(Default)]
struct Firecracker {
    devices: RwLock<Slab>,
    ranges: RwLock<Ranges<usize>>,
    target: Registered,
}

impl Firecracker {
    #[inline(always)]
    fn resolve(&self, location: u64) -> Option<(u64, usize)> {
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        let (range, number) = ranges.first_before(location)?;
        Some((last_of(*range, location)?, *number))
    }
}

impl Peer for Firecracker {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let (last, number) = self.resolve(location)?;
        Some((last, devices.with(number, |device| device.attrs())?))
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        let mut ranges = self.ranges.write().unwrap_or_else(PoisonError::into_inner);
        for element in elements {
            let mut gone = Vec::new();
            let slab = core::cell::RefCell::new(&mut *devices);
            ranges.change(
                &Change::of(element),
                |&number| {
                    let attrs = slab.borrow().with(number, |device| device.attrs());
                    attrs.expect("plugged")
                },
                |number| gone.push(number),
                |run| slab.borrow_mut().plug(run.attrs, self.target.get()),
            );
            gone.into_iter().for_each(|number| devices.unplug(number));
        }
    }
}

impl Dispatch for Firecracker {
    fn registered(&self) -> &Registered {
        &self.target
    }

    #[inline(always)]
    fn access(&self, access: &Access) -> c_int {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let resolved = self.resolve(access.location);
        let result = resolved.and_then(|(_, number)| devices.with(number, |d| d.access(access)));
        result.unwrap_or(EOK)
    }
}

export!(Firecracker => peer_firecracker_create, peer_firecracker_destroy,
        peer_firecracker_set, peer_firecracker_info);
export_dispatch!(Firecracker => peer_firecracker_cpu_create, peer_firecracker_cpu_destroy,
                 peer_firecracker_set_trap_handler, peer_firecracker_cpu_access);
