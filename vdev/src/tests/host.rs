//! The interface of hosts: phases, bad arguments, names, the simulated clock.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, Vdevs, plugin};
use core::ptr;
use gasp_abi::*;
use gasp_safe::Guest;

const AT: u64 = 0xd000_0000;

/// A timer that repeats. A read at 0 is how often it has expired, a read at 8 when it did last.
const CLOCK: &str = r"
    static struct guest_timer *timer;
    static uint64_t count, last, inside;
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        uint64_t resolution;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            timer = guest_timer_create(NULL, vdev, NULL, &resolution);
        }
        if (ctrl == VDEV_CTRL_GUEST_STARTING) guest_timer_notify(timer, NULL, 100);
        return EOK;
    }
    static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
        struct guest_cpu *gcp)
    {
        (void)vdev, (void)data, (void)gcp;
        count++;
        last = tdp->guest_current;
        guest_timer_notify(timer, tdp, 100);
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t value = vopnd->location % 16 ? last : count;
        UNUSED, (void)inside;
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .timer = expired)
";

#[test]
fn a_simulated_clock_moves_when_the_host_says() {
    let machine = Machine::with_flags(plugin("t_clock", CLOCK), GASP_VDEVS_SIMULATED_CLOCK);
    machine.create("t_clock", "loc 0xd0000000").unwrap();
    assert_eq!(machine.vdevs.advance(1), libc::EPERM);
    machine.start();
    assert_eq!((machine.vdevs.clock(), machine.read(AT)), (0, Ok(0)));
    assert_eq!(machine.vdevs.advance(99), 0);
    assert_eq!((machine.vdevs.clock(), machine.read(AT)), (99, Ok(0)));
    // Each expires at its own moment, not at the end.
    assert_eq!(machine.vdevs.advance(1), 0);
    assert_eq!((machine.read(AT), machine.read(AT + 8)), (Ok(1), Ok(100)));
    assert_eq!(machine.vdevs.advance(1_000_050), 0);
    assert_eq!((machine.read(AT), machine.read(AT + 8)), (Ok(10_001), Ok(1_000_100)));
    assert_eq!(machine.vdevs.clock(), 1_000_150);
    machine.vdevs.terminate().unwrap();
}

#[test]
fn a_real_clock_is_not_moved() {
    let machine = Machine::with("t_real", &CLOCK.replace("t_clock", "t_real"));
    machine.create("t_real", "loc 0xd0000000").unwrap();
    machine.start();
    assert_eq!(machine.vdevs.advance(1), libc::EPERM);
}

#[test]
fn steps_come_once_and_in_order() {
    let machine = Machine::with("t_phases", CLOCK);
    machine.create("t_phases", "").unwrap();
    assert!(machine.vdevs.starting().unwrap_err().contains("options"));
    machine.vdevs.control(VDEV_CTRL_ASSIGN).unwrap();
    assert!(machine.vdevs.control(VDEV_CTRL_ASSIGN).is_err());
    machine.vdevs.control(VDEV_CTRL_GEN_ACPI).unwrap();
    machine.vdevs.configured().unwrap();
    assert!(machine.vdevs.configured().is_err());
    let late = machine.create("t_phases", "").unwrap_err();
    assert!(late.message.contains("no further vdev"), "{late}");
    machine.vdevs.starting().unwrap();
    assert!(machine.vdevs.starting().is_err());
    machine.vdevs.terminate().unwrap();
    for step in [VDEV_CTRL_OPTIONS_START, VDEV_CTRL_FIRST_OPTIDX, 99, u32::MAX] {
        assert!(machine.vdevs.control(step).unwrap_err().contains("no control code"));
    }
}

/// The errno of this thread.
fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap()
}

