//! Vdevs while the guest runs: timers, interrupts, logging, and the end.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Machine};
use std::env;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const AT: u64 = 0xd000_0000;

/// A vdev that sets a timer for as many nanoseconds as are written, and counts. A read at +0:
/// how often it expired; at +8: whether it is set; at +0x10: by how much it was too early.
const TIMER: &str = r"
    struct state { struct guest_timer *timer; uint64_t expired, early, data; };
    static void timer(vdev_t *vdev, void *data, const struct guest_timer_data *tdp, struct guest_cpu *gcp)
    {
        struct state *state = vdev->v_device;
        struct qvm_state_block blk = { 0x2000, 8, QST_MEMORY, 0 };
        pthread_mutex_lock(&vdev->v_mtx);
        state->early += tdp->now < tdp->when;
        /* data is what was given; and the thread has a vCPU of its own for accesses */
        if (data == &state->data && guest_cpu_write(gcp, 0, &blk, 1, &tdp->when, 8) == EOK)
            state->expired++;
        pthread_mutex_unlock(&vdev->v_mtx);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct state *state = vdev->v_device;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            state->timer = guest_timer_create(vdev, &state->data);
            return state->timer ? guest_timer_notify(state->timer, 0) : EFAULT;
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        struct state *state = vdev->v_device;
        struct guest_timer_data tdp;
        uint64_t value;
        UNUSED;
        if (guest_timer_state(state->timer, &tdp) != EOK || guest_timer_state(NULL, &tdp) != EINVAL
            || guest_timer_state(state->timer, NULL) != EINVAL || guest_timer_notify(NULL, 0) != EINVAL)
            return VRS_BUS_ERROR;
        pthread_mutex_lock(&vdev->v_mtx);
        value = vopnd->location & 0x10 ? state->early
            : vopnd->location & 8 ? tdp.when != GUEST_TIMER_OFF : state->expired;
        pthread_mutex_unlock(&vdev->v_mtx);
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        struct state *state = vdev->v_device;
        struct guest_timer_data tdp;
        uint64_t value;
        UNUSED;
        if (guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value) != EOK
            || guest_timer_state(state->timer, &tdp) != EOK)
            return VRS_BUS_ERROR;
        return guest_timer_notify(state->timer, value ? tdp.now + value : GUEST_TIMER_OFF) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .timer = timer,
        .factory_flags = VFF_MUTEX, .extra_space = sizeof(struct state))
";

/// Waits for a condition, not for ever.
pub(super) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn timers_expire_once_and_not_early() {
    let mut machine = Machine::with("t_timer", TIMER);
    machine.create("t_timer", "loc 0xd0000000").unwrap();
    machine.vdevs.configured().unwrap();
    // It is over already, but the guest has not started.
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), Ok(0));
    machine.start();
    eventually("the first", || machine.read(AT) == Ok(1));
    assert_eq!(machine.read(AT + 8), Ok(0));
    let begin = Instant::now();
    machine.write(AT, 30_000_000).unwrap();
    eventually("the second", || machine.read(AT) == Ok(2));
    assert!(begin.elapsed() >= Duration::from_millis(30));
    // A cancelled timer does not expire.
    machine.write(AT, 50_000_000).unwrap();
    assert_eq!(machine.read(AT + 8), Ok(1));
    machine.write(AT, 0).unwrap();
    std::thread::sleep(Duration::from_millis(80));
    assert_eq!((machine.read(AT), machine.read(AT + 8)), (Ok(2), Ok(0)));
    assert_eq!(machine.read(AT + 0x10), Ok(0));
    // The timer function wrote guest memory.
    assert_ne!(machine.read(0x2000), Ok(0));
    machine.write(AT, 1).unwrap();
    machine.vdevs.terminate();
    let at_the_end = machine.read(AT);
    machine.write(AT, 1).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), at_the_end);
}

/// A vdev that signals its interrupt with the state that is written, and a controller.
const INTERRUPTS: &str = r"
    PAGE_OF_REGISTERS(control)
    static int signals(const struct guest_intr *intr, enum guest_intr_state state)
    { return state == GIS_ISR ? EBUSY : (int)(200 + intr->param); }
    static const struct vdev_pic_functions pic = { .pnum_mask = 0x0f, .signal = signals };
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        uint32_t state;
        int error = guest_cpu_read(gcp, 0, oopnd, 1, &state, sizeof state);
        UNUSED;
        if (error == EOK) error = guest_intr_signal(&vdev->v_intr, (enum guest_intr_state)state);
        return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
    }
    REGISTER(.control = control, .vwrite = vwrite, .pic = &pic)
";

