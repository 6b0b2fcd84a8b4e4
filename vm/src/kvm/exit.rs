//! The results of `KVM_RUN` as a Rust type.

#![allow(unsafe_code)]

use super::kick::Kickable;
use super::reason::{InternalError, entry_failed};
use core::ptr::NonNull;
use kvm_bindings::{kvm_interrupt, kvm_run};
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// `_IOW(KVMIO, 0x86, struct kvm_interrupt)`, which kvm-ioctls does not have.
const KVM_INTERRUPT: libc::c_ulong = 0x4004_ae86;

/// The reason why a vCPU left the guest.
#[derive(Debug)]
pub(super) enum Exit<'a> {
    /// The guest reads from memory.
    MmioRead(u64, &'a mut [u8]),
    /// The guest writes to memory.
    MmioWrite(u64, &'a [u8]),
    /// The guest reads from a port, `size` bytes each time.
    In { port: u16, size: usize, data: &'a mut [u8] },
    /// The guest writes to a port, `size` bytes each time.
    Out { port: u16, size: usize, data: &'a [u8] },
    /// A signal arrived, or the guest can take interrupts now.
    Kicked,
    /// The guest waits for an interrupt.
    Halted,
    /// A triple fault.
    Shutdown,
    /// The guest has shut itself down.
    SystemEvent,
    /// KVM could not go on, as where it cannot read or emulate an instruction.
    Internal(InternalError),
    /// KVM failed, for this reason.
    Failed(String),
}

/// A vCPU of KVM.
#[derive(Debug)]
pub(super) struct Vcpu {
    fd: VcpuFd,
    run: NonNull<kvm_run>,
}

// SAFETY: the page that `run` points to belongs to `fd`, which can be sent.
unsafe impl Send for Vcpu {}

impl Vcpu {
    pub(super) fn new(mut fd: VcpuFd) -> Self {
        let run = NonNull::from(fd.get_kvm_run());
        Self { fd, run }
    }

    /// The descriptor, for registers and events.
    pub(super) fn fd(&self) -> &VcpuFd {
        &self.fd
    }

    /// Another descriptor of this vCPU.
    pub(super) fn duplicate(&self) -> io::Result<OwnedFd> {
        // SAFETY: `fd` stays open meanwhile.
        unsafe { BorrowedFd::borrow_raw(self.fd.as_raw_fd()) }.try_clone_to_owned()
    }

    /// From now on the signal stops this vCPU if this thread receives it.
    pub(super) fn kickable(&self) -> Kickable {
        // SAFETY: the page is mapped as long as `fd` is there.
        let flag = unsafe { &raw mut (*self.run.as_ptr()).immediate_exit };
        // SAFETY: the loop of the vCPU has both, and drops this first.
        unsafe { Kickable::new(flag) }
    }

    /// Runs the guest until it exits.
    pub(super) fn run(&mut self) -> Exit<'_> {
        let run = self.run;
        match self.fd.run() {
            Ok(VcpuExit::MmioRead(location, data)) => Exit::MmioRead(location, data),
            Ok(VcpuExit::MmioWrite(location, data)) => Exit::MmioWrite(location, data),
            Ok(VcpuExit::IoIn(port, data)) => Exit::In { port, size: io_size(run), data },
            Ok(VcpuExit::IoOut(port, data)) => Exit::Out { port, size: io_size(run), data },
            Ok(VcpuExit::IrqWindowOpen | VcpuExit::Intr) => Exit::Kicked,
            Ok(VcpuExit::Hlt) => Exit::Halted,
            Ok(VcpuExit::Shutdown) => Exit::Shutdown,
            Ok(VcpuExit::SystemEvent(..)) => Exit::SystemEvent,
            Ok(VcpuExit::InternalError) => Exit::Internal(internal_error(run)),
            Ok(VcpuExit::FailEntry(reason, cpu)) => Exit::Failed(entry_failed(reason, cpu)),
            Ok(VcpuExit::Unknown) => Exit::Failed(format!(
                "KVM does not know why the hardware left the guest (KVM_EXIT_UNKNOWN, reason {:#x})",
                hardware_reason(run)
            )),
            Ok(other) => Exit::Failed(format!("KVM_RUN returned {other:?}")),
            Err(error) if [libc::EINTR, libc::EAGAIN].contains(&error.errno()) => Exit::Kicked,
            Err(error) => Exit::Failed(format!("KVM_RUN failed: {error}")),
        }
    }

    /// Whether an interrupt can be injected now.
    pub(super) fn takes_interrupts(&self) -> bool {
        // SAFETY: the page is mapped as long as `fd` is there.
        unsafe { (*self.run.as_ptr()).ready_for_interrupt_injection != 0 }
    }

    /// Whether interrupts are enabled.
    pub(super) fn interrupts_enabled(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.run.as_ptr()).if_flag != 0 }
    }

    /// Sets whether the vCPU exits as soon as an interrupt can be injected.
    pub(super) fn request_window(&mut self, wanted: bool) {
        // SAFETY: as above.
        unsafe { (*self.run.as_ptr()).request_interrupt_window = u8::from(wanted) };
    }

    /// Injects an interrupt: the guest takes it when it continues.
    pub(super) fn inject(&self, vector: u8) -> io::Result<()> {
        let interrupt = kvm_interrupt { irq: u32::from(vector) };
        // SAFETY: a vCPU's descriptor, and the structure that this ioctl reads.
        let code = unsafe { libc::ioctl(self.fd.as_raw_fd(), KVM_INTERRUPT, &raw const interrupt) };
        if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

fn internal_error(run: NonNull<kvm_run>) -> InternalError {
    // SAFETY: the page is mapped as long as the vCPU is there.
    let internal = unsafe { &raw const (*run.as_ptr()).__bindgen_anon_1.internal };
    // SAFETY: called only after such an exit, which has written it.
    let internal = unsafe { internal.read() };
    InternalError { suberror: internal.suberror, ndata: internal.ndata, data: internal.data }
}

/// The processor's number for an exit that KVM does not know.
fn hardware_reason(run: NonNull<kvm_run>) -> u64 {
    // SAFETY: the page is mapped as long as the vCPU is there.
    let hardware = unsafe { &raw const (*run.as_ptr()).__bindgen_anon_1.hw };
    // SAFETY: called only after such an exit, which has written it.
    unsafe { hardware.read() }.hardware_exit_reason
}

/// Bytes of each element of the port access that caused the exit.
fn io_size(run: NonNull<kvm_run>) -> usize {
    // SAFETY: the page is mapped as long as the vCPU is there.
    let io = unsafe { &raw const (*run.as_ptr()).__bindgen_anon_1.io };
    // SAFETY: called only after an exit for a port, which has written it.
    usize::from(unsafe { io.read() }.size).max(1)
}
