//! Virtual devices: plugins in C, written for qvm.
//!
//! [`Vdevs`] loads them (`loader`), takes each through its life (`sequence`, over `instance`),
//! and calls them when a guest's access traps (`trap`, on the vCPU's thread). What plugins call
//! is in `exports` and in `c/log.c`; `docs/vdevs.md` lists it. What vdevs do to the machine goes
//! through [`Platform`].
//!
//! Libraries stay loaded until the process ends: a plugin may have threads.

mod cpu;
mod exports;
mod factory;
mod hits;
mod instance;
mod interrupt;
mod loader;
mod operands;
mod place;
mod sequence;
mod shared;
mod timer;
mod timer_thread;
mod transfer;
mod trap;

#[cfg(test)]
mod tests;

pub(crate) use cpu::CpuGuard;

use crate::config::{OptionList, ParseError, VdevConfig};
use crate::gasp::{Guest, Unsupported};
use crate::log;
use crate::platform::Platform;
use gasp_abi::{gasp_cpu, vdev_ctrl_options as ctrl};
use instance::Instance;
use shared::Shared;
use std::path::PathBuf;
use std::sync::Arc;
use timer_thread::TimerThread;

/// How often a vdev's regions with one cookie were hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The vdev's address, as regions have it.
    pub(crate) address: usize,
    /// The vdev's name.
    pub(crate) vdev: String,
    /// Of the regions.
    pub(crate) cookie: u32,
    /// By reads of the guest.
    pub(crate) reads: u64,
    /// By writes of the guest.
    pub(crate) writes: u64,
}

/// The vdevs of one guest. They go when this is dropped, which has to be after the vCPUs and
/// before the guest.
#[derive(Debug)]
pub(crate) struct Vdevs {
    search: Vec<PathBuf>,
    shared: Arc<Shared>,
    instances: Vec<Instance>,
    timers: Option<TimerThread>,
    terminated: bool,
}

impl Vdevs {
    /// No vdevs yet. Their files are looked for in these directories, then where the dynamic
    /// linker looks.
    pub(crate) fn new(search: Vec<PathBuf>) -> Self {
        Self {
            search,
            shared: Arc::default(),
            instances: Vec::new(),
            timers: None,
            terminated: false,
        }
    }

    /// Loads `vdev-NAME.so`, unless it is loaded already. The options it takes.
    pub(crate) fn load(&mut self, name: &str) -> Result<OptionList, String> {
        loader::factory(name, &self.search).map(|factory| OptionList(factory.options()))
    }

    /// Says what accesses do that vdevs do not handle; [`Unsupported::Ignore`] at first. It has
    /// to be what libgasp was told.
    pub(crate) fn set_unsupported(&self, policy: Unsupported) {
        self.shared.set_unsupported(policy);
    }

    /// Makes a vdev as the configuration asks for it, with its region.
    pub(crate) fn create(&mut self, guest: &Guest, config: &VdevConfig) -> Result<(), ParseError> {
        let at = |message| ParseError { position: config.position, message };
        let factory = loader::factory(&config.name, &self.search).map_err(at)?;
        if self.instances.is_empty() {
            self.prepare(guest).map_err(at)?;
        }
        let instance = sequence::create(guest, &self.shared, factory, config, &self.instances)?;
        self.instances.push(instance);
        Ok(())
    }

    /// The configuration is complete: tells all vdevs.
    pub(crate) fn configured(&mut self) -> Result<(), String> {
        self.control_each(ctrl::VDEV_CTRL_GUEST_CONFIGURED, "when the configuration was complete")
    }

    /// The guest starts on this platform: tells all vdevs. Timers expire from now on.
    pub(crate) fn starting(&mut self, platform: Arc<dyn Platform>) -> Result<(), String> {
        self.shared.start(platform)?;
        self.timers = Some(TimerThread::start(&self.shared)?);
        self.control_each(ctrl::VDEV_CTRL_GUEST_STARTING, "when the guest was to start")
    }

    /// Makes this thread the one of a vCPU, until what is returned is dropped. Only then can the
    /// vCPU's accesses reach vdevs. `cpu` is the handle of a [`Cpu`](crate::gasp::Cpu) that is
    /// there at least as long.
    pub(crate) fn enter_cpu(&self, number: u32, cpu: *mut gasp_cpu) -> CpuGuard {
        CpuGuard::enter(&self.shared, number, cpu)
    }

    /// Has all vdevs report their state.
    pub(crate) fn status(&self) {
        self.tell_each(ctrl::VDEV_CTRL_STATUS, "to report its state");
    }

    /// Tells all vdevs that a button was pressed.
    pub(crate) fn button(&self) {
        self.tell_each(ctrl::VDEV_CTRL_BUTTON, "that the button was pressed");
    }

    /// Tells all vdevs that the guest has ended; once. No timer expires afterwards.
    pub(crate) fn terminate(&mut self) {
        if !core::mem::replace(&mut self.terminated, true) {
            self.timers = None;
            self.tell_each(ctrl::VDEV_CTRL_TERMINATE, "that the guest has ended");
        }
    }

    /// How often each vdev's regions were hit, in the order of vdevs and cookies.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        let mut counts = self.shared.counts();
        let order = |vdev| self.instances.iter().position(|at| at.address() == vdev);
        counts.sort_by_key(|count| (order(count.vdev), count.cookie));
        let hits = counts.into_iter().map(|count| Hit {
            address: count.vdev,
            vdev: order(count.vdev).map_or_else(String::new, |at| self.instances[at].name().into()),
            cookie: count.cookie,
            reads: count.reads,
            writes: count.writes,
        });
        hits.collect()
    }

    /// The name of the vdev that a region leads to.
    pub(crate) fn name_of(&self, address: usize) -> Option<&str> {
        self.instances.iter().find(|vdev| vdev.address() == address).map(Instance::name)
    }

    /// Before the first vdev: the guest's accesses, and the interrupt controller that is always
    /// there.
    fn prepare(&mut self, guest: &Guest) -> Result<(), String> {
        trap::handle_accesses(&self.shared, guest).map_err(|error| error.to_string())?;
        let apic = interrupt::apic()?;
        self.instances.push(Instance::new(
            apic,
            interrupt::APIC.into(),
            guest.handle(),
            &self.shared,
        ));
        Ok(())
    }

    fn control_each(&self, step: ctrl, when: &str) -> Result<(), String> {
        self.instances.iter().try_for_each(|vdev| {
            vdev.control(step as u32, None)
                .map_err(|error| format!("vdev {} failed {when}: {error}", vdev.name()))
        })
    }

    fn tell_each(&self, step: ctrl, what: &str) {
        for vdev in &self.instances {
            if let Err(error) = vdev.control(step as u32, None) {
                log::warn(vdev.name(), &format!("was told {what}, and answered: {error}"));
            }
        }
    }
}

impl Drop for Vdevs {
    fn drop(&mut self) {
        self.terminate();
        trap::let_go(&self.shared);
    }
}
