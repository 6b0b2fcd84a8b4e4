//! The registers of a vCPU that makes an access, and of vCPUs that run.

use super::device::Device;
use super::*;
use crate::kvm::registers::read;
use gasp_abi::qvm_state_types as qst;
use std::sync::{Arc, Mutex};
use std::thread;

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

#[test]
fn registers_of_vcpus_that_run_are_read_and_they_go_on() {
    // mov ax, 0x70; mov ds, ax; mov ax, 0x1234; inc word [0]; jmp to the increment
    let code = [0xb8, 0x70, 0, 0x8e, 0xd8, 0xb8, 0x34, 0x12, 0xff, 6, 0, 0, 0xeb, 0xfa];
    let guest = guest(0x10000, &code);
    let Some(mut machine) = machine("registers", &guest, &START, 2) else { return };
    let platform = machine.platform();
    let seen = thread::scope(|scope| {
        scope.spawn(|| assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0));
        let seen = loop {
            let all = platform.registers().expect("no registers");
            if all.iter().all(|one| (0x1008..0x100e).contains(&one[16])) {
                break all;
            }
            thread::yield_now();
        };
        let before = word(&guest, 0x700);
        while word(&guest, 0x700) == before {
            thread::yield_now();
        }
        platform.terminate(0);
        seen
    });
    // RAX, RDI and DS
    let seen: Vec<_> = seen.iter().map(|one| (one[10], one[14], one[23])).collect();
    assert_eq!(seen, [0, 1].map(|number| (0x1234, number, 0x70)));
    // The descriptors are still there: a vdev may ask late.
    drop(machine);
    assert_eq!(platform.registers().expect("no registers").len(), 2);
}
