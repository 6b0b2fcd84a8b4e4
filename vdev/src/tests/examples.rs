//! The vdevs of `vdevs/`, as a guest would use them.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Directory, Event, Machine, RAM, compile, here};
use super::running::eventually;
use gasp_abi::gasp_region_flags as grf;
use gasp_safe::{Space, at_pages, flags};
use std::sync::{Mutex, MutexGuard, PoisonError};

const AT: u64 = 0xd000_0000;

fn example(name: &str) -> Machine {
    let directory = Directory::new();
    let source = here().join(format!("../vdevs/vdev-{name}.c"));
    compile(&source, &directory.0.join(format!("vdev-{name}.so")));
    Machine::new(directory)
}

#[test]
fn trace_counts_seconds_from_what_was_written() {
    const FROM: u32 = 0x1234_5678;
    let machine = example("trace");
    for number in ["-1", "many", "4294967296", "7x"] {
        let error = machine.create("trace", &format!("emit-trace {number}")).unwrap_err();
        assert!(error.message.contains(&format!("refused emit-trace {number}")), "{error}");
    }
    let error = machine.create("trace", "loc io:0x70").unwrap_err();
    assert!(error.message.contains("cannot be at ports"), "{error}");
    machine.create("trace", "loc 0xd0000000 emit-logger emit-trace 0x4d").unwrap();
    machine.start();
    let read = || machine.on_cpu(|cpu| cpu.bytes::<4>(Space::Memory, AT)).map(u32::from_le_bytes);
    machine.on_cpu(|cpu| cpu.write(Space::Memory, AT, &FROM.to_le_bytes())).unwrap();
    assert!(read().unwrap() >= FROM);
    eventually("a second", || read().unwrap() > FROM);
    // Only 32 bits at once are for the device.
    assert_eq!(machine.on_cpu(|cpu| cpu.bytes::<2>(Space::Memory, AT)), Ok([0xff, 0xff]));
    // Nobody counts afterwards.
    machine.vdevs.terminate().unwrap();
    let last = read();
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(read(), last);
}

#[test]
fn serial_is_ready_and_interrupts_when_it_is_told_to() {
    let machine = example("serial");
    machine.create("serial", "intr apic:0x24").unwrap();
    machine.start();
    machine.on_cpu(|cpu| {
        let mut out =
            |port: u64, value: u8| cpu.write(Space::Ports, 0x3f8 + port, &[value]).unwrap();
        out(3, 0x80);
        out(0, 0x0c);
        out(3, 0x03);
        out(7, 0x5a);
        out(1, 0x02);
        let read = |cpu: &mut super::machine::Accesses<'_>, port: u64| {
            cpu.bytes::<1>(Space::Ports, 0x3f8 + port).unwrap()[0]
        };
        assert_eq!([3, 5, 6, 7].map(|port| read(cpu, port)), [0x03, 0x60, 0xb0, 0x5a]);
        // THR is empty since the interrupt was allowed; looking takes it back.
        assert_eq!([2, 2].map(|port| read(cpu, port)), [0x02, 0x01]);
        cpu.write(Space::Ports, 0x3f8, b"\n").unwrap();
        assert_eq!(read(cpu, 2), 0x02);
        cpu.write(Space::Ports, 0x3fb, &[0x80]).unwrap();
        assert_eq!([0, 1].map(|port| read(cpu, port)), [0x0c, 0x00]);
        // Only single bytes are for the device.
        assert_eq!(cpu.bytes::<2>(Space::Ports, 0x3f8), Ok([0xff, 0xff]));
    });
    let lines: Vec<_> = machine.platform.events();
    let rising = lines
        .windows(2)
        .filter(|pair| *pair == [Event::Interrupt(0x24, false), Event::Interrupt(0x24, true)]);
    assert_eq!((lines[0], rising.count()), (Event::Interrupt(0x24, true), 1));
    assert_eq!(lines.last(), Some(&Event::Interrupt(0x24, false)));
}

#[test]
fn the_watchdog_interrupts_and_then_ends_the_guest() {
    const LOAD: u64 = AT;
    const VALUE: u64 = AT + 4;
    const CONTROL: u64 = AT + 8;
    const INTCLR: u64 = AT + 0xc;
    const RIS: u64 = AT + 0x10;
    const LOCK: u64 = AT + 0xc00;
    let machine = example("watchdog");
    let error = machine.create("watchdog", "hz fast").unwrap_err();
    assert!(error.message.contains("refused hz fast"), "{error}");
    machine.create("watchdog", "loc 0xd0000000 intr apic:0x31 hz 1000").unwrap();
    machine.start();
    let write = |location, value: u32| {
        machine.on_cpu(|cpu| cpu.write(Space::Memory, location, &value.to_le_bytes())).unwrap();
    };
    let read = |location| {
        let data = machine.on_cpu(|cpu| cpu.bytes::<4>(Space::Memory, location)).unwrap();
        u32::from_le_bytes(data)
    };
    assert_eq!((read(LOAD), read(VALUE), read(LOCK)), (u32::MAX, u32::MAX, 0));
    assert_eq!([0, 4, 8, 12].map(|byte| read(AT + 0xfe0 + byte)), [0x05, 0x18, 0x14, 0x00]);
    // Locked, nothing can be written.
    write(LOCK, 1);
    write(LOAD, 5);
    assert_eq!((read(LOAD), read(LOCK)), (u32::MAX, 1));
    write(LOCK, 0x1acc_e551);
    // A long time: it runs down, but not to the end.
    write(LOAD, 1_000_000);
    write(CONTROL, 3);
    eventually("the counter runs", || read(VALUE) < 1_000_000);
    assert!(read(VALUE) > 900_000);
    assert_eq!(machine.platform.events().last(), Some(&Event::Interrupt(0x31, false)));
    // 20 milliseconds: interrupts, is cleared, interrupts, is not cleared.
    write(LOAD, 20);
    eventually("the first interrupt", || read(RIS) == 1);
    assert_eq!(read(AT + 0x14), 1);
    assert!(machine.platform.events().contains(&Event::Interrupt(0x31, true)));
    write(INTCLR, 1);
    let end = Event::Terminate(4);
    assert!(!machine.platform.events().contains(&end));
    eventually("the end", || machine.platform.events().contains(&end));
    assert_eq!(read(RIS), 1);
}

