//! The registers of the vCPU whose thread this is, for vdevs that it calls, and those of any vCPU
//! that is outside of the guest, for core files.
//!
//! While a vdev is called, KVM has not finished the instruction that makes the access. It gives the
//! registers as the instruction found them, but the instruction pointer may be behind it already;
//! and what is written then can be lost when KVM finishes it. So registers are only read.

#![allow(unsafe_code)]

use crate::platform::Registers;
use core::cell::Cell;
use core::mem::MaybeUninit;
use gasp_abi::{qvm_state_block, qvm_state_types as qst};
use kvm_bindings::{kvm_msr_entry, kvm_regs, kvm_segment, kvm_sregs};
use kvm_ioctls::VcpuFd;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// `_IOR(KVMIO, 0x81, struct kvm_regs)`. The crate's functions need the vCPU, which the data of the
/// exit has borrowed.
const KVM_GET_REGS: libc::c_ulong = 0x8090_ae81;
/// `_IOR(KVMIO, 0x83, struct kvm_sregs)`.
const KVM_GET_SREGS: libc::c_ulong = 0x8138_ae83;
/// `_IOWR(KVMIO, 0x88, struct kvm_msrs)`.
const KVM_GET_MSRS: libc::c_ulong = 0xc008_ae88;
const NONE: RawFd = -1;
/// The number of the base of the first segment.
const BASES: u64 = 0x10;

thread_local! {
    static VCPU: Cell<RawFd> = const { Cell::new(NONE) };
}

/// This thread is a vCPU's until it is dropped.
#[derive(Debug)]
pub(super) struct Here(());

impl Here {
    pub(super) fn new(vcpu: &VcpuFd) -> Self {
        VCPU.set(vcpu.as_raw_fd());
        Self(())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        VCPU.set(NONE);
    }
}

/// `struct kvm_msrs` with one entry.
#[repr(C)]
struct OneMsr {
    count: u32,
    pad: u32,
    entry: kvm_msr_entry,
}

/// The value of a register of this thread's vCPU, or an error number.
pub(crate) fn read(block: &qvm_state_block) -> Result<u64, i32> {
    let fd = VCPU.get();
    let is = |known: qst| block.r#type == known as u16;
    if fd == NONE {
        return Err(libc::ENOTSUP);
    }
    let value = if is(qst::QST_CPUREGS) {
        general(&get::<kvm_regs>(fd, KVM_GET_REGS)?, block.location)
    } else if is(qst::QST_X86_SEGREGS) {
        segment(&get::<kvm_sregs>(fd, KVM_GET_SREGS)?, block.location)
    } else if is(qst::QST_X86_CTRLREGS) {
        control(&get::<kvm_sregs>(fd, KVM_GET_SREGS)?, block.location)
    } else if is(qst::QST_X86_MSR) {
        msr(fd, block.location)?
    } else {
        return Err(libc::ENOTSUP);
    };
    value.ok_or(libc::EINVAL)
}

/// The registers of a vCPU, whose thread is not in `KVM_RUN`: KVM would wait for its exit.
pub(super) fn all(vcpu: &OwnedFd) -> Result<Registers, i32> {
    let regs = get(vcpu.as_raw_fd(), KVM_GET_REGS)?;
    Ok(in_linux_order(&regs, &get(vcpu.as_raw_fd(), KVM_GET_SREGS)?))
}

fn in_linux_order(regs: &kvm_regs, sregs: &kvm_sregs) -> Registers {
    /// Linux: the vCPU is in no system call.
    const NO_SYSTEM_CALL: u64 = u64::MAX;
    let selector = |segment: &kvm_segment| u64::from(segment.selector);
    [
        regs.r15,
        regs.r14,
        regs.r13,
        regs.r12,
        regs.rbp,
        regs.rbx,
        regs.r11,
        regs.r10,
        regs.r9,
        regs.r8,
        regs.rax,
        regs.rcx,
        regs.rdx,
        regs.rsi,
        regs.rdi,
        NO_SYSTEM_CALL,
        regs.rip,
        selector(&sregs.cs),
        regs.rflags,
        regs.rsp,
        selector(&sregs.ss),
        sregs.fs.base,
        sregs.gs.base,
        selector(&sregs.ds),
        selector(&sregs.es),
        selector(&sregs.fs),
        selector(&sregs.gs),
    ]
}

/// Has KVM fill in a structure, for which the request is.
fn get<T>(fd: RawFd, request: libc::c_ulong) -> Result<T, i32> {
    let mut state = MaybeUninit::<T>::zeroed();
    // SAFETY: a vCPU that is open, and the structure of this request.
    if unsafe { libc::ioctl(fd, request, state.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO));
    }
    // SAFETY: KVM has filled it in; its structures are numbers.
    Ok(unsafe { state.assume_init() })
}

/// `None`: the vCPU has no such register.
fn msr(fd: RawFd, number: u64) -> Result<Option<u64>, i32> {
    let Ok(index) = u32::try_from(number) else { return Ok(None) };
    let mut one = OneMsr { count: 1, pad: 0, entry: kvm_msr_entry { index, ..Default::default() } };
    // SAFETY: this thread's vCPU, and a list with as many entries as it says.
    match unsafe { libc::ioctl(fd, KVM_GET_MSRS, &raw mut one) } {
        0 => Ok(None),
        1 => Ok(Some(one.entry.data)),
        _ => Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)),
    }
}

/// In the order in which instructions number them; then RIP and RFLAGS.
fn general(regs: &kvm_regs, number: u64) -> Option<u64> {
    let all = [
        regs.rax,
        regs.rcx,
        regs.rdx,
        regs.rbx,
        regs.rsp,
        regs.rbp,
        regs.rsi,
        regs.rdi,
        regs.r8,
        regs.r9,
        regs.r10,
        regs.r11,
        regs.r12,
        regs.r13,
        regs.r14,
        regs.r15,
        regs.rip,
        regs.rflags,
    ];
    all.get(usize::try_from(number).ok()?).copied()
}

/// Selectors in the order in which instructions number them, and bases.
fn segment(sregs: &kvm_sregs, number: u64) -> Option<u64> {
    let all = [&sregs.es, &sregs.cs, &sregs.ss, &sregs.ds, &sregs.fs, &sregs.gs];
    let segment = all.get(usize::try_from(number % BASES).ok()?)?;
    match number / BASES {
        0 => Some(segment.selector.into()),
        1 => Some(segment.base),
        _ => None,
    }
}

fn control(sregs: &kvm_sregs, number: u64) -> Option<u64> {
    match number {
        0 => Some(sregs.cr0),
        2 => Some(sregs.cr2),
        3 => Some(sregs.cr3),
        4 => Some(sregs.cr4),
        8 => Some(sregs.cr8),
        _ => None,
    }
}