#[test]
fn interrupts_reach_the_platform() {
    let mut machine = Machine::with("t_signal", INTERRUPTS);
    machine.create("t_signal", "loc 0xd0000000 intr apic:0x30").unwrap();
    machine.create("t_signal", "loc 0xd0001000").unwrap();
    machine.vdevs.configured().unwrap();
    assert_eq!(machine.write(AT, 1), Err(libc::EAGAIN));
    machine.start();
    assert_eq!((machine.write(AT, 1), machine.write(AT, 2)), (Ok(()), Ok(())));
    assert_eq!(
        machine.platform.events(),
        [Event::Interrupt(0x30, true), Event::Interrupt(0x30, false)]
    );
    // No such state; no interrupt at all.
    assert_eq!(
        (machine.write(AT, 4), machine.write(AT, 0)),
        (Err(libc::EINVAL), Err(libc::EINVAL))
    );
    assert_eq!(machine.write(AT + 0x1000, 1), Err(libc::EINVAL));
}

#[test]
fn a_vdev_can_be_an_interrupt_controller() {
    let mut machine = Machine::with("t_pics", INTERRUPTS);
    machine.create("t_pics", "name mypic loc 0xd0001000").unwrap();
    let error = machine.create("t_pics", "intr mypic:16").unwrap_err();
    assert!(error.message.contains("an input of mypic (up to 0xf)"), "{error}");
    machine.create("t_pics", "loc 0xd0000000 intr mypic:7").unwrap();
    machine.start();
    assert_eq!(machine.write(AT, 1), Err(207));
    assert_eq!(machine.write(AT, 4), Err(libc::EBUSY));
    assert_eq!(machine.platform.events(), []);
}

/// A vdev that speaks, and ends the process when it is told to.
const SPEAKER: &str = r#"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX) {
            vdev_logf(QL_QVM_INFO, vdev, "%s and %d", arg, 7);
            vdev_logf(QL_QVM_DBG, vdev, "for %s", "debuggers");
            qvm_logf(QL_QVM_WARN, "%5.1f\n", 2.25);
            qvm_report("report %u\n", 9u);
        }
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 1)
            qvm_fatal(strcmp(arg, "cnf") == 0 ? QLS_CNF : QLS_QVM, "it is %s", arg);
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 2)
            guest_terminate(vdev->v_gsp, 40);
        if (ctrl == VDEV_CTRL_STATUS)
            qvm_fatal(QLS_QVM, "after the start");
        return EOK;
    }
    static const char *const options[] = { "say", "fatal", "0end", NULL };
    REGISTER(.control = control, .option_list = options, .factory_flags = VFF_LOC_NO)
"#;

/// The variable that marks a process as started by a test.
const OPTIONS: &str = "GASP_VM_TEST_OPTIONS";

/// Runs [`speak`] with these options in a process of its own.
fn in_a_process(options: &str, debug: bool) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "vdev::tests::running::vdevs_speak", "--nocapture"]);
    command.env(OPTIONS, options).env_remove("GASP_VM_DEBUG");
    if debug {
        command.env("GASP_VM_DEBUG", "1");
    }
    command.output().unwrap()
}

fn speak(options: &str) {
    let (starts, options) = match options.strip_prefix("start ") {
        Some(options) => (true, options),
        None => (false, options),
    };
    let mut machine = Machine::with("t_speaker", SPEAKER);
    machine.create("t_speaker", options).unwrap();
    if starts {
        machine.start();
        machine.vdevs.status();
    }
}

/// Also runs in that process.
#[test]
fn vdevs_speak() {
    if let Ok(options) = env::var(OPTIONS) {
        return speak(&options);
    }
    let out = in_a_process("name talker say hello", false);
    let (errors, texts) = (String::from_utf8(out.stderr), String::from_utf8(out.stdout));
    let (errors, texts) = (errors.unwrap(), texts.unwrap());
    assert!(out.status.success(), "{errors}");
    let lines: Vec<_> = errors.lines().filter(|line| line.starts_with("gasp-vm: ")).collect();
    assert_eq!(lines, ["gasp-vm: talker: hello and 7", "gasp-vm: warning:   2.2"]);
    assert!(texts.contains("report 9\n"), "{texts}");
    let out = in_a_process("say hello", true);
    let errors = String::from_utf8(out.stderr).unwrap();
    assert!(errors.contains("gasp-vm: t_speaker: debug: for debuggers\n"), "{errors}");
}

#[test]
fn fatal_errors_have_qnx_s_exit_codes() {
    for (options, code, line) in [
        ("fatal cnf", 65, "gasp-vm: error: it is cnf\n"),
        ("fatal other", 64, "gasp-vm: error: it is other\n"),
        ("end", 64, "gasp-vm: error: a vdev ended the guest before it started (cause 40)\n"),
        ("start name late", 96, "gasp-vm: error: after the start\n"),
    ] {
        let out = in_a_process(options, false);
        let errors = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{options}: {errors}");
        assert!(errors.contains(line), "{errors}");
    }
}
