//! Abilities of guests, and their failures.

use super::counts::{TRAP, region};
use super::device::{Access, Device};
use super::*;
use gasp_abi::{gasp_cpu, gasp_region, qvm_state_block};
use gasp_safe::Unsupported;

/// Runs a guest to its ordinary end.
fn run(name: &str, guest: &Guest, start: &Start, cpus: u32) -> bool {
    let Some(mut machine) = machine(name, guest, start, cpus) else { return false };
    assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0, "{name}");
    true
}

#[test]
fn real_mode_runs_and_halts() {
    let guest = guest(0x10000, code::sum());
    if run("real_mode", &guest, &START, 1) {
        assert_eq!(word(&guest, 0x2000), 10);
    }
}

#[test]
fn segments_are_where_the_code_is() {
    let guest = guest(0x20000, &[]);
    guest.write(0x1_0230, code::sum()).expect("no code");
    if run("segments", &guest, &Start::Real { segment: 0x1000, offset: 0x230 }, 1) {
        assert_eq!(word(&guest, 0x1_2000), 10);
    }
}

#[test]
fn every_vcpu_knows_its_number() {
    let guest = guest(0x10000, code::number());
    guest.write(0x2000, &[0xff; 12]).expect("no memory");
    if run("numbers", &guest, &START, 3) {
        assert_eq!([0x2000, 0x2004, 0x2008].map(|place| word(&guest, place)), [0, 1, 2]);
    }
}

/// Without a stack of its own: the first push goes to the top of the lowest 4 GiB.
#[test]
fn flat_mode_reaches_the_lowest_4_gib() {
    let guest = guest(0x30_0000, &[]);
    guest.add_memory(0xffff_f000, 0x1000, Memory::Ram).expect("no memory");
    guest.write(0x10_1230, code::flat()).expect("no code");
    if run("flat_mode", &guest, &Start::Flat { entry: 0x10_1230 }, 1) {
        let words = [0x20_0000, 0x20_0004, 0x20_0008].map(|place| word(&guest, place));
        // pop ebx, and the next instruction.
        assert_eq!(words, [0x1234_5678, 0x9abc_def0, u32::from_le_bytes([0x5b, 0x2e, 0x8b, 0x03])]);
    }
}

#[test]
fn long_mode_above_4_gib() {
    let guest = guest(0x10000, &[]);
    let high = 5 << 30;
    guest.add_memory(high, 0x10000, Memory::Ram).expect("no memory");
    guest.write(high + 0x123, code::long()).expect("no code");
    let start = Start::Long { entry: high + 0x123, tables: 0x9000 };
    if run("long_mode", &guest, &start, 1) {
        assert_eq!([word(&guest, 0x2000), word(&guest, 0x2004)], [0x9000, 0]);
        assert_eq!([word(&guest, 0x2008), word(&guest, 0x200c)], [0x4000_0132, 1]);
    }
}

#[test]
fn page_tables_need_memory() {
    let guest = guest(0x10000, &[]);
    let error = Machine::new(&guest, &Start::Long { entry: 0, tables: 0xf000 }, 1);
    let error = error.expect_err("there is none");
    assert!(error.is_missing() || matches!(error, KvmError::Tables { .. }), "{error}");
    assert_eq!(error.exit_code(), 64);
}

#[test]
fn memory_that_kvm_cannot_have_is_refused() {
    let guest = guest(0x10000, &[]);
    guest.add_memory(u64::MAX - 0xfff, 0x1000, Memory::Ram).expect("no memory");
    let error = Machine::new(&guest, &START, 1).expect_err("no processor has such addresses");
    assert!(error.is_missing() || matches!(error, KvmError::Map(_)), "{error}");
    assert_eq!(error.exit_code(), 64);
}

#[test]
fn the_reset_vector_is_below_4_gib() {
    let guest = guest(0x10000, &[]);
    guest.add_memory(0xffff_0000, 0x10000, Memory::Rom).expect("no memory");
    guest.write(0xffff_8000, code::sum()).expect("no code");
    // A jump to 0x8000 of the segment.
    guest.write(0xffff_fff0, &[0xe9, 0x0d, 0x80]).expect("no code");
    if run("reset", &guest, &Start::Reset, 1) {
        assert_eq!(word(&guest, 0x2000), 10);
    }
}

