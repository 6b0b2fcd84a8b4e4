//! The end of the guest, and its core file.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Machine, Vdevs, plugin};
use super::running::eventually;
use gasp_safe::Guest;
use std::env;
use std::process::Command;

const AT: u64 = 0xd000_0000;

/// A vdev that ends the guest with the cause that is written: at 0 on the thread of the vCPU, at 8 in
/// its timer function, at 16 on a thread of its own. A read at 0 asks for a core file, with and
/// without a guest. On STATUS the guest is a bad one.
const ENDS: &str = r"
    static struct guest_timer *timer;
    static uint64_t cause;
    static void *run(void *arg)
    {
        const vdev_t *vdev = arg;
        guest_terminate(vdev->v_gsp, (unsigned)cause);
        return NULL;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        uint64_t resolution;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            timer = guest_timer_create(NULL, vdev, NULL, &resolution);
        }
        if (ctrl == VDEV_CTRL_STATUS) guest_terminate(NULL, 0);
        if (ctrl == VDEV_CTRL_BUTTON) guest_terminate(vdev->v_gsp, 50);
        return EOK;
    }
    static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
        struct guest_cpu *gcp)
    {
        (void)data, (void)tdp, (void)gcp;
        guest_terminate(vdev->v_gsp, (unsigned)cause);
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        pthread_t thread;
        UNUSED;
        guest_cpu_read(gcp, 0, oopnd, 1, &cause, sizeof cause);
        switch (vopnd->location % 0x1000) {
        case 0: guest_terminate(vdev->v_gsp, (unsigned)cause); break;
        case 8: guest_timer_notify(timer, NULL, 0); break;
        case 16:
            if (vdev_thread_create(vdev, NULL, &thread, NULL, run, vdev) != EOK) return VRS_BUS_ERROR;
            pthread_join(thread, NULL);
        }
        return VRS_NORMAL;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t value = (uint64_t)guest_write_core_file(vdev->v_gsp)
            | (uint64_t)guest_write_core_file(NULL) << 32;
        UNUSED;
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .timer = expired)
";

#[test]
fn a_guest_ends_with_the_cause_for_an_exit_code() {
    let machine = Machine::with("t_causes", ENDS);
    machine.create("t_causes", "loc 0xd0000000").unwrap();
    machine.start();
    let mut ends = Vec::new();
    for (cause, code) in
        [(0, 0), (1, 1), (4, 4), (31, 31), (32, 32), (63, 63), (64, 6), (256, 6), (0xffff_ffff, 6)]
    {
        machine.write(AT, cause).unwrap();
        // Each call reaches the host, for which the first counts.
        ends.push(Event::Terminate(code));
        assert_eq!(machine.platform.events(), ends);
    }
}

#[test]
fn a_guest_can_be_ended_on_every_thread() {
    let machine = Machine::with("t_everywhere", ENDS);
    machine.create("t_everywhere", "loc 0xd0000000").unwrap();
    machine.start();
    machine.write(AT + 16, 40).unwrap();
    assert_eq!(machine.platform.events(), [Event::Terminate(40)]);
    machine.write(AT + 8, 41).unwrap();
    eventually("the timer", || machine.platform.events().len() == 2);
    assert_eq!(machine.platform.events()[1], Event::Terminate(41));
    machine.vdevs.button();
    assert_eq!(machine.platform.events()[2], Event::Terminate(50));
}

#[test]
fn a_core_file_is_the_hosts_to_write() {
    let machine = Machine::with("t_core", ENDS);
    machine.create("t_core", "loc 0xd0000000").unwrap();
    machine.start();
    let value = machine.read(AT).unwrap();
    let (of_guest, of_none) = (value & 0xffff_ffff, value >> 32);
    assert_eq!((of_guest, of_none), (libc::ENOSPC as u64, libc::EINVAL as u64));
    assert_eq!(machine.platform.events(), [Event::CoreFile]);
}

/// The variable that marks a process as started by a test.
const HOW: &str = "GASP_VDEV_TEST_ENDS";

/// Also runs in the processes that it starts.
#[test]
fn a_guest_that_is_none_cannot_be_ended() {
    match env::var(HOW).as_deref() {
        Ok("bad guest") => {
            let machine = Machine::with("t_no_guest", ENDS);
            machine.create("t_no_guest", "").unwrap();
            machine.start();
            machine.vdevs.status();
        }
        Ok(_) => {
            // A host without functions.
            let (guest, directory) = (Guest::new().unwrap(), plugin("t_no_host", ENDS));
            let vdevs = Vdevs::new(&guest, None, &directory.0);
            vdevs.add("t_no_host", &[]).unwrap();
            vdevs.configured().unwrap();
            vdevs.starting().unwrap();
            vdevs.button();
        }
        Err(_) => {
            let how = |how| {
                let mut command = Command::new(env::current_exe().unwrap());
                command.args(["--exact", "tests::ends::a_guest_that_is_none_cannot_be_ended"]);
                let out = command.arg("--nocapture").env(HOW, how).output().unwrap();
                (out.status.code(), String::from_utf8(out.stderr).unwrap())
            };
            let line = "t_no_guest: fatal: guest_terminate: gsp is no guest\n";
            assert_eq!(how("bad guest"), (Some(96), line.into()));
            let line = "t_no_host: error: ends the guest (cause 50), but the host cannot\n";
            assert_eq!(how("no host"), (Some(0), line.into()));
        }
    }
}