#[test]
fn bad_arguments_are_refused() {
    let guest = Guest::new().unwrap();
    let host = gasp_vdev_host {
        size: size_of::<gasp_vdev_host>(),
        flags: 0,
        arg: ptr::null_mut(),
        interrupt: None,
        terminate: None,
        fatal: None,
        log: None,
        registers: None,
        msi: None,
        core_file: None,
    };
    let create = |gsp, host: &gasp_vdev_host| {
        // SAFETY: bad handles are recognised.
        let vdevs = unsafe { gasp_vdevs_create(gsp, host) };
        assert!(vdevs.is_null());
        errno()
    };
    assert_eq!(create(ptr::null_mut(), &host), libc::EINVAL);
    assert_eq!(create(guest.handle(), &gasp_vdev_host { size: 8, ..host }), libc::EINVAL);
    assert_eq!(create(guest.handle(), &gasp_vdev_host { flags: 1 << 31, ..host }), libc::EINVAL);
    let directory = super::machine::Directory::new();
    let vdevs = Vdevs::new(&guest, None, &directory.0);
    assert_eq!(create(guest.handle(), &host), libc::EBUSY);
    drop(vdevs);
    let none = ptr::null_mut();
    // SAFETY: bad handles are recognised, here and below.
    assert_eq!(unsafe { gasp_vdevs_control(none, VDEV_CTRL_STATUS, ptr::null()) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_add_path(none, c"/".as_ptr()) }, libc::EINVAL);
    // SAFETY: as above.
    assert!(unsafe { gasp_vdevs_load(none, c"x".as_ptr()) }.is_null());
    // SAFETY: as above.
    assert!(unsafe { gasp_vdevs_next(none, ptr::null()) }.is_null());
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_advance(none, 0) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_clock(none) }, 0);
    // SAFETY: as above.
    assert!(unsafe { gasp_vdev_name(ptr::null()) }.is_null());
    // SAFETY: as above.
    unsafe { gasp_vdevs_destroy(none) };
}

#[test]
fn a_guest_outlives_its_vdevs() {
    let guest = Guest::new().unwrap();
    guest.add_memory(0, 0x1000, gasp_safe::Memory::Ram).unwrap();
    for _ in 0..3 {
        let directory = plugin("t_again", CLOCK);
        let vdevs = Vdevs::new(&guest, None, &directory.0);
        vdevs.add("t_again", &[("loc".into(), Some("0xd0000000".into()))]).unwrap();
        assert_eq!(guest.spans(gasp_safe::Space::Memory).len(), 2);
        let vdev = guest.spans(gasp_safe::Space::Memory)[1].vdev;
        assert_eq!(vdevs.name_of(vdev), Some("t_again"));
        assert_eq!(vdevs.next(ptr::null()), vdev);
        assert!(vdevs.next(vdev).is_null());
        drop(vdevs);
        assert_eq!(guest.spans(gasp_safe::Space::Memory).len(), 1);
    }
}

/// A vdev that keeps the argument of the last step with one, and answers a STATUS with an error.
const TABLES: &str = r"
    static uint64_t last = 0x55;
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
        }
        if (arg != NULL || ctrl == VDEV_CTRL_GEN_ACPI)
            last = (uintptr_t)arg | (uint64_t)ctrl << 32 | (uint64_t)(vdev->v_block.location >> 28) << 40;
        return ctrl == VDEV_CTRL_STATUS ? EBUSY : ctrl == VDEV_CTRL_GEN_FDT && arg == NULL ? EINVAL : EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        UNUSED;
        return guest_cpu_write(gcp, 0, oopnd, 1, &last, sizeof last) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread)
";

#[test]
fn tables_are_made_when_places_are_known_and_before_the_guest_is_configured() {
    let machine = Machine::with("t_tables", TABLES);
    machine.create("t_tables", "loc 0xd0000000").unwrap();
    let send = |step, argument: usize| {
        let argument = ptr::without_provenance(argument);
        // SAFETY: a set; the argument is a number, as the vdev knows.
        unsafe { gasp_vdevs_control(machine.vdevs.0, step, argument) }
    };
    assert_eq!((send(VDEV_CTRL_GEN_FDT, 7), machine.read(AT)), (0, Ok(0xd << 40 | 6 << 32 | 7)));
    // ASSIGN was sent before it.
    assert_eq!(send(VDEV_CTRL_ASSIGN, 0), libc::EPERM);
    assert_eq!((send(VDEV_CTRL_GEN_ACPI, 0), machine.read(AT)), (0, Ok(0xd << 40 | 5 << 32)));
    assert_eq!(send(VDEV_CTRL_GEN_FDT, 0), libc::ENODEV);
    assert_eq!(send(VDEV_CTRL_PCI_BARS, 0), libc::EINVAL);
    machine.start();
    for step in [VDEV_CTRL_GEN_ACPI, VDEV_CTRL_GEN_FDT] {
        assert_eq!(send(step, 7), libc::EPERM);
    }
    // An argument is not passed on, and a refusal is only a line in the log.
    for step in [VDEV_CTRL_STATUS, VDEV_CTRL_BUTTON] {
        assert_eq!((send(step, 9), machine.read(AT)), (0, Ok(0xd << 40 | 5 << 32)));
    }
}