fn access(port: bool, write: bool, location: u64, data: &[u8]) -> Access {
    Access { port, write, location, data: data.to_vec() }
}

#[test]
fn what_traps_reaches_its_device_as_the_guest_did_it() {
    let guest = guest(0x10000, code::talk());
    let ports = qvm_state_block { location: 0x80, length: 4, r#type: 0x8000, flags: 0 };
    let ports = gasp_region { guest: ports, ..region((0, 1, TRAP, 0)) };
    guest.set(&[region((8, 1, TRAP, 0)), ports]).expect("no traps");
    let count = std::sync::atomic::AtomicU8::new(1);
    let answer = move |access: &Access, data: &mut [u8]| {
        if !access.write {
            data.fill(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        }
        0
    };
    let device = Device::new(&guest, Box::new(answer));
    if !run("talk", &guest, &START, 1) {
        return;
    }
    let expected = [
        access(true, true, 0x81, b"g"),
        access(true, true, 0x81, b"a"),
        access(true, true, 0x81, b"s"),
        access(true, true, 0x81, b"p"),
        access(true, true, 0x80, &[0x34, 0x12]),
        access(true, false, 0x82, &[1, 1]),
        access(true, false, 0x82, &[2, 2]),
        access(false, false, 0x8004, &[3, 3]),
        access(false, true, 0x8004, &[4, 3]),
        access(false, false, 0x8008, &[4, 4, 4, 4]),
    ];
    assert_eq!(device.log(), expected);
    assert_eq!([word(&guest, 0x2100), word(&guest, 0x2200)], [0x0202_0101, 0x0404_0404]);
}

#[test]
fn an_access_that_fails_is_an_exception_of_the_guest() {
    let guest = guest(0xf000, code::fault());
    guest.set_unsupported(Unsupported::Fail).expect("no policy");
    if run("fault", &guest, &START, 1) {
        assert_eq!(word(&guest, 0x2000), 13);
    }
}

#[test]
fn a_device_that_fails_ends_the_guest() {
    let guest = guest(0x10000, code::talk());
    guest.set(&[region((8, 1, TRAP, 0))]).expect("no trap");
    Device::new(&guest, Box::new(|_, _| libc::EIO));
    let Some(mut machine) = machine("device_fails", &guest, &START, 1) else { return };
    let error = machine.run(false, |_, _| ()).expect_err("the device fails");
    assert!(matches!(error, KvmError::Vdev { cpu: 0, errno: libc::EIO }), "{error}");
    assert_eq!(error.exit_code(), 6);
}

#[test]
fn an_instruction_that_is_not_there_is_reported() {
    let guest = guest(0xf000, code::astray());
    let Some(mut machine) = machine("astray", &guest, &START, 1) else { return };
    let message = cpu_failed(machine.run(false, |_, _| ()));
    let known = [
        "KVM_EXIT_INTERNAL_ERROR, suberror 1",
        "at guest address 0xf000: nothing",
        "rip 0xf000",
        "rax 0xf000",
    ];
    for text in known {
        assert!(message.contains(text), "{text}: {message}");
    }
}

#[test]
fn a_triple_fault_says_where() {
    let guest = guest(0xf000, code::triple());
    let Some(mut machine) = machine("triple", &guest, &START, 1) else { return };
    let message = cpu_failed(machine.run(false, |_, _| ()));
    assert!(message.starts_with("vCPU 0: triple fault"), "{message}");
    let place = message.contains("region 0x0 to 0xefff") && message.contains("bytes 0f 0b");
    assert!(place || message.contains("KVM has reset the registers"), "{message}");
}

#[test]
fn what_a_vcpu_enters_with_is_dropped_when_it_ends() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    struct Kept<'a>(&'a AtomicU32);
    impl Drop for Kept<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, SeqCst);
        }
    }
    let (now, entered) = (AtomicU32::new(0), AtomicU32::new(0));
    let guest = guest(0x10000, code::sum());
    let Some(mut machine) = machine("enter", &guest, &START, 2) else { return };
    let enter = |number: u32, cpu: *mut gasp_cpu| {
        assert!(number < 2 && !cpu.is_null());
        entered.fetch_add(1, SeqCst);
        now.fetch_add(1, SeqCst);
        Kept(&now)
    };
    machine.run(false, enter).expect("failed");
    assert_eq!((now.into_inner(), entered.into_inner()), (0, 2));
}
