//! Vdevs while the guest runs: timers, interrupts, logging, and the end.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Machine};
use std::env;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const AT: u64 = 0xd000_0000;

/// A vdev that sets a timer for as many counts as are written, and counts calls. A read at +0: how
/// often it expired; at +8: how often it was called at a wrong time; at +0x10: the guest's clock. A
/// write at +8: the timer repeats.
const TIMER: &str = r"
    struct state { struct guest_timer *timer; uint64_t expired, wrong, data, counts, last; int repeats; };
    static void timer(vdev_t *vdev, void *data, const struct guest_timer_data *tdp, struct guest_cpu *gcp)
    {
        struct state *state = vdev->v_device;
        struct qvm_state_block blk = { 0x2000, 8, QST_MEMORY, 0 };
        uint64_t guest = tdp->guest_current - tdp->guest_notify_start;
        pthread_mutex_lock(&vdev->v_mtx);
        state->wrong += guest < state->counts || tdp->host_current - tdp->host_notify_start < guest
            || tdp->host_current == tdp->guest_current;
        /* data is what was given; and the thread has a vCPU of its own for accesses */
        if (data == &state->data && guest_cpu_write(gcp, 0, &blk, 1, &tdp->guest_current, 8) == EOK)
            state->expired++;
        if (state->repeats) {
            /* each interval begins where the one before it was to end */
            state->wrong += state->last != 0 && tdp->guest_notify_start != state->last + state->counts;
            state->last = tdp->guest_notify_start;
            if (guest_timer_notify(state->timer, tdp, state->counts) != EOK) state->wrong++;
        }
        pthread_mutex_unlock(&vdev->v_mtx);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct state *state = vdev->v_device;
        uint64_t resolution = 0;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            if (guest_timer_create(NULL, NULL, NULL, &resolution) != NULL || resolution != EINVAL
                || guest_timer_create((struct guest_cpu *)vdev, vdev, NULL, &resolution) != NULL
                || resolution != ENOTSUP || guest_timer_create(NULL, vdev, NULL, NULL) != NULL)
                return EBADF;
            state->timer = guest_timer_create(NULL, vdev, &state->data, &resolution);
            if (resolution != 1000000000) return EDOM;
            return state->timer ? guest_timer_notify(state->timer, NULL, 0) : EFAULT;
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        struct state *state = vdev->v_device;
        struct guest_timer_data tdp = { 1, 1, 1, 1 };
        uint64_t value;
        UNUSED;
        guest_timer_state(NULL, &tdp);
        if (tdp.host_current != 0 || tdp.guest_current != 0 || guest_timer_notify(NULL, NULL, 0) != EINVAL)
            return VRS_BUS_ERROR;
        guest_timer_state(NULL, NULL);
        guest_timer_state(state->timer, NULL);
        guest_timer_state(state->timer, &tdp);
        pthread_mutex_lock(&vdev->v_mtx);
        value = vopnd->location & 0x10 ? tdp.guest_current
            : vopnd->location & 8 ? state->wrong : state->expired;
        pthread_mutex_unlock(&vdev->v_mtx);
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        struct state *state = vdev->v_device;
        uint64_t value;
        UNUSED;
        if (guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value) != EOK
            || guest_timer_create(NULL, vdev, NULL, &state->last) != NULL || state->last != EPERM)
            return VRS_BUS_ERROR;
        pthread_mutex_lock(&vdev->v_mtx);
        state->counts = value;
        state->repeats = (vopnd->location & 8) != 0;
        state->last = 0;
        pthread_mutex_unlock(&vdev->v_mtx);
        return guest_timer_notify(state->timer, NULL, value) ? VRS_BUS_ERROR : VRS_NORMAL;
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
    let machine = Machine::with("t_timer", TIMER);
    machine.create("t_timer", "loc 0xd0000000").unwrap();
    machine.vdevs.configured().unwrap();
    // It is set, but the guest has not started, and its clock stands.
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!((machine.read(AT), machine.read(AT + 0x10)), (Ok(0), Ok(0)));
    machine.vdevs.starting().unwrap();
    eventually("the first", || machine.read(AT) == Ok(1));
    assert_ne!(machine.read(AT + 0x10), Ok(0));
    let begin = Instant::now();
    machine.write(AT, 30_000_000).unwrap();
    eventually("the second", || machine.read(AT) == Ok(2));
    assert!(begin.elapsed() >= Duration::from_millis(30));
    // A later setting replaces the first.
    machine.write(AT, 50_000_000).unwrap();
    machine.write(AT, u64::MAX).unwrap();
    std::thread::sleep(Duration::from_millis(80));
    assert_eq!((machine.read(AT), machine.read(AT + 8)), (Ok(2), Ok(0)));
    // The timer function wrote guest memory.
    assert_ne!(machine.read(0x2000), Ok(0));
    machine.write(AT, 1).unwrap();
    machine.vdevs.terminate().unwrap();
    let at_the_end = machine.read(AT);
    machine.write(AT, 1).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), at_the_end);
}

#[test]
fn a_timer_repeats_without_drift() {
    let machine = Machine::with("t_repeat", TIMER);
    machine.create("t_repeat", "loc 0xd0000000").unwrap();
    machine.start();
    eventually("the first", || machine.read(AT) == Ok(1));
    machine.write(AT + 8, 2_000_000).unwrap();
    eventually("twenty more", || machine.read(AT) >= Ok(21));
    assert_eq!(machine.read(AT + 8), Ok(0));
}

