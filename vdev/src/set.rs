//! The vdevs of one guest, as their host uses them.

#![forbid(unsafe_code)]

use super::failure::Failure;
use super::filter::Rule;
use super::hits::{Hit, Hits};
use super::host::Host;
use super::instance::Instance;
use super::lock::unpoisoned;
use super::sequence::{self, Refusal, VdevOption};
use super::shared::Shared;
use super::timer_thread::{self, TimerThread};
use super::watchdog::Watchdog;
use super::{
    crash, ending, failures, interrupt, leftovers, loader, log, place, pulse_thread, trap,
};
use core::ffi::c_char;
use core::ptr;
use gasp_abi::{
    GASP_VDEVS_CATCH_CRASHES, GASP_VDEVS_CHECK_END, GASP_VDEVS_LOG_FAILURES,
    GASP_VDEVS_WATCH_HANDLERS, VDEV_CTRL_ASSIGN, VDEV_CTRL_BUTTON, VDEV_CTRL_GEN_ACPI,
    VDEV_CTRL_GEN_FDT, VDEV_CTRL_GUEST_CONFIGURED, VDEV_CTRL_GUEST_STARTING, VDEV_CTRL_STATUS,
    VDEV_CTRL_TERMINATE, gasp_refusals, vdev_t,
};
use gasp_safe::Guest;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

/// How far the vdevs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Vdevs are added.
    Options,
    /// VDEV_CTRL_ASSIGN was sent.
    Assigned,
    /// VDEV_CTRL_GUEST_CONFIGURED was sent.
    Configured,
    /// VDEV_CTRL_GUEST_STARTING was sent.
    Started,
    /// VDEV_CTRL_TERMINATE was sent.
    Terminated,
}

/// The vdevs of one guest.
#[derive(Debug)]
pub(crate) struct Vdevs {
    /// The host's.
    guest: ManuallyDrop<Guest>,
    search: Mutex<Vec<PathBuf>>,
    pub(super) shared: Arc<Shared>,
    /// The controller `apic` is the first.
    instances: RwLock<Vec<Arc<Instance>>>,
    /// Which vdevs have no region yet.
    unsettled: Mutex<Vec<usize>>,
    phase: Mutex<Phase>,
    timers: Mutex<Option<TimerThread>>,
    watchdog: Option<Watchdog>,
}

impl Vdevs {
    /// No vdevs yet, but for the interrupt controller that every guest has.
    pub(crate) fn new(guest: ManuallyDrop<Guest>, host: Host) -> Result<Self, Failure> {
        let shared = Shared::new(guest.handle().expose_provenance(), host)
            .ok_or_else(|| Failure::new(libc::EBUSY, "the guest has a set of vdevs already"))?;
        let apic = interrupt::apic().map_err(|why| Failure::new(libc::EINVAL, why))?;
        let apic = Instance::new(apic, interrupt::APIC, &shared).ok_or_else(full)?;
        if shared.host.has(GASP_VDEVS_LOG_FAILURES) {
            failures::watch()?;
        }
        if shared.host.has(GASP_VDEVS_CATCH_CRASHES) {
            crash::catch()?;
        }
        let watchdog = match shared.host.has(GASP_VDEVS_WATCH_HANDLERS) {
            true => Some(Watchdog::start(&shared).map_err(|error| no_thread("a watch", &error))?),
            false => None,
        };
        trap::handle_accesses(&shared, &guest)
            .map_err(|error| Failure::new(error.errno, error.message))?;
        Ok(Self {
            guest,
            search: Mutex::default(),
            shared,
            instances: RwLock::new(vec![Arc::new(apic)]),
            unsettled: Mutex::default(),
            phase: Mutex::new(Phase::Options),
            timers: Mutex::default(),
            watchdog,
        })
    }

    /// Searches this directory, too.
    pub(crate) fn add_path(&self, directory: PathBuf) {
        unpoisoned(self.search.lock()).push(directory);
    }

    /// Loads the file of a vdev, unless it is loaded already.
    pub(crate) fn load(&self, name: &str) -> Result<super::factory::Factory, Failure> {
        let search = unpoisoned(self.search.lock()).clone();
        loader::factory(name, &search)
    }

    /// Creates a vdev.
    pub(crate) fn add(
        &self,
        name: &str,
        options: &[VdevOption],
    ) -> Result<*mut vdev_t, (Failure, Option<usize>)> {
        let factory = self.load(name).map_err(|failure| (failure, None))?;
        if *unpoisoned(self.phase.lock()) != Phase::Options {
            return Err((late(), None));
        }
        let vdev = Instance::new(factory, loader::plain(name), &self.shared)
            .ok_or_else(|| (full(), None))?;
        let settled = sequence::configure(&self.guest, &vdev, options)
            .map_err(|Refusal { option, message }| (Failure::new(libc::ENODEV, message), option))?;
        self.complete(vdev, settled).map_err(|failure| (failure, None))
    }

