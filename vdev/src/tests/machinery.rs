//! What a host and its vdevs tell each other of the machine: run time.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, plugin};
use core::ptr;
use gasp_abi::*;

/// A vdev that starts at 0 and, in vain, at 50. It stops at 100 and, in vain, later and before.
const RUNS: &str = r"
    static struct guest_timer *timer;
    static unsigned calls;
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        uint64_t resolution;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) timer = guest_timer_create(NULL, vdev, NULL, &resolution);
        if (ctrl == VDEV_CTRL_GUEST_STARTING) {
            guest_clock_stop();
            guest_clock_start();
            guest_timer_notify(timer, NULL, 50);
        }
        return EOK;
    }
    static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
        struct guest_cpu *gcp)
    {
        (void)vdev, (void)data, (void)gcp;
        calls++;
        if (calls == 1) guest_clock_start();
        else guest_clock_stop();
        guest_timer_notify(timer, tdp, 50);
    }
    REGISTER(.control = control, .timer = expired, .factory_flags = VFF_LOC_NO)
";

fn run_time(machine: &Machine) -> u64 {
    // SAFETY: any pointer.
    unsafe { gasp_vdev_run_time(machine.vdevs.next(ptr::null())) }
}

#[test]
fn run_time_is_from_the_first_start_to_the_first_stop() {
    let flags = GASP_VDEVS_SIMULATED_CLOCK | GASP_VDEVS_RUN_TIME;
    let machine = Machine::with_flags(plugin("t_runs", RUNS), flags);
    machine.create("t_runs", "").unwrap();
    machine.start();
    for (advance, expected) in [(99, 0), (1, 100), (100, 100)] {
        assert_eq!((machine.vdevs.advance(advance), run_time(&machine)), (0, expected));
    }
    // Nobody acts: nothing happens.
    // SAFETY: no preconditions.
    unsafe { guest_clock_start() };
    // SAFETY: as above.
    unsafe { guest_clock_stop() };
    // SAFETY: any pointer.
    assert_eq!(unsafe { gasp_vdev_run_time(ptr::null()) }, 0);
}

#[test]
fn run_time_is_counted_if_the_host_wants_it() {
    let machine = Machine::with_flags(plugin("t_unasked", RUNS), GASP_VDEVS_SIMULATED_CLOCK);
    machine.create("t_unasked", "").unwrap();
    machine.start();
    assert_eq!((machine.vdevs.advance(200), run_time(&machine)), (0, 0));
}
