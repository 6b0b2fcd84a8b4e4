//! The state that all parts of one guest's vdevs share, and how C functions find it.

#![forbid(unsafe_code)]

use super::hits::{Count, Hits};
use super::pins::{Asked, Pins};
use super::timer::Timers;
use crate::exit;
use crate::lock::unpoisoned;
use crate::platform::Platform;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use gasp_safe::Unsupported;
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};

/// The guests of this process, in no particular order.
static GUESTS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
/// Whether a guest has started.
static STARTED: AtomicBool = AtomicBool::new(false);

/// One guest's vdevs, as threads and C functions see them.
#[derive(Default)]
pub(super) struct Shared {
    /// The guest's handle, once there is a vdev.
    guest: AtomicUsize,
    platform: OnceLock<Arc<dyn Platform>>,
    unsupported: Mutex<Unsupported>,
    /// Addresses of the vdevs that there are, and their names.
    vdevs: RwLock<Vec<(usize, String)>>,
    /// The counters of each vCPU, past ones included.
    hits: Mutex<Vec<Arc<Hits>>>,
    pub(super) timers: Arc<Timers>,
    pins: Mutex<Pins>,
    /// vCPUs for accesses by other threads, which nobody uses now.
    spares: Mutex<Vec<Spare>>,
}

/// A vCPU of libgasp for accesses by any thread, and its counters.
#[derive(Debug)]
pub(super) struct Spare {
    /// Its address.
    pub(super) cpu: usize,
    pub(super) hits: Arc<Hits>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("guest", &self.guest).finish_non_exhaustive()
    }
}

impl Shared {
    /// Sets the guest; true if there was none before.
    pub(super) fn belong_to(self: &Arc<Self>, guest: usize) -> bool {
        if self.guest.swap(guest, Ordering::Relaxed) != 0 {
            return false;
        }
        let mut guests = unpoisoned(GUESTS.lock());
        guests.retain(|other| other.strong_count() > 0);
        guests.push(Arc::downgrade(self));
        true
    }

    /// The guest's handle; 0 if there is none.
    pub(super) fn guest(&self) -> usize {
        self.guest.load(Ordering::Relaxed)
    }

    /// The state of a guest.
    pub(super) fn of_guest(guest: usize) -> Option<Arc<Self>> {
        Self::find(|shared| shared.guest() == guest)
    }

    /// The state of the guest of a vdev.
    pub(super) fn of_vdev(vdev: usize) -> Option<Arc<Self>> {
        Self::find(|shared| shared.knows(vdev))
    }

    /// The state of the guest, if there is only one.
    pub(super) fn only() -> Option<Arc<Self>> {
        let all: Vec<_> = unpoisoned(GUESTS.lock()).iter().filter_map(Weak::upgrade).collect();
        let [only] = &all[..] else { return None };
        Some(Arc::clone(only))
    }

    fn find(wanted: impl Fn(&Self) -> bool) -> Option<Arc<Self>> {
        // Dropped after the lock is released, because dropping the last one takes locks.
        let all: Vec<_> = unpoisoned(GUESTS.lock()).iter().filter_map(Weak::upgrade).collect();
        all.into_iter().find(|shared| wanted(shared))
    }

    pub(super) fn add_vdev(&self, vdev: usize, name: &str) {
        unpoisoned(self.vdevs.write()).push((vdev, name.into()));
    }

    pub(super) fn remove_vdev(&self, vdev: usize) {
        let mut vdevs = unpoisoned(self.vdevs.write());
        vdevs.retain(|(other, _)| *other != vdev);
    }

    /// Whether it is one of this guest's vdevs.
    pub(super) fn knows(&self, vdev: usize) -> bool {
        let vdevs = unpoisoned(self.vdevs.read());
        vdevs.iter().any(|(other, _)| *other == vdev)
    }

    /// The addresses and names of this guest's vdevs.
    pub(super) fn vdevs(&self) -> Vec<(usize, String)> {
        unpoisoned(self.vdevs.read()).clone()
    }

    /// Assigns an input of an interrupt controller; returns the bit of the source.
    pub(super) fn assign(
        &self,
        controller: usize,
        input: u32,
        asked: Asked,
    ) -> Result<u32, String> {
        unpoisoned(self.pins.lock()).assign(controller, input, asked)
    }

    /// A vCPU that nobody uses, if there is one.
    pub(super) fn take_spare(&self) -> Option<Spare> {
        unpoisoned(self.spares.lock()).pop()
    }

    /// Gives one back.
    pub(super) fn give_spare(&self, spare: Spare) {
        unpoisoned(self.spares.lock()).push(spare);
    }

    /// The name of one of this guest's vdevs.
    pub(super) fn name_of(&self, vdev: usize) -> Option<String> {
        let vdevs = unpoisoned(self.vdevs.read());
        vdevs.iter().find(|(other, _)| *other == vdev).map(|(_, name)| name.clone())
    }

    /// Marks the guest as started on this platform, once.
    pub(super) fn start(&self, platform: Arc<dyn Platform>) -> Result<(), String> {
        STARTED.store(true, Ordering::Relaxed);
        self.timers.clock.start();
        self.platform.set(platform).map_err(|_| "the guest has started already".into())
    }

    /// The platform, once the guest has started.
    pub(super) fn platform(&self) -> Option<&dyn Platform> {
        self.platform.get().map(|platform| &**platform)
    }

    pub(super) fn set_unsupported(&self, policy: Unsupported) {
        *unpoisoned(self.unsupported.lock()) = policy;
    }

    /// The policy for accesses that vdevs do not handle.
    pub(super) fn unsupported(&self) -> Unsupported {
        *unpoisoned(self.unsupported.lock())
    }

    /// Counters for one more vCPU.
    pub(super) fn new_hits(&self) -> Arc<Hits> {
        let hits = Arc::<Hits>::default();
        unpoisoned(self.hits.lock()).push(Arc::clone(&hits));
        hits
    }

    /// The sums over all vCPUs, by vdev and cookie.
    pub(super) fn counts(&self) -> Vec<Count> {
        let mut sums: Vec<Count> = Vec::new();
        for count in unpoisoned(self.hits.lock()).iter().flat_map(|hits| hits.counts()) {
            let known =
                sums.iter_mut().find(|sum| (sum.vdev, sum.cookie) == (count.vdev, count.cookie));
            match known {
                Some(sum) => {
                    sum.reads = sum.reads.saturating_add(count.reads);
                    sum.writes = sum.writes.saturating_add(count.writes);
                }
                None => sums.push(count),
            }
        }
        sums
    }
}

/// The exit code of a failure that ends the process now: QNX's, before and after the start.
pub(super) fn fatal_code() -> u8 {
    if STARTED.load(Ordering::Relaxed) { exit::AFTER } else { exit::BEFORE }
}
