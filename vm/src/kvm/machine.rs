//! The VM, its vCPUs and their threads.

#![forbid(unsafe_code)]

use super::cpuid;
use super::entry;
use super::error::KvmError;
use super::exit::Vcpu;
use super::hidden;
use super::kick;
use super::memslots::Kernel;
use super::open;
use super::shared::Shared;
use super::start;
use super::vcpu::Runner;
use crate::config::Start;
use crate::platform::Platform;
use gasp_abi::gasp_cpu;
use gasp_safe::{Guest, Listening};
use kvm_bindings::{CpuId, KVM_MAX_CPUID_ENTRIES};
use kvm_ioctls::{Error, VmFd};
use std::sync::Arc;
use std::thread;

/// A VM of KVM, whose memslots follow the map of a guest.
#[derive(Debug)]
pub(crate) struct Machine<'g> {
    guest: &'g Guest,
    start: Start,
    /// Until this is dropped, the slots follow the map.
    _listening: Listening<'g>,
    vcpus: Vec<Vcpu>,
    shared: Arc<Shared>,
}

impl<'g> Machine<'g> {
    /// A VM with this many vCPUs, and with slots for the memory that the guest has now.
    pub(crate) fn new(guest: &'g Guest, start: &Start, cpus: u32) -> Result<Self, KvmError> {
        let kvm = open::open()?;
        kick::install().map_err(KvmError::Signal)?;
        let vm = Arc::new(kvm.create_vm().map_err(KvmError::Unusable)?);
        hidden::place_pages(&vm, guest)?;
        start::prepare(start, guest)?;
        let supported = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES).map_err(KvmError::Create)?;
        // Without local APICs nothing starts the others.
        let running = if matches!(start, Start::Image(_)) { 1 } else { cpus };
        let vcpus = (0..running).map(|number| {
            let leaves = cpuid::leaves(supported.as_slice(), number, cpus);
            let cpuid = CpuId::from_entries(&leaves).map_err(|_| Error::new(libc::E2BIG))?;
            vcpu(&vm, &cpuid, start, number)
        });
        let vcpus = vcpus.collect::<Result<Vec<_>, _>>().map_err(KvmError::Create)?;
        let readable = vcpus.iter().map(Vcpu::duplicate).collect::<Result<_, _>>();
        let readable = readable.map_err(|error| KvmError::Create(error.into()))?;
        let shared = Shared::new(Kernel::new(vm, kvm.get_nr_memslots()), running, readable);
        let shared = Arc::new(shared);
        let _listening =
            guest.listen(i32::MAX, Arc::clone(&shared.slots)).map_err(KvmError::Map)?;
        Ok(Self { guest, start: *start, _listening, vcpus, shared })
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The platform for vdevs.
    pub(crate) fn platform(&self) -> Arc<dyn Platform> {
        Arc::clone(&self.shared) as Arc<dyn Platform>
    }

    /// Runs the guest until it has ended, and returns its exit code. `interruptible`: interrupts
    /// may be raised, so vCPU 0 waits for one when it halts with interrupts enabled; otherwise it
    /// has ended then. `enter` is called on the thread of each vCPU, with its number, before its
    /// first access; the result is dropped when the thread ends.
    pub(crate) fn run<T>(
        &mut self,
        interruptible: bool,
        enter: impl Fn(u32, *mut gasp_cpu) -> T + Sync,
    ) -> Result<u8, KvmError> {
        entry::check(&self.start, self.guest)?;
        let (guest, shared) = (self.guest, &*self.shared);
        shared.set_interruptible(interruptible);
        thread::scope(|scope| {
            for (number, vcpu) in (0..).zip(&mut self.vcpus) {
                let enter = &enter;
                let mut run = move || {
                    let cpu = guest.cpu().map_err(KvmError::Handle)?;
                    let handle = cpu.handle();
                    let mut runner = Runner::new(number, vcpu, cpu, shared);
                    // Dropped first: it may use the handle until then.
                    let _entered = enter(number, handle);
                    runner.run()
                };
                let name = format!("vcpu{number}");
                let run = move || run().unwrap_or_else(|error| shared.fate.fail(error));
                if let Err(error) = thread::Builder::new().name(name).spawn_scoped(scope, run) {
                    shared.fate.fail(KvmError::Thread(error));
                }
            }
        });
        shared.fate.outcome()
    }
}

fn vcpu(vm: &VmFd, cpuid: &CpuId, start: &Start, number: u32) -> Result<Vcpu, kvm_ioctls::Error> {
    let vcpu = vm.create_vcpu(u64::from(number))?;
    vcpu.set_cpuid2(cpuid)?;
    start::apply(start, number, &vcpu)?;
    Ok(Vcpu::new(vcpu))
}
