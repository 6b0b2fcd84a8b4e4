//! The state that all parts of one guest's vdevs share, and how C functions find it.

#![forbid(unsafe_code)]

use super::bounded::Bounded;
use super::call::Callback;
use super::ending::End;
use super::fatal;
use super::hits::Hits;
use super::host::Host;
use super::hostvectors::HostVectors;
use super::instructions::Handlers;
use super::lock::unpoisoned;
use super::msi::Claims;
use super::pins::{Asked, Pins};
use super::power::Power;
use super::pulse::Queues;
use super::refusals::Refusals;
use super::run_times::RunTimes;
use super::timer::Timers;
use super::watches::Watches;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use gasp_abi::{GASP_VDEVS_COUNT, GASP_VDEVS_RUN_TIME, GASP_VDEVS_SIMULATED_CLOCK};
use std::sync::{Arc, Mutex, RwLock, Weak};

/// The limit of a call of a vdev, unless the host says another one.
const LIMIT: u64 = 1000;

/// The guests of this process, in no particular order.
static GUESTS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// One guest's vdevs, as threads and C functions see them.
pub(crate) struct Shared {
    /// The address of the guest's handle.
    pub(crate) guest: usize,
    pub(crate) host: Host,
    started: AtomicBool,
    /// Addresses of the vdevs that there are, in the order in which they were created.
    vdevs: RwLock<Vec<usize>>,
    /// If accesses are counted.
    pub(crate) hits: Option<Hits>,
    /// Lines of failures, by vdev, function and error number.
    pub(crate) failures: Bounded<(usize, String, i32)>,
    pub(crate) refusals: Refusals,
    /// Lines of locks that a vdev has kept, by vdev and function.
    pub(crate) kept: Bounded<(usize, Callback)>,
    /// After how many milliseconds a call of a vdev lasts too long.
    limit: AtomicU64,
    pub(crate) timers: Arc<Timers>,
    pub(crate) pulses: Queues,
    pins: Mutex<Pins>,
    pub(crate) claims: Claims,
    pub(crate) watches: Watches,
    pub(crate) instructions: Handlers,
    pub(crate) power: Power,
    /// If run time is counted.
    pub(crate) run_times: Option<RunTimes>,
    pub(crate) host_vectors: HostVectors,
    /// Addresses of vCPUs for accesses by other threads, which nobody uses now.
    spares: Mutex<Vec<usize>>,
    /// The numbers of vCPUs, by their addresses.
    numbers: RwLock<Vec<(usize, u32)>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("guest", &self.guest).finish_non_exhaustive()
    }
}

impl Shared {
    /// The state of a guest's vdevs. `None`: there is one for this guest already.
    pub(crate) fn new(guest: usize, host: Host) -> Option<Arc<Self>> {
        let mut guests = unpoisoned(GUESTS.lock());
        guests.retain(|other| other.strong_count() > 0);
        if guests.iter().filter_map(Weak::upgrade).any(|other| other.guest == guest) {
            return None;
        }
        let shared = Arc::new(Self {
            guest,
            started: AtomicBool::new(false),
            vdevs: RwLock::default(),
            hits: host.has(GASP_VDEVS_COUNT).then(Hits::default),
            failures: Bounded::default(),
            refusals: Refusals::default(),
            kept: Bounded::default(),
            limit: AtomicU64::new(LIMIT),
            timers: Timers::new(host.has(GASP_VDEVS_SIMULATED_CLOCK)),
            pulses: Queues::default(),
            pins: Mutex::default(),
            claims: Claims::default(),
            watches: Watches::default(),
            instructions: Handlers::default(),
            power: Power::default(),
            run_times: host.has(GASP_VDEVS_RUN_TIME).then(RunTimes::wanted),
            host_vectors: HostVectors::default(),
            spares: Mutex::default(),
            numbers: RwLock::default(),
            host,
        });
        guests.push(Arc::downgrade(&shared));
        Some(shared)
    }

