//! What a host and its vdevs tell each other of the machine: run time, power state, instructions.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Event, Machine, plugin};
use core::ptr;
use gasp_abi::*;
use std::env;
use std::process::Command;

const AT: u64 = 0xd000_0000;

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

/// A vdev with three wishes. Each call adds its number to what a read returns, and the vdev is told
/// on a read at 8 of the words for `GPSC_WAIT`, `GPSC_OFF` and both.
const POWER: &str = r"
    static struct guest_power_state_notify *wishes[3];
    static uint64_t calls;
    static void first(void *data) { calls += *(uint64_t *)data; }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        static uint64_t numbers[3] = { 1, 0x10, 0x100 };
        struct guest_power_state_notify *extra;
        uint64_t word = 7;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            for (int each = 0; each < 3; each++)
                wishes[each] = guest_power_state_notify_create(vdev->v_gsp);
            if (guest_power_state_current(vdev->v_gsp, GPSC_WAIT, 0, 1, &word) != -ENOENT
                || guest_power_state_notify_create(NULL) != NULL || wishes[0] == wishes[1])
                return EDOM;
            /* vCPU 0 waits, and vCPU 1 does not */
            guest_power_state_notify_register(wishes[0], GPSC_WAIT, 0, 3, 5, first, numbers);
            /* vCPU 1 begins or ends to wait or to be off */
            guest_power_state_notify_register(wishes[1], (enum guest_power_state_cmd)(GPSC_WAIT
                | GPSC_OFF | GASP_GPSC_TO | GASP_GPSC_FROM), 0, 2, 2, first, numbers + 1);
            /* vCPU 0 is no longer off */
            guest_power_state_notify_register(wishes[2], (enum guest_power_state_cmd)(GPSC_OFF
                | GASP_GPSC_FROM), 0, 1, 1, first, numbers + 2);
        }
        if (ctrl == VDEV_CTRL_STATUS) {
            guest_power_state_notify_delete(wishes[1]);
            guest_power_state_notify_delete(wishes[1]);
            guest_power_state_notify_delete(NULL);
        }
        if (ctrl == VDEV_CTRL_BUTTON) {
            extra = guest_power_state_notify_create(vdev->v_gsp);
            guest_power_state_notify_register(extra, GPSC_WAIT, 1, 3, 1, first, numbers);
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t word[2] = { 7, 7 }, value = calls;
        struct guest_system *gsp = vdev->v_gsp;
        enum guest_power_state_cmd both = (enum guest_power_state_cmd)(GPSC_WAIT | GPSC_OFF);
        UNUSED;
        switch (vopnd->location % 0x1000) {
        case 8:
            if (guest_power_state_current(gsp, GPSC_WAIT, 0, 2, word) != 1 || word[1] != 7) return VRS_ABORT;
            value = word[0];
            if (guest_power_state_current(gsp, GPSC_OFF, 0, 1, word) != 1) return VRS_ABORT;
            value |= word[0] << 16;
            if (guest_power_state_current(gsp, both, 0, 1, word) != 1) return VRS_ABORT;
            value |= word[0] << 32;
            break;
        case 16:
            value = (uint64_t)guest_power_state_current(gsp, both, 0, 2, word) << 32 | word[1];
            break;
        case 24:
            value = guest_power_state_current(NULL, both, 0, 2, word) == -EINVAL
                && guest_power_state_current(gsp, (enum guest_power_state_cmd)0, 0, 2, word) == -EINVAL
                && guest_power_state_current(gsp, (enum guest_power_state_cmd)4, 0, 2, word) == -EINVAL
                && guest_power_state_current(gsp, both, 1, 2, word) == -EINVAL
                && guest_power_state_current(gsp, both, 0, 2, NULL) == -EINVAL
                && guest_power_state_current(gsp, both, 0, 0, word) == 0;
        }
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread)
";

const WAIT: u32 = guest_power_state_cmd::GPSC_WAIT as u32;
const OFF: u32 = guest_power_state_cmd::GPSC_OFF as u32;

fn set_power(machine: &Machine, number: u32, state: u32) -> i32 {
    // SAFETY: a set.
    unsafe { gasp_vdevs_set_power(machine.vdevs.0, number, state) }
}

#[test]
fn vdevs_are_told_of_the_changes_they_asked_for() {
    let machine = Machine::with("t_power", POWER);
    machine.create("t_power", "loc 0xd0000000").unwrap();
    machine.start();
    let mut calls = 0;
    for (number, state, expected) in [
        (0, WAIT, 1),
        (0, WAIT, 0),
        (1, WAIT, 0x10),
        (1, WAIT | OFF, 0),
        (0, 0, 0),
        (1, OFF, 0),
        (0, WAIT, 1),
        (0, OFF, 0),
        (1, 0, 0x10),
        (0, 0, 0x100),
        (2, WAIT, 0),
    ] {
        assert_eq!(set_power(&machine, number, state), 0);
        calls += expected;
        assert_eq!(machine.read(AT), Ok(calls), "vCPU {number} to {state}");
    }
    machine.vdevs.status();
    assert_eq!((set_power(&machine, 1, OFF), machine.read(AT)), (0, Ok(calls)));
}

