//! Virtual devices: plugins in C, written for qvm.
//!
//! [`Vdevs`] loads them (`loader`), takes each through its life (`sequence`, over `instance`),
//! and calls them when a guest's access traps (`trap`, on the vCPU's thread). Plugins call the
//! functions in `exports` and in `c/`, which `docs/vdevs.md` lists. Vdevs reach the machine
//! through [`Platform`].
//!
//! Libraries stay loaded until the process ends, because a plugin may have threads.

mod clock;
mod cpu;
mod exports;
mod factory;
mod hits;
mod instance;
mod interrupt;
mod loader;
mod operands;
mod outside;
mod pins;
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

use crate::config::{OptionList, VdevConfig};
use crate::log;
use crate::platform::Platform;
use gasp_abi::{
    VDEV_CTRL_BUTTON, VDEV_CTRL_GUEST_CONFIGURED, VDEV_CTRL_GUEST_STARTING, VDEV_CTRL_STATUS,
    VDEV_CTRL_TERMINATE, gasp_cpu,
};
use gasp_safe::{Guest, Unsupported};
use gasp_text::ParseError;
use instance::Instance;
use shared::Shared;
use std::path::PathBuf;
use std::sync::Arc;
use timer_thread::TimerThread;

/// The accesses to a vdev's regions with one cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The address of the `vdev_t`.
    pub(crate) address: usize,
    pub(crate) vdev: String,
    pub(crate) cookie: u32,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// The vdevs of one guest. Drop it after the vCPUs and before the guest.
#[derive(Debug)]
pub(crate) struct Vdevs {
    search: Vec<PathBuf>,
    shared: Arc<Shared>,
    instances: Vec<Instance>,
    timers: Option<TimerThread>,
    terminated: bool,
}

impl Vdevs {
    /// No vdevs yet. Their files are searched for in these directories, and then as the dynamic
    /// linker does.
    pub(crate) fn new(search: Vec<PathBuf>) -> Self {
        Self {
            search,
            shared: Arc::default(),
            instances: Vec::new(),
            timers: None,
            terminated: false,
        }
    }

    /// Loads `vdev-NAME.so`, unless it is loaded already, and returns its options.
    pub(crate) fn load(&mut self, name: &str) -> Result<OptionList, String> {
        loader::factory(name, &self.search).map(|factory| OptionList(factory.options()))
    }

    /// Sets the policy for accesses that vdevs do not handle; [`Unsupported::Ignore`] at first. It
    /// has to be the policy of libgasp.
    pub(crate) fn set_unsupported(&self, policy: Unsupported) {
        self.shared.set_unsupported(policy);
    }

    /// Creates the vdev of a configuration, with its region.
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

    /// Tells all vdevs that the configuration is complete.
    pub(crate) fn configured(&mut self) -> Result<(), String> {
        self.control_each(VDEV_CTRL_GUEST_CONFIGURED, "when the configuration was complete")
    }

    /// Tells all vdevs that the guest starts on this platform. Timers expire from now on.
    pub(crate) fn starting(&mut self, platform: Arc<dyn Platform>) -> Result<(), String> {
        self.shared.start(platform)?;
        self.timers = Some(TimerThread::start(&self.shared)?);
        self.control_each(VDEV_CTRL_GUEST_STARTING, "when the guest was to start")
    }

    /// Makes this thread the thread of a vCPU until the returned value is dropped. Accesses reach
    /// vdevs only from such a thread. `cpu` is the handle of a [`Cpu`](gasp_safe::Cpu) that lives
    /// at least as long.
    pub(crate) fn enter_cpu(&self, number: u32, cpu: *mut gasp_cpu) -> CpuGuard {
        CpuGuard::enter(&self.shared, number, cpu)
    }

    /// Has all vdevs report their state.
    pub(crate) fn status(&self) {
        self.tell_each(VDEV_CTRL_STATUS, "to report its state");
    }

    /// Tells all vdevs that a button was pressed.
    pub(crate) fn button(&self) {
        self.tell_each(VDEV_CTRL_BUTTON, "that the button was pressed");
    }

    /// Tells all vdevs that the guest has ended, once. No timer expires afterwards.
    pub(crate) fn terminate(&mut self) {
        if !core::mem::replace(&mut self.terminated, true) {
            self.timers = None;
            self.tell_each(VDEV_CTRL_TERMINATE, "that the guest has ended");
        }
    }

    /// The accesses by vdev and cookie, in the order of vdevs and cookies.
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

    /// The name of a vdev.
    pub(crate) fn name_of(&self, address: usize) -> Option<&str> {
        self.instances.iter().find(|vdev| vdev.address() == address).map(Instance::name)
    }

    /// Before the first vdev: registers the trap handler, and creates the interrupt controller that
    /// every guest has.
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

    fn control_each(&self, step: u32, when: &str) -> Result<(), String> {
        self.instances.iter().try_for_each(|vdev| {
            vdev.control(step, None)
                .map_err(|error| format!("vdev {} failed {when}: {error}", vdev.name()))
        })
    }

    fn tell_each(&self, step: u32, what: &str) {
        for vdev in &self.instances {
            if let Err(error) = vdev.control(step, None) {
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