    /// The state of each guest. They may be dropped, because the lock is released.
    fn all() -> Vec<Arc<Self>> {
        unpoisoned(GUESTS.lock()).iter().filter_map(Weak::upgrade).collect()
    }

    /// Lets the guest have other vdevs, even if a thread that was left still has this state.
    pub(crate) fn forget(self: &Arc<Self>) {
        let this = Arc::downgrade(self);
        unpoisoned(GUESTS.lock()).retain(|other| !other.ptr_eq(&this));
    }

    /// The state of a guest.
    pub(crate) fn of_guest(guest: usize) -> Option<Arc<Self>> {
        Self::all().into_iter().find(|shared| shared.guest == guest)
    }

    /// Whether a call is for one of the guests; each is asked until one says so.
    pub(crate) fn any(is_for: impl FnMut(Arc<Self>) -> bool) -> bool {
        Self::all().into_iter().any(is_for)
    }

    /// The state of the guest, if there is only one.
    pub(crate) fn only() -> Option<Arc<Self>> {
        let all = Self::all();
        let [only] = &all[..] else { return None };
        Some(Arc::clone(only))
    }

    pub(crate) fn add_vdev(&self, vdev: usize) {
        unpoisoned(self.vdevs.write()).push(vdev);
    }

    pub(crate) fn remove_vdev(&self, vdev: usize) {
        unpoisoned(self.vdevs.write()).retain(|other| *other != vdev);
        self.claims.remove(vdev);
        self.instructions.remove(vdev);
        self.power.remove(vdev);
        if let Some(times) = &self.run_times {
            times.remove(vdev);
        }
        self.host_vectors.remove(vdev);
    }

    /// The addresses of this guest's vdevs.
    pub(crate) fn vdevs(&self) -> Vec<usize> {
        unpoisoned(self.vdevs.read()).clone()
    }

    /// Assigns an input of an interrupt controller; returns the bit of the source.
    pub(crate) fn assign(
        &self,
        controller: usize,
        input: u32,
        asked: Asked,
    ) -> Result<u32, String> {
        unpoisoned(self.pins.lock()).assign(controller, input, asked)
    }

    /// A vCPU that nobody uses, if there is one.
    pub(crate) fn take_spare(&self) -> Option<usize> {
        unpoisoned(self.spares.lock()).pop()
    }

    /// Gives one back.
    pub(crate) fn give_spare(&self, cpu: usize) {
        unpoisoned(self.spares.lock()).push(cpu);
    }

    /// Numbers a vCPU.
    pub(crate) fn set_number(&self, cpu: usize, number: u32) {
        let mut numbers = unpoisoned(self.numbers.write());
        numbers.retain(|(other, _)| *other != cpu);
        numbers.push((cpu, number));
    }

    /// The number of a vCPU, if the host has said it.
    pub(crate) fn number(&self, cpu: usize) -> Option<u32> {
        let numbers = unpoisoned(self.numbers.read());
        numbers.iter().find(|(other, _)| *other == cpu).map(|(_, number)| *number)
    }

    /// How long a call of a vdev may last.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_millis(self.limit.load(Ordering::Relaxed))
    }

    pub(crate) fn set_limit(&self, milliseconds: u64) {
        self.limit.store(milliseconds, Ordering::Relaxed);
    }

    /// Marks the guest as started.
    pub(crate) fn start(&self) {
        fatal::guest_starts();
        self.timers.clock.start();
        self.started.store(true, Ordering::Release);
    }

    /// Ends the guest with this exit code. Before it has started, returns the end of the process.
    #[must_use]
    pub(crate) fn terminate(&self, code: u8) -> Option<End> {
        if !self.has_started() {
            return Some(End { host: self.host.functions, code: fatal::code() });
        }
        // Without a function of the host's, the line in the log is all that there is.
        let _ = self.host.terminate(code);
        None
    }

    /// Whether the guest has started.
    pub(crate) fn has_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }
}