    /// Adds a vdev that has its options. While it was given them, others could be added.
    fn complete(&self, vdev: Instance, settled: bool) -> Result<*mut vdev_t, Failure> {
        let phase = unpoisoned(self.phase.lock());
        if *phase != Phase::Options {
            drop(phase);
            place::take_away(&self.guest, &vdev);
            return Err(late());
        }
        if !settled {
            unpoisoned(self.unsettled.lock()).push(vdev.address());
        }
        let pointer = vdev.pointer();
        unpoisoned(self.instances.write()).push(Arc::new(vdev));
        Ok(pointer)
    }

    /// The vdevs. No lock is held while one is called: it can have the host look at all.
    fn all(&self) -> Vec<Arc<Instance>> {
        unpoisoned(self.instances.read()).clone()
    }

    /// Sends a control code to all vdevs.
    pub(crate) fn control(&self, step: u32, argument: *const c_char) -> Result<(), Failure> {
        match step {
            VDEV_CTRL_ASSIGN => self.assign(),
            VDEV_CTRL_GUEST_CONFIGURED => self.configured(),
            VDEV_CTRL_GUEST_STARTING => self.starting(),
            VDEV_CTRL_TERMINATE => self.terminate(),
            VDEV_CTRL_GEN_ACPI | VDEV_CTRL_GEN_FDT => self.describe(step, argument),
            VDEV_CTRL_STATUS | VDEV_CTRL_BUTTON => {
                self.tell(step);
                Ok(())
            }
            _ => Err(Failure::new(libc::EINVAL, format!("{step} is no control code of a host"))),
        }
    }

    /// Has the vdevs choose what they were not given, and finds the rest.
    fn assign(&self) -> Result<(), Failure> {
        self.enter(Phase::Assigned, Phase::Options)?;
        let refused = |why| Failure::new(libc::ENODEV, why);
        let unsettled = std::mem::take(&mut *unpoisoned(self.unsettled.lock()));
        let instances = self.all();
        // In two rounds, so that no vdev is given a place that a later one chooses.
        instances.iter().try_for_each(|vdev| sequence::choose(vdev)).map_err(refused)?;
        let mut rest = instances.iter().filter(|vdev| unsettled.contains(&vdev.address()));
        rest.try_for_each(|vdev| sequence::settle(&self.guest, vdev)).map_err(refused)
    }

    /// Sends `VDEV_CTRL_ASSIGN`, if the host has not.
    fn assign_if_needed(&self) -> Result<(), Failure> {
        let is_first = *unpoisoned(self.phase.lock()) == Phase::Options;
        if is_first { self.assign() } else { Ok(()) }
    }

    /// Has the vdevs add to the tables for the guest. They know their places by then.
    fn describe(&self, step: u32, argument: *const c_char) -> Result<(), Failure> {
        self.assign_if_needed()?;
        if *unpoisoned(self.phase.lock()) != Phase::Assigned {
            let late = "the guest is configured, and its tables are made";
            return Err(Failure::new(libc::EPERM, late));
        }
        self.each(step, argument, "when it was to describe itself to the guest")
    }

    fn configured(&self) -> Result<(), Failure> {
        self.assign_if_needed()?;
        self.enter(Phase::Configured, Phase::Assigned)?;
        self.each(VDEV_CTRL_GUEST_CONFIGURED, ptr::null(), "when the configuration was complete")?;
        pulse_thread::open(&self.shared.pulses);
        Ok(())
    }

    fn starting(&self) -> Result<(), Failure> {
        self.enter(Phase::Started, Phase::Configured)?;
        self.shared.start();
        let thread =
            TimerThread::start(&self.shared).map_err(|error| no_thread("timers", &error))?;
        *unpoisoned(self.timers.lock()) = Some(thread);
        self.each(VDEV_CTRL_GUEST_STARTING, ptr::null(), "when the guest was to start")
    }

    fn terminate(&self) -> Result<(), Failure> {
        let mut phase = unpoisoned(self.phase.lock());
        if *phase == Phase::Terminated {
            return Err(Failure::new(
                libc::EPERM,
                "the vdevs know already that the guest has ended",
            ));
        }
        *phase = Phase::Terminated;
        drop(phase);
        *unpoisoned(self.timers.lock()) = None;
        pulse_thread::end(&self.shared.pulses);
        self.tell(VDEV_CTRL_TERMINATE);
        Ok(())
    }

    /// Enters a phase, which comes after one other.
    fn enter(&self, next: Phase, after: Phase) -> Result<(), Failure> {
        let mut phase = unpoisoned(self.phase.lock());
        if *phase != after {
            let why = format!("the vdevs are {phase:?}, and cannot become {next:?}");
            return Err(Failure::new(libc::EPERM, why.to_lowercase()));
        }
        *phase = next;
        Ok(())
    }

