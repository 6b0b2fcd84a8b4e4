//! The loop of a vCPU: enter the guest, exit, handle the exit.

#![forbid(unsafe_code)]

use super::dump;
use super::entry::RESET_VECTOR;
use super::error::KvmError;
use super::exit::{Exit, Vcpu};
use super::gate::Entry;
use super::reason::InternalError;
use super::registers::Here;
use super::shared::Shared;
use crate::log;
use crate::platform::Power;
use gasp_safe::{AccessKind, Cpu, Space};
use std::time::Duration;

/// The most retries in a row of an instruction that failed while slots changed.
const RETRIES: u32 = 1000;
/// The time between two checks whether a change is over.
const PAUSE: Duration = Duration::from_micros(50);
/// A vCPU that halts after so few bytes has done nothing.
const AT_ONCE: u64 = 3;
/// The exception for an access that fails.
const GENERAL_PROTECTION: u8 = 13;

/// A vCPU on its thread.
#[derive(Debug)]
pub(super) struct Runner<'m, 'g> {
    number: u32,
    vcpu: &'m mut Vcpu,
    cpu: Cpu<'g>,
    shared: &'m Shared,
    /// Interrupts wait until the guest can take them.
    window: bool,
    fault: Fault,
    /// The number of failures in a row of an instruction while slots changed.
    failures: u32,
    /// Where it starts, as a linear address.
    first: u64,
    /// How often it has entered the guest; 2 stands for more.
    entries: u8,
}

/// The state of the exception for an access that failed. Until it has been delivered no interrupt
/// is injected: KVM would lose the interrupt, or deliver it in the exception's handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It will be raised as soon as the instruction is over.
    Pending,
    /// KVM delivers it when the guest continues.
    Raised,
}

/// The next step of the loop.
enum Next {
    Enter,
    /// No instruction is half done.
    Kicked,
    /// An access failed.
    Fault(i32),
    Halt,
    Retry(InternalError),
    End(u8),
}

impl<'m, 'g> Runner<'m, 'g> {
    pub(super) fn new(number: u32, vcpu: &'m mut Vcpu, cpu: Cpu<'g>, shared: &'m Shared) -> Self {
        let (window, fault, failures, first, entries) = (false, Fault::None, 0, 0, 0);
        Self { number, vcpu, cpu, shared, window, fault, failures, first, entries }
    }

    /// Runs the guest until it has ended.
    pub(super) fn run(&mut self) -> Result<(), KvmError> {
        let kickable = self.vcpu.kickable();
        self.first = self.position().unwrap_or(0);
        let _here = Here::new(self.vcpu.fd());
        self.shared.gate.register(self.number);
        loop {
            // Before the gate: a request after this line comes with a new kick.
            kickable.set(self.fault == Fault::Pending);
            match self.shared.gate.enter(self.number) {
                Entry::Ended => return Ok(()),
                Entry::Inside if !self.window => {}
                Entry::Inside | Entry::Interrupt => {
                    self.interrupt().inspect_err(|_| self.leave())?
                }
            }
            let changes = self.shared.slots.changes();
            let next = self.step()?;
            if self.fault == Fault::Raised {
                self.fault = Fault::None;
            }
            match next {
                Next::Kicked if self.fault == Fault::Pending => self.fault()?,
                Next::Enter | Next::Kicked => self.failures = 0,
                // The next KVM_RUN completes the instruction and returns at once.
                Next::Fault(libc::EFAULT) => self.fault = Fault::Pending,
                Next::Fault(errno) => return Err(KvmError::Vdev { cpu: self.number, errno }),
                Next::Halt => self.halt(),
                Next::Retry(error) => self.retry(changes, &error)?,
                Next::End(code) => self.shared.fate.end(code),
            }
        }
    }

    /// Enters the guest once, and makes the access that caused the exit.
    fn step(&mut self) -> Result<Next, KvmError> {
        let (gate, number, cpu) = (&self.shared.gate, self.number, &mut self.cpu);
        self.entries = self.entries.saturating_add(1).min(2);
        let exit = self.vcpu.run();
        gate.leave(number, matches!(exit, Exit::Kicked));
        let done = match exit {
            Exit::MmioRead(location, data) => {
                cpu.access(Space::Memory, AccessKind::Read, location, data)
            }
            Exit::MmioWrite(location, data) => write(cpu, Space::Memory, location, data),
            Exit::In { port, size, data } => data.chunks_mut(size).try_for_each(|data| {
                cpu.access(Space::Ports, AccessKind::Read, u64::from(port), data)
            }),
            Exit::Out { port, size, data } => data
                .chunks(size)
                .try_for_each(|data| write(cpu, Space::Ports, u64::from(port), data)),
            Exit::Kicked => return Ok(Next::Kicked),
            Exit::Halted => return Ok(Next::Halt),
            Exit::Internal(error) => return Ok(Next::Retry(error)),
            Exit::SystemEvent => return Ok(Next::End(0)),
            Exit::Shutdown => return Err(self.triple_fault()),
            Exit::Failed(why) => return Err(self.failed(&why)),
        };
        Ok(done.map_or_else(Next::Fault, |()| Next::Enter))
    }