#[test]
fn the_power_state_has_a_bit_for_each_cpu() {
    let machine = Machine::with("t_words", POWER);
    machine.create("t_words", "loc 0xd0000000").unwrap();
    machine.start();
    assert_eq!(machine.read(AT + 8), Ok(0));
    assert_eq!((set_power(&machine, 0, WAIT), set_power(&machine, 3, OFF)), (0, 0));
    assert_eq!((machine.read(AT + 8), machine.read(AT + 24)), (Ok(1 | 8 << 16 | 9 << 32), Ok(1)));
    assert_eq!(set_power(&machine, 64 + 5, WAIT | OFF), 0);
    assert_eq!(machine.read(AT + 16), Ok(2 << 32 | 1 << 5));
    for (number, state) in [(0, 4), (4096, 0), (u32::MAX, WAIT)] {
        assert_eq!(set_power(&machine, number, state), libc::EINVAL);
    }
    // SAFETY: a bad set is recognised.
    assert_eq!(unsafe { gasp_vdevs_set_power(ptr::null_mut(), 0, 0) }, libc::EINVAL);
}

/// The variable that marks a process as started by a test.
const MISUSE: &str = "GASP_VDEV_TEST_MISUSE";

/// Also runs in the process that it starts.
#[test]
fn a_wish_that_cannot_be_ends_the_process() {
    if env::var(MISUSE).is_ok() {
        let machine = Machine::with("t_base", POWER);
        machine.create("t_base", "").unwrap();
        machine.start();
        machine.vdevs.button();
        return;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "tests::machinery::a_wish_that_cannot_be_ends_the_process"]);
    let out = command.arg("--nocapture").env(MISUSE, "1").output().unwrap();
    let errors = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(96), "{errors}");
    assert!(errors.contains("guest_power_state_notify_register"), "{errors}");
}

/// A vdev that handles instruction 3 with the qualifier of its option, or with any. It answers the
/// number of the vCPU, 9 for the qualifier 2, 5 (to terminate) for 5, and passes 4 on.
const INSTRUCTIONS: &str = r#"
    static enum vdev_ref_status handle(vdev_t *vdev, struct guest_cpu *gcp, enum guest_instr_type git,
        unsigned qualifier)
    {
        struct qvm_state_block number = { GASP_CPUREG_NUMBER, 8, QST_CPUREGS, 0 };
        uint64_t value = 0;
        (void)vdev;
        if (git != 3 || qualifier == 4) return VRS_CONTINUE;
        if (qualifier == 5) return VRS_TERMINATE;
        if (qualifier == 2) return (enum vdev_ref_status)9;
        if (guest_cpu_read(gcp, GXF_NONE, &number, 1, &value, sizeof value) != EOK) return VRS_BUS_ERROR;
        return (enum vdev_ref_status)(VRS_ERRNO + value);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        int git = 3;
        if (ctrl == VDEV_CTRL_STATUS)
            return guest_instr_register(vdev, (enum guest_instr_type)3, 0, handle) == EPERM ? EOK : EDOM;
        if (ctrl != VDEV_CTRL_FIRST_OPTIDX) return EOK;
        if (guest_instr_register(NULL, (enum guest_instr_type)3, 0, handle) != EINVAL
            || guest_instr_register(vdev, (enum guest_instr_type)3, 0, NULL) != EINVAL)
            return EDOM;
        if (*arg == 'a') git |= GIT_FLAG_NO_QUALIFIER;
        return guest_instr_register(vdev, (enum guest_instr_type)git, (unsigned)atoi(arg), handle);
    }
    static const char *const options[] = { "handle", NULL };
    REGISTER(.control = control, .option_list = options, .factory_flags = VFF_LOC_NO)
"#;

#[test]
fn an_instruction_goes_to_the_first_vdev_that_handles_it() {
    let machine = Machine::with("t_instr", INSTRUCTIONS);
    machine.create("t_instr", "name first handle 2 handle 4").unwrap();
    machine.start();
    machine.vdevs.status();
    let ask = |cpu, instruction, qualifier| {
        let mut status = 77;
        // SAFETY: a set, a vCPU or NULL, and room for a status.
        let code = unsafe {
            gasp_vdevs_instruction(machine.vdevs.0, cpu, instruction, qualifier, &raw mut status)
        };
        (code, status)
    };
    let cpu = machine.guest.cpu().unwrap();
    for (instruction, qualifier, expected) in [(3, 2, 9), (3, 4, 4), (3, 3, 4), (2, 2, 4)] {
        assert_eq!(ask(cpu.handle(), instruction, qualifier), (0, expected), "{qualifier}");
    }
    assert_eq!(ask(ptr::null_mut(), 3, 2), (libc::EINVAL, 77));
}

#[test]
fn any_qualifier_is_a_qualifier_too() {
    let machine = Machine::with("t_any", INSTRUCTIONS);
    machine.create("t_any", "name first handle 4").unwrap();
    machine.create("t_any", "name second handle any").unwrap();
    machine.start();
    let cpu = machine.guest.cpu().unwrap();
    let ask = |qualifier| {
        let mut status = 77;
        // SAFETY: a set, a vCPU, and room for a status.
        let code = unsafe {
            gasp_vdevs_instruction(machine.vdevs.0, cpu.handle(), 3, qualifier, &raw mut status)
        };
        (code, status)
    };
    // SAFETY: a set and a vCPU.
    assert_eq!(unsafe { gasp_vdevs_set_cpu(machine.vdevs.0, cpu.handle(), 6) }, 0);
    assert_eq!((ask(2), ask(4), ask(100)), ((0, 9), (0, 4), (0, 0x106)));
    assert_eq!(machine.platform.events(), []);
    assert_eq!((ask(5), machine.platform.events()), ((0, 5), vec![Event::Terminate(6)]));
}