#[test]
fn a_watchdog_that_stands_does_nothing() {
    let machine = example("watchdog");
    machine.create("watchdog", "loc 0xd0000000 hz 1000000").unwrap();
    machine.start();
    let write = |location, value: u32| {
        machine.on_cpu(|cpu| cpu.write(Space::Memory, location, &value.to_le_bytes())).unwrap();
    };
    write(AT, 100_000);
    write(AT + 8, 3);
    write(AT + 8, 0);
    std::thread::sleep(std::time::Duration::from_millis(250));
    assert_eq!(machine.platform.events(), []);
    let left = machine.on_cpu(|cpu| cpu.bytes::<4>(Space::Memory, AT + 4)).unwrap();
    let first = u32::from_le_bytes(left);
    assert!(first > 0 && first <= 100_000, "{first}");
}

/// A plugin is loaded once for all tests, and this one can have one device.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn dirty_finds_the_pages_that_are_written() {
    let _alone = alone();
    let machine = example("dirty");
    machine.create("dirty", "loc 0xd0000000 length 0x40000 from 0x10000").unwrap();
    let error = machine.create("dirty", "loc 0xd0100000").unwrap_err();
    assert!(error.message.contains("Device or resource busy"), "{error}");
    machine.start();
    let before = machine.guest.spans(Space::Memory);
    let list = machine.read(AT + 0x10).unwrap();
    assert!((0x5_0000..RAM).contains(&list) && at_pages([list]), "{list:#x}");
    machine.write(0x2_0000, 7).unwrap();
    machine.write(AT, 1).unwrap();
    assert_eq!((machine.read(AT), machine.read(AT + 0x20)), (Ok(1), Ok(0)));
    assert_eq!(machine.read(AT + 0x28), Ok(0x4_0000));
    let taken = &machine.guest.spans(Space::Memory)[1];
    assert_eq!((taken.location, taken.last), (0x1_0000, 0x4_ffff));
    let taken_rights =
        flags([grf::GRF_VIRT_WR, grf::GRF_PASS_RD, grf::GRF_PASS_EX, grf::GRF_MEMORY]);
    let rights = taken_rights | grf::GRF_PASS_WR as u32;
    assert_eq!(taken.flags & rights, taken_rights);
    // Two writes to one page, one over a border, one outside; reads find what is there.
    for (location, value) in [(0x2_0008, 1), (0x2_0010, 2), (0x3_0ffc, u64::MAX), (0x5_0000, 3)] {
        machine.write(location, value).unwrap();
        assert_eq!(machine.read(location), Ok(value));
    }
    assert_eq!(machine.read(0x2_0000), Ok(7));
    assert_eq!(machine.read(AT + 8), Ok(3));
    let entry = |index: u64| machine.read(list + 8 * index).unwrap();
    assert_eq!([0, 1, 2, 3].map(entry), [3, 0x2_0000, 0x3_0000, 0x3_1000]);
    // A copy into a watched page: the device writes there, too.
    machine.write(AT + 0x18, 0x4_0000).unwrap();
    assert_eq!(machine.read(AT + 0x20), Ok(0));
    let copied = |index: u64| machine.read(0x4_0000 + 8 * index).unwrap();
    assert_eq!([0, 1, 2, 3, 4].map(copied), [4, 0x2_0000, 0x3_0000, 0x3_1000, 0x4_0000]);
    // Not at a page; where nothing is.
    for (location, errno) in [(0x4_0008, libc::EINVAL), (AT + 0x1000, libc::ENXIO)] {
        machine.write(AT + 0x18, location).unwrap();
        assert_eq!(machine.read(AT + 0x20), Ok(u64::try_from(errno).unwrap()));
    }
    // The map is as it was before.
    machine.write(AT, 0).unwrap();
    assert_eq!(machine.read(AT + 0x20), Ok(0));
    assert_eq!(machine.guest.spans(Space::Memory), before);
    machine.vdevs.status();
    machine.vdevs.terminate().unwrap();
}

#[test]
fn dirty_loses_no_write_while_pages_come_and_go() {
    const ROUNDS: u64 = 200;
    const PAGES: u64 = 16;
    let _alone = alone();
    let machine = example("dirty");
    machine.create("dirty", "loc 0xd0000000 from 0x10000 length 0x10000").unwrap();
    machine.start();
    let machine = &machine;
    std::thread::scope(|scope| {
        for writer in 0..2 {
            scope.spawn(move || {
                machine.on_cpu(|cpu| {
                    for count in 0..ROUNDS * PAGES {
                        let location = 0x1_0000 + count % PAGES * 0x1000 + writer * 8;
                        let value = cpu.read(Space::Memory, location).unwrap() + 1;
                        cpu.write(Space::Memory, location, &value.to_le_bytes()).unwrap();
                    }
                });
            });
        }
        for round in 0..ROUNDS {
            machine.write(AT, round % 2).unwrap();
            assert_eq!(machine.read(AT + 0x20), Ok(0));
        }
    });
    for location in (0..PAGES).flat_map(|page| [0, 8].map(|word| 0x1_0000 + page * 0x1000 + word)) {
        assert_eq!(machine.read(location), Ok(ROUNDS), "{location:#x}");
    }
}