    /// Injects an interrupt, or requests an exit as soon as that is possible.
    fn interrupt(&mut self) -> Result<(), KvmError> {
        let takes = self.fault == Fault::None && self.vcpu.takes_interrupts();
        if let Some(vector) = takes.then(|| self.shared.lines.take()).flatten() {
            let inject = self.vcpu.inject(vector);
            inject.map_err(|error| self.failed(&format!("KVM_INTERRUPT failed: {error}")))?;
        }
        self.window = self.shared.lines.any();
        self.vcpu.request_window(self.window);
        Ok(())
    }

    fn leave(&self) {
        self.shared.gate.leave(self.number, false);
    }

    /// The guest waits for an interrupt. If none can come, this vCPU retires; the guest ends with
    /// the last one.
    fn halt(&mut self) {
        let takes = self.number == 0 && self.vcpu.interrupts_enabled();
        if takes && self.shared.lines.any() {
            return;
        }
        let waits = takes && self.shared.interruptible();
        self.shared.power(self.number, if waits { Power::Waits } else { Power::Off });
        if !waits {
            self.tell_why();
            self.shared.retire();
        }
        self.shared.gate.halt(self.number, waits);
        if waits {
            self.shared.power(self.number, Power::Runs);
        }
    }

    /// Tells why this vCPU halts for good.
    fn tell_why(&self) {
        let why = match self.number {
            0 if !self.vcpu.interrupts_enabled() => "interrupts are disabled",
            0 => "no vdev has an interrupt",
            _ => "interrupts go to vCPU 0",
        };
        let at = self.position().unwrap_or(0);
        let text = format!("vCPU {} halts for good at {at:#x}: {why}", self.number);
        // Wrapping: it may have jumped to before its first instruction.
        if self.entries == 1 && at.wrapping_sub(self.first) <= AT_ONCE {
            log::warn("", &format!("{text}; it has done nothing else"));
        } else {
            log::tell(&text);
        }
    }

    /// The linear address of the next instruction.
    fn position(&self) -> Result<u64, kvm_ioctls::Error> {
        Ok(dump::linear(&self.vcpu.fd().get_regs()?, &self.vcpu.fd().get_sregs()?))
    }

    /// Raises the exception for an access that failed. It comes after the instruction, because KVM
    /// cannot fail the instruction itself.
    fn fault(&mut self) -> Result<(), KvmError> {
        self.fault = Fault::Raised;
        let raised = self.raise_general_protection();
        raised.map_err(|error| KvmError::Unsupported { cpu: self.number, error })
    }

    fn raise_general_protection(&self) -> Result<(), kvm_ioctls::Error> {
        let protected = self.vcpu.fd().get_sregs()?.cr0 & 1 != 0;
        let mut events = self.vcpu.fd().get_vcpu_events()?;
        events.exception.injected = 1;
        events.exception.nr = GENERAL_PROTECTION;
        events.exception.has_error_code = u8::from(protected);
        events.exception.error_code = 0;
        self.vcpu.fd().set_vcpu_events(&events)
    }

    /// Handles an internal error of KVM. That is the guest's error, unless slots changed meanwhile:
    /// then KVM could not read the instruction, or not deliver an interrupt. Who changes the map step
    /// by step holds the lock until the last one, so this waits for the lock first, as an access does
    /// that finds nothing.
    fn retry(&mut self, before: u64, error: &InternalError) -> Result<(), KvmError> {
        self.failures = self.failures.saturating_add(1);
        let settled = self.cpu.settle(Space::Memory);
        let unchanged = self.shared.slots.changes() == before && before & 1 == 0;
        if unchanged || self.failures > RETRIES {
            let also = settled.map_or_else(|error| format!("; {error}"), |()| String::new());
            return Err(self.failed(&format!("{}{also}", error.text())));
        }
        while self.shared.slots.changes() & 1 != 0 && !self.shared.fate.ended() {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// AMD's processors leave the registers undefined, so KVM resets the vCPU there.
    fn triple_fault(&self) -> KvmError {
        let reset = self.position().is_ok_and(|at| at == RESET_VECTOR);
        self.failed(if reset {
            "triple fault (KVM has reset the registers, as it does on AMD's processors)"
        } else {
            "triple fault"
        })
    }

    fn failed(&self, why: &str) -> KvmError {
        let state = dump::state(self.vcpu.fd(), self.cpu.guest());
        KvmError::Cpu { cpu: self.number, why: why.into(), state }
    }
}

/// Makes a write. libgasp takes a mutable buffer, and KVM's is not.
fn write(cpu: &mut Cpu<'_>, space: Space, location: u64, data: &[u8]) -> Result<(), i32> {
    let mut bytes = [0; 8];
    let bytes = &mut bytes[..data.len()];
    bytes.copy_from_slice(data);
    cpu.access(space, AccessKind::Write, location, bytes)
}