    fn each(&self, step: u32, argument: *const c_char, when: &str) -> Result<(), Failure> {
        self.all().iter().try_for_each(|vdev| {
            vdev.control(step, argument).map_err(|error| {
                Failure::new(libc::ENODEV, format!("vdev {} failed {when}: {error}", vdev.name()))
            })
        })
    }

    fn tell(&self, step: u32) {
        for vdev in self.all() {
            let told = vdev.control(step, ptr::null());
            if ending::is_pending() {
                return;
            }
            if let Err(error) = told {
                let text = format!("was told {}, and answered: {error}", what(step));
                log::warn(&self.shared.host, vdev.pointer(), &text);
            }
        }
    }

    /// Moves a simulated clock on by so many nanoseconds.
    pub(crate) fn advance(&self, nanoseconds: u64) -> Result<(), Failure> {
        let timers = &self.shared.timers;
        if !timers.clock.is_simulated() || !self.shared.has_started() {
            return Err(Failure::new(
                libc::EPERM,
                "the clock is not simulated, or does not run yet",
            ));
        }
        let end = timers.clock.now().guest.saturating_add(nanoseconds);
        let _advancing = timers.advancing.try_lock().map_err(|_| {
            Failure::new(libc::EDEADLK, "the clock is being advanced, and this is a timer function")
        })?;
        while let Some(due) = timers.next_until(end) {
            timer_thread::call(&self.shared, due);
            if ending::is_pending() {
                return Ok(());
            }
        }
        timers.clock.set(end);
        Ok(())
    }

    /// Nanoseconds of the guest's clock.
    pub(crate) fn clock(&self) -> u64 {
        self.shared.timers.clock.now().guest
    }

    /// Adds a `logger`.
    pub(crate) fn logger(&self, filters: &str, destination: &str) -> Result<(), Failure> {
        let rule = Rule::parse(filters, destination);
        self.shared.host.logger.add(&rule.map_err(|why| Failure::new(libc::EINVAL, why))?);
        Ok(())
    }

    /// Sets after how many milliseconds a call lasts too long.
    pub(crate) fn set_limit(&self, milliseconds: u64) -> Result<(), Failure> {
        if milliseconds == 0 {
            return Err(Failure::new(libc::EINVAL, "milliseconds is 0"));
        }
        if self.watchdog.is_none() {
            let why = "the set was created without GASP_VDEVS_WATCH_HANDLERS";
            return Err(Failure::new(libc::EPERM, why));
        }
        self.shared.set_limit(milliseconds);
        Ok(())
    }

    /// Numbers a vCPU.
    pub(crate) fn set_cpu(&self, cpu: usize, number: u32) {
        self.shared.set_number(cpu, number);
    }

    /// The vdev after one; the first one after `NULL`. The controller that every guest has is left
    /// out.
    pub(crate) fn next(&self, vdev: *const vdev_t) -> Option<*mut vdev_t> {
        let instances = unpoisoned(self.instances.read());
        let before = match vdev.is_null() {
            true => Some(0),
            false => instances.iter().position(|at| ptr::eq(at.pointer(), vdev)),
        };
        Some(instances.get(before?.saturating_add(1))?.pointer())
    }

    /// The accesses that were refused.
    pub(crate) fn counts(&self) -> gasp_refusals {
        self.shared.refusals.all()
    }

    /// The accesses by vdev and cookie, in the order of vdevs and cookies.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        let order = unpoisoned(self.instances.read());
        let mut hits = self.shared.hits.as_ref().map(Hits::all).unwrap_or_default();
        hits.sort_by_key(|hit| (order.iter().position(|at| at.address() == hit.vdev), hit.cookie));
        hits
    }
}

fn no_thread(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(libc::EAGAIN, format!("there is no thread for {what}: {error}"))
}

fn late() -> Failure {
    Failure::new(libc::EPERM, "the guest is configured, and gets no further vdev")
}

fn full() -> Failure {
    Failure::new(libc::ENOSPC, "the process has no room for another vdev")
}

/// What a vdev is told.
fn what(step: u32) -> &'static str {
    match step {
        VDEV_CTRL_STATUS => "to report its state",
        VDEV_CTRL_BUTTON => "that the button was pressed",
        _ => "that the guest has ended",
    }
}

impl Drop for Vdevs {
    fn drop(&mut self) {
        // They have been told already, or are now.
        let _ = self.terminate();
        let checks = self.shared.host.has(GASP_VDEVS_CHECK_END);
        for vdev in self.all() {
            if checks {
                leftovers::list_regions(&self.guest, &vdev);
            }
            place::take_away(&self.guest, &vdev);
        }
        trap::let_go(&self.shared);
        for vdev in self.all().iter().filter(|_| checks) {
            leftovers::end_mappings(&self.guest, vdev);
        }
        // It looks at vdevs.
        self.watchdog = None;
        self.shared.forget();
    }
}
