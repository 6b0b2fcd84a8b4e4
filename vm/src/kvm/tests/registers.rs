//! The registers of a vCPU that makes an access.

use super::device::Device;
use super::*;
use crate::kvm::registers::read;
use gasp_abi::qvm_state_types as qst;
use std::sync::{Arc, Mutex};

fn register(r#type: qst, location: u64) -> Result<u64, i32> {
    read(&qvm_state_block { location, length: 8, r#type: r#type as u16, flags: 0 })
}

#[test]
fn a_vdev_reads_the_registers_of_the_cpu_that_calls_it() {
    // mov ax, 0x1234; mov dx, 0x70; mov ds, dx; out dx, al; hlt
    let guest = guest(0x10000, &[0xb8, 0x34, 0x12, 0xba, 0x70, 0, 0x8e, 0xda, 0xee, 0xf4]);
    trap_port(&guest, 0x70);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&seen);
    let write = move |_: &_, _: &mut [u8]| {
        let low = |value: Result<u64, i32>| value.map(|value| value & 0xffff);
        let registers = [
            low(register(qst::QST_CPUREGS, 0)),
            low(register(qst::QST_CPUREGS, 2)),
            register(qst::QST_CPUREGS, 16).map(|rip| u64::from([0x1008, 0x1009].contains(&rip))),
            register(qst::QST_X86_SEGREGS, 3),
            register(qst::QST_X86_SEGREGS, 0x13),
            register(qst::QST_X86_CTRLREGS, 0).map(|cr0| cr0 & 1),
            register(qst::QST_X86_MSR, 0xc000_0080),
            register(qst::QST_CPUREGS, 18),
            register(qst::QST_X86_SEGREGS, 6),
            register(qst::QST_X86_SEGREGS, 0x20),
            register(qst::QST_X86_CTRLREGS, 1),
            register(qst::QST_X86_MSR, 1 << 32),
            register(qst::QST_FPUREGS, 0),
        ];
        list.lock().expect("poisoned").extend(registers);
        0
    };
    Device::new(&guest, Box::new(write));
    let Some(mut machine) = machine("registers", &guest, &START, 1) else { return };
    assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0);
    let (none, other) = (Err(libc::EINVAL), Err(libc::ENOTSUP));
    let expected =
        [0x1234, 0x70, 1, 0x70, 0x700, 0, 0].map(Ok).into_iter().chain([none; 5]).chain([other]);
    assert_eq!(*seen.lock().expect("poisoned"), expected.collect::<Vec<_>>());
}

#[test]
fn other_threads_have_no_registers() {
    assert_eq!(register(qst::QST_CPUREGS, 0), Err(libc::ENOTSUP));
}