#[test]
fn a_timer_without_a_function_only_has_the_time() {
    let text = r"
        static struct guest_timer *timer;
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            uint64_t resolution;
            (void)arg;
            if (ctrl != VDEV_CTRL_OPTIONS_START) return EOK;
            timer = guest_timer_create(NULL, vdev, NULL, &resolution);
            return timer == NULL ? EBADF : guest_timer_notify(timer, NULL, 1) == EINVAL ? EOK : EDOM;
        }
        REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
    ";
    let machine = Machine::with("t_silent_timer", text);
    machine.create("t_silent_timer", "").unwrap();
    machine.start();
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
        if (state == GIS_ISR && error == -ENOTSUP) error = ENOTSUP;
        return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
    }
    REGISTER(.control = control, .vwrite = vwrite, .pic = &pic)
";

#[test]
fn interrupts_reach_the_platform() {
    let machine = Machine::with("t_signal", INTERRUPTS);
    machine.create("t_signal", "loc 0xd0000000 intr apic:0x30").unwrap();
    machine.create("t_signal", "loc 0xd0001000").unwrap();
    assert_eq!(machine.write(AT, 1), Err(libc::EAGAIN));
    machine.start();
    assert_eq!((machine.write(AT, 1), machine.write(AT, 2)), (Ok(()), Ok(())));
    assert_eq!(
        machine.platform.events(),
        [Event::Interrupt(0x30, true), Event::Interrupt(0x30, false)]
    );
    // Nothing to do; not from an interrupt service routine; no such state; no interrupt at all.
    assert_eq!((machine.write(AT, 0), machine.write(AT, 4)), (Ok(()), Err(libc::ENOTSUP)));
    assert_eq!(machine.write(AT, 3), Err(libc::EINVAL));
    assert_eq!(machine.platform.events().len(), 2);
    assert_eq!(machine.write(AT + 0x1000, 1), Err(libc::EINVAL));
}

#[test]
fn a_vdev_can_be_an_interrupt_controller() {
    let machine = Machine::with("t_pics", INTERRUPTS);
    machine.create("t_pics", "name mypic loc 0xd0001000").unwrap();
    let error = machine.create("t_pics", "intr mypic:16").unwrap_err();
    assert!(error.message.contains("an input of mypic (up to 0xf)"), "{error}");
    machine.create("t_pics", "loc 0xd0000000 intr mypic:7").unwrap();
    machine.start();
    assert_eq!((machine.write(AT, 1), machine.write(AT, 0)), (Err(207), Ok(())));
    assert_eq!(machine.write(AT, 4), Err(libc::EBUSY));
    assert_eq!(machine.platform.events(), []);
}

/// A vdev that speaks, and ends the process when it is told to.
const SPEAKER: &str = r#"
    #include <stdarg.h>
    static void QVM_PRINTF_LIKE(2, 3) pass_on(unsigned attr, const char *fmt, ...)
    {
        va_list ap;
        va_start(ap, fmt);
        qvm_voutf(attr, fmt, ap);
        va_end(ap);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX) {
            vdev_logf(QVM_OUTI_QVM, vdev, "%s and %d", arg, 7);
            vdev_logf(QVM_OUTD_QVM, vdev, "for %s", "debuggers");
            qvm_logf(QVM_OUTW_QVM, "%5.1f\n", 2.25);
            pass_on(qvm_outattr(QVM_OUTAL_ERROR, QVM_OUTAC_GST, 3, 0xffff), "%s is %x", "it", 0xabu);
        }
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 1)
            qvm_fatal(strcmp(arg, "cnf") == 0 ? QVM_OUTF_CNF : QVM_OUTN_QVM, "it is %s", arg);
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 2)
            guest_terminate(vdev->v_gsp, 40);
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX + 3)
            vdev_logf(QVM_OUTF_QVM, vdev, "that is all");
        if (ctrl == VDEV_CTRL_STATUS)
            pass_on(QVM_OUTF_GST, "after the %s", "start");
        return EOK;
    }
    static const char *const options[] = { "say", "fatal", "0end", "0last", NULL };
    REGISTER(.control = control, .option_list = options, .factory_flags = VFF_LOC_NO)
"#;

/// The variable that marks a process as started by a test.
const OPTIONS: &str = "GASP_VM_TEST_OPTIONS";

/// Runs [`speak`] with these options in a process of its own.
fn in_a_process(options: &str) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "tests::running::vdevs_speak", "--nocapture"]);
    command.env(OPTIONS, options).output().unwrap()
}

fn speak(options: &str) {
    let (starts, options) = match options.strip_prefix("start ") {
        Some(options) => (true, options),
        None => (false, options),
    };
    let machine = Machine::with("t_speaker", SPEAKER);
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
    let out = in_a_process("name talker say hello");
    let errors = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{errors}");
    assert_eq!(errors, "talker: hello and 7\nwarning:   2.2\nerror: it is ab\n");
}

#[test]
fn fatal_errors_have_qnx_s_exit_codes() {
    for (options, code, line) in [
        ("fatal cnf", 65, "fatal: it is cnf\n"),
        ("fatal other", 64, "internal: it is other\n"),
        ("last", 64, "t_speaker: fatal: that is all\n"),
        ("end", 64, "t_speaker: fatal: ended the guest before it started (cause 40)\n"),
        ("start name late", 96, "fatal: after the start\n"),
    ] {
        let out = in_a_process(options);
        let errors = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{options}: {errors}");
        assert!(errors.contains(line), "{errors}");
    }
}
