//! The watchdog helper.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Machine, plugin};

const AT: u64 = 0xd000_0000;

/// A write bites: byte 0 is the action, byte 1 the flags, byte 2 what is given instead of a watchdog.
const BITES: &str = r"
    #include <qvm/wdog.h>
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        struct wdog_state state;
        uint64_t value;
        UNUSED;
        if (guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value) != EOK) return VRS_BUS_ERROR;
        state.ws_vdev = value >> 16 == 1 ? NULL : value >> 16 == 2 ? (vdev_t *)&state : vdev;
        state.ws_action = value & 0xff;
        state.ws_flags = value >> 8 & 0xff;
        wdog_bite(value >> 16 == 3 ? NULL : &state);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vwrite = vwrite)
";

/// What a bite causes: calls of the host, and lines.
fn bite(options: &str, value: u64) -> (Vec<Event>, Vec<String>) {
    let machine = Machine::with_log(plugin("t_bites", BITES));
    machine.create("t_bites", &format!("loc 0xd0000000 {options}")).unwrap();
    machine.start();
    machine.write(AT, value).unwrap();
    (machine.platform.events(), machine.platform.lines())
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_bite_ends_the_guest_with_exit_code_4() {
    assert_eq!(bite("", 0), (vec![Event::Terminate(4)], vec![]));
}

#[test]
fn a_bite_is_an_edge_on_the_interrupt() {
    let (events, lines) = bite("intr apic:0x31", 1);
    assert_eq!(events, [Event::Interrupt(0x31, true), Event::Interrupt(0x31, false)]);
    assert_eq!(lines, NOTHING);
}

#[test]
fn an_interrupt_that_is_refused_is_an_error() {
    let (events, lines) = bite("", 1);
    assert_eq!(events, []);
    assert_eq!(lines, ["2 t_bites: wdog_bite: the interrupt was refused (22)"]);
}

#[test]
fn a_dump_that_fails_is_a_warning_and_the_bite_goes_on() {
    let (events, lines) = bite("", 0x100);
    assert_eq!(events, [Event::CoreFile, Event::Terminate(4)]);
    assert_eq!(
        lines,
        [
            "2 t_bites: wdog_bite: there is no core file of the guest: No space left on device (os error 28)"
        ]
    );
}

#[test]
fn an_action_that_is_none_ends_the_guest() {
    let (events, lines) = bite("", 7);
    assert_eq!(events, [Event::Terminate(4)]);
    assert_eq!(lines, ["2 t_bites: wdog_bite: 7 is no WDOG_ACTION_*: the guest is ended"]);
}

#[test]
fn what_is_no_watchdog_is_an_error_of_the_vdev_that_acts() {
    for (given, why) in [(1, "ws_vdev is no vdev"), (2, "ws_vdev is no vdev"), (3, "wds is NULL")] {
        let (events, lines) = bite("", given << 16);
        assert_eq!(events, []);
        assert_eq!(lines, [format!("2 t_bites: wdog_bite: {why}")]);
    }
}
