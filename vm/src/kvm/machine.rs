//! The VM, its vCPUs and their threads.

#![forbid(unsafe_code)]

use super::KvmError;
use super::exit::Vcpu;
use super::gate::Gate;
use super::kick;
use super::lines::Lines;
use super::listener::Slots;
use super::memslots::Kernel;
use super::start::Start;
use super::vcpu::Runner;
use crate::gasp::{Guest, Listening};
use crate::platform::{Ending, Platform};
use gasp_abi::gasp_cpu;
use kvm_ioctls::{Cap, Kvm, VmFd};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Below the ROM of any firmware of up to 256 KiB.
const TSS: usize = 0xfffb_d000;

/// Whether the guest has ended, and why.
#[derive(Debug)]
pub(super) struct Fate {
    gate: Arc<Gate>,
    ending: Ending,
    failure: Mutex<Option<KvmError>>,
}

impl Fate {
    fn new(gate: Arc<Gate>) -> Self {
        Self { gate, ending: Ending::default(), failure: Mutex::default() }
    }

    pub(super) fn ended(&self) -> bool {
        self.ending.code().is_some()
    }

    /// Ends the guest. The first call counts.
    pub(super) fn end(&self, exit_code: u8) {
        self.ending.end(exit_code);
        self.gate.end();
    }

    /// Ends the guest because it cannot go on.
    pub(super) fn fail(&self, error: KvmError) {
        let mut failure = self.failure();
        if self.ending.end(error.exit_code()) {
            *failure = Some(error);
        }
        drop(failure);
        self.gate.end();
    }

    fn failure(&self) -> MutexGuard<'_, Option<KvmError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outcome(&self) -> Result<u8, KvmError> {
        match self.failure().take() {
            Some(error) => Err(error),
            None => Ok(self.ending.code().unwrap_or(0)),
        }
    }
}

/// What the threads of a machine share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) fate: Arc<Fate>,
    pub(super) slots: Arc<Slots>,
    pub(super) lines: Lines,
    interruptible: AtomicBool,
    /// How many vCPUs still have something to do.
    working: AtomicU32,
}

impl Shared {
    /// Whether anybody could raise an interrupt.
    pub(super) fn interruptible(&self) -> bool {
        self.interruptible.load(SeqCst)
    }

    /// A vCPU has nothing more to do.
    pub(super) fn retire(&self) {
        if self.working.fetch_sub(1, SeqCst) == 1 {
            self.fate.end(0);
        }
    }
}

impl Platform for Shared {
    fn interrupt(&self, vector: u8, asserted: bool) {
        self.lines.set(vector, asserted);
        if asserted {
            self.gate.interrupt(0);
        }
    }

    fn terminate(&self, exit_code: u8) {
        self.fate.end(exit_code);
    }
}

/// A VM of KVM, whose memslots follow the map of a guest.
#[derive(Debug)]
pub(crate) struct Machine<'g> {
    guest: &'g Guest,
    /// Until this is dropped, the slots follow the map.
    _listening: Listening<'g>,
    vcpus: Vec<Vcpu>,
    shared: Arc<Shared>,
}

impl<'g> Machine<'g> {
    /// A VM with this many vCPUs, and with slots for the memory that the guest has now.
    pub(crate) fn new(guest: &'g Guest, start: &Start, cpus: u32) -> Result<Self, KvmError> {
        let kvm = Kvm::new().map_err(KvmError::Missing)?;
        for cap in [Cap::UserMemory, Cap::ReadonlyMem, Cap::ImmediateExit] {
            if !kvm.check_extension(cap) {
                return Err(KvmError::Capability(cap));
            }
        }
        kick::install().map_err(KvmError::Signal)?;
        let vm = Arc::new(kvm.create_vm().map_err(KvmError::Missing)?);
        // Intel's oldest processors need three pages for real mode, where firmware has its ROM.
        vm.set_tss_address(TSS).map_err(KvmError::Create)?;
        start.prepare(guest)?;
        let vcpus = (0..cpus).map(|number| vcpu(&kvm, &vm, start, number));
        let vcpus = vcpus.collect::<Result<_, _>>().map_err(KvmError::Create)?;
        let shared = Arc::new(shared(Kernel::new(vm, kvm.get_nr_memslots()), cpus));
        let _listening =
            guest.listen(i32::MAX, Arc::clone(&shared.slots)).map_err(KvmError::Map)?;
        Ok(Self { guest, _listening, vcpus, shared })
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// For vdevs and timers.
    pub(crate) fn platform(&self) -> Arc<dyn Platform> {
        Arc::clone(&self.shared) as Arc<dyn Platform>
    }

    /// Runs the guest until it has ended: its exit code. `interruptible` says that somebody may
    /// raise interrupts: then a vCPU 0 that halts with interrupts enabled waits for one; else
    /// it has ended. `enter` is called on the thread of each vCPU, with its number, before its
    /// first access; what it returns is dropped when the thread ends.
    pub(crate) fn run<T>(
        &mut self,
        interruptible: bool,
        enter: impl Fn(u32, *mut gasp_cpu) -> T + Sync,
    ) -> Result<u8, KvmError> {
        let (guest, shared) = (self.guest, &*self.shared);
        shared.interruptible.store(interruptible, SeqCst);
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

fn vcpu(kvm: &Kvm, vm: &VmFd, start: &Start, number: u32) -> Result<Vcpu, kvm_ioctls::Error> {
    let vcpu = vm.create_vcpu(u64::from(number))?;
    let mut cpuid = kvm.get_supported_cpuid(kvm_bindings::KVM_MAX_CPUID_ENTRIES)?;
    for entry in cpuid.as_mut_slice().iter_mut().filter(|entry| entry.function == 1) {
        // The number of the processor.
        entry.ebx = entry.ebx & 0x00ff_ffff | number << 24;
    }
    vcpu.set_cpuid2(&cpuid)?;
    start.apply(number, &vcpu)?;
    Ok(Vcpu::new(vcpu))
}

fn shared(kernel: Kernel, cpus: u32) -> Shared {
    let gate = Arc::new(Gate::new(cpus));
    let fate = Arc::new(Fate::new(Arc::clone(&gate)));
    let fatal = {
        let fate = Arc::clone(&fate);
        Box::new(move |message| fate.fail(KvmError::Slots(message)))
    };
    let slots = Arc::new(Slots::new(Box::new(kernel), Arc::clone(&gate), fatal));
    let (interruptible, working) = (AtomicBool::new(false), AtomicU32::new(cpus));
    Shared { gate, fate, slots, lines: Lines::default(), interruptible, working }
}
