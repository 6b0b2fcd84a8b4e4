//! Pulses: each way of delivery, their order, their thread, and their end.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::calls::has_thread;
use super::machine::{Directory, Machine, system_plugin};
use super::running::eventually;
use std::time::Duration;

const AT: u64 = 0xd000_0000;

/// A vdev that appends the code of each pulse to a number, as a hexadecimal digit, which a read at
/// +0 gives. A write at +0 delivers by the way that its value names; a write at +8 delivers the code
/// of its value with the priority in its second byte.
const PULSES: &str = r#"
    #include <aio.h>
    #include <fcntl.h>
    #include <mqueue.h>
    #include <signal.h>
    #include <time.h>
    #include <unistd.h>
    struct state { uint64_t seen; vdev_t *vdev; struct qvm_callback callback; };
    static void append(struct state *state, unsigned digit)
    {
        struct qvm_state_block seen = { 0x3000, 8, QST_MEMORY, 0 };
        pthread_mutex_lock(&state->vdev->v_mtx);
        state->seen = state->seen << 4 | digit;
        pthread_mutex_unlock(&state->vdev->v_mtx);
        /* the guest's memory: that of this vdev, whatever other guests there are */
        guest_cpu_write(NULL, GXF_NONE, &seen, 1, &state->seen, 8);
    }
    static int pulse(vdev_t *vdev, int8_t code)
    {
        append(vdev->v_device, (unsigned)code & 0xf);
        return EOK;
    }
    static void called(struct qvm_callback *cbp)
    {
        append((struct state *)((char *)cbp - offsetof(struct state, callback)), 0xc);
    }
    static void by_timer(struct sigevent *ev)
    {
        struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
        timer_t timer;
        if (timer_create(CLOCK_MONOTONIC, ev, &timer) == 0) timer_settime(timer, 0, &soon, NULL);
    }
    static int by_queue(struct sigevent *ev)
    {
        char name[64];
        mqd_t queue;
        snprintf(name, sizeof name, "/gasp-vdev-%ld", (long)getpid());
        queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
        if (queue == (mqd_t)-1) return 1;
        mq_unlink(name);
        return mq_notify(queue, ev) != 0 || mq_send(queue, "x", 1, 0) != 0;
    }
    static int by_aio(struct sigevent *ev)
    {
        static struct aiocb request;
        static char byte;
        request.aio_fildes = open("/dev/zero", O_RDONLY);
        request.aio_buf = &byte;
        request.aio_nbytes = 1;
        request.aio_sigevent = *ev;
        return aio_read(&request);
    }
    static int deliver(vdev_t *vdev, uint64_t way)
    {
        struct state *state = vdev->v_device;
        struct sigevent ev;
        if (way == 5) qvm_callback_pulse(called, &state->callback, 10, &ev, -1);
        else vdev_pulse(vdev, (int8_t)way, 10, &ev, way % 2 ? -1 : QMRE_UNREG_EVENT);
        if (ev.sigev_notify != SIGEV_THREAD) return 1;
        switch (way) {
        case 2: by_timer(&ev); return 0;
        case 3: return by_queue(&ev);
        case 4: return by_aio(&ev);
        }
        ev.sigev_notify_function(ev.sigev_value);
        return 0;
    }
    static void plain(vdev_t *vdev, int8_t code, int priority)
    {
        struct sigevent ev;
        vdev_pulse(vdev, code, priority, &ev, -1);
        ev.sigev_notify_function(ev.sigev_value);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct state *state = vdev->v_device;
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            state->vdev = vdev;
        }
        if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) {
            plain(vdev, 1, 10);
            plain(vdev, 2, -1);
            plain(vdev, 3, 20);
            plain(vdev, 4, 10);
            plain(vdev, -1, 20);
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        struct state *state = vdev->v_device;
        uint64_t seen;
        UNUSED;
        pthread_mutex_lock(&vdev->v_mtx);
        seen = state->seen;
        pthread_mutex_unlock(&vdev->v_mtx);
        return guest_cpu_write(gcp, 0, oopnd, 1, &seen, 8) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        uint64_t value;
        UNUSED;
        if (guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value) != EOK) return VRS_BUS_ERROR;
        return deliver(vdev, value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .pulse = pulse,
        .factory_flags = VFF_MUTEX, .extra_space = sizeof(struct state))
"#;

/// In the order of priorities, then of arrival.
const AT_START: u64 = 0x3f142;

fn started() -> Machine {
    let text = format!("#include <stddef.h>\n#include <stdio.h>\n{PULSES}");
    let machine = Machine::with_log(system_plugin("t_pulses", &text));
    machine.create("t_pulses", "loc 0xd0000000").unwrap();
    machine.start();
    machine
}

#[test]
fn pulses_come_by_priority_and_once_the_configuration_is_complete() {
    let machine = started();
    eventually("all", || machine.read(AT) == Ok(AT_START));
}

#[test]
fn every_way_of_delivery_calls_the_vdev_on_a_thread_of_its_own() {
    // A second guest: the thread means that of its vdev.
    let other = Machine::new(Directory::new());
    let machine = started();
    eventually("the first", || machine.read(AT) == Ok(AT_START));
    let mut seen = AT_START;
    for (way, digit) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 0xc)] {
        machine.write(AT, way).unwrap();
        seen = seen << 4 | digit;
        eventually(&format!("way {way}"), || machine.read(AT) == Ok(seen));
    }
    eventually("the last write", || machine.read(0x3000) == Ok(seen));
    assert_eq!(other.read(0x3000), Ok(0));
    assert!(has_thread("vdev pulses"));
    assert_eq!(machine.platform.lines(), [""; 0]);
}

#[test]
fn pulses_after_the_end_do_nothing() {
    let machine = started();
    eventually("the first", || machine.read(AT) == Ok(AT_START));
    machine.vdevs.terminate().unwrap();
    machine.write(AT, 1).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), Ok(AT_START));
}

#[test]
fn a_pulse_is_served_even_if_the_vdev_cannot_be_scheduled() {
    let text = format!("#include <stddef.h>\n#include <stdio.h>\n{PULSES}");
    let machine = Machine::with_log(system_plugin("t_pulses", &text));
    // A priority that no policy has.
    machine.create("t_pulses", "loc 0xd0000000 sched 1000r").unwrap();
    machine.start();
    eventually("all", || machine.read(AT) == Ok(AT_START));
    let lines = machine.platform.lines();
    let words = "2 t_pulses: pulses are not scheduled as sched says: Invalid argument";
    assert!(lines.len() == 1 && lines[0].starts_with(words), "{lines:?}");
}

/// Keeps an event for good. Its pulse function takes a while. A write of 1 delivers the event ten
/// times; of 2: says whether the event of a vdev of before still can be delivered.
const ENDS: &str = r"
    #include <signal.h>
    #include <unistd.h>
    static struct sigevent event;
    static volatile int began, done;
    PAGE_OF_REGISTERS(told)
    static int pulse(vdev_t *vdev, int8_t code)
    {
        (void)vdev, (void)code;
        began++;
        usleep(50000);
        done++;
        return EOK;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_OPTIONS_START && event.sigev_notify_function == NULL)
            vdev_pulse(vdev, 1, 10, &event, -1);
        /* the function that ran has returned, and no other has begun */
        if (ctrl == VDEV_CTRL_TERMINATE && began != done) return EDOM;
        return told(vdev, ctrl, arg);
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t value = (uint64_t)began;
        UNUSED;
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        UNUSED;
        for (int each = 0; each < 10; each++) event.sigev_notify_function(event.sigev_value);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .pulse = pulse)
";

#[test]
fn the_end_waits_for_the_pulse_that_runs_and_drops_the_others() {
    let machine = Machine::with_log(system_plugin("t_pulse_end", ENDS));
    machine.create("t_pulse_end", "loc 0xd0000000").unwrap();
    machine.start();
    machine.write(AT, 1).unwrap();
    eventually("the first has begun", || machine.read(AT) > Ok(0));
    machine.vdevs.terminate().unwrap();
    let begun = machine.read(AT).unwrap();
    assert!(begun < 10, "{begun}");
    assert_eq!(machine.platform.lines(), [""; 0]);
    drop(machine);
    // The event of a vdev that is gone, while another one has its place.
    let machine = Machine::with_log(system_plugin("t_pulse_end", ENDS));
    machine.create("t_pulse_end", "loc 0xd0000000").unwrap();
    machine.start();
    machine.write(AT, 1).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), Ok(begun));
}

#[test]
fn the_event_of_a_vdev_that_was_refused_does_nothing() {
    let machine = Machine::with_log(system_plugin("t_pulse_gone", ENDS));
    // Its place is the next one's.
    machine.create("t_pulse_gone", "sched nonsense").unwrap_err();
    machine.create("t_pulse_gone", "loc 0xd0000000").unwrap();
    machine.start();
    machine.write(AT, 1).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(machine.read(AT), Ok(0));
}

#[test]
fn an_event_that_cannot_be_is_an_error_and_its_delivery_does_nothing() {
    let text = r"
        #include <signal.h>
        static struct qvm_callback callback;
        static void called(struct qvm_callback *cbp) { abort(); (void)cbp; }
        static void *outside(void *arg)
        {
            qvm_callback_pulse(called, &callback, 0, arg, -1);
            return NULL;
        }
        static int is_none(struct sigevent *ev)
        {
            int none = ev->sigev_notify == SIGEV_NONE;
            ev->sigev_notify_function(ev->sigev_value);
            memset(ev, 0, sizeof *ev);
            return none;
        }
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            struct sigevent ev;
            pthread_t thread;
            int none = 1;
            (void)arg;
            if (ctrl != VDEV_CTRL_OPTIONS_START) return EOK;
            vdev_pulse(vdev, 1, 10, &ev, -1); /* no pulse function */
            none &= is_none(&ev);
            vdev_pulse(NULL, 1, 10, &ev, -1);
            none &= is_none(&ev);
            vdev_pulse((vdev_t *)&ev, 1, 10, &ev, -1);
            none &= is_none(&ev);
            vdev_pulse(vdev, 1, 10, NULL, -1);
            qvm_callback_pulse(NULL, &callback, 10, &ev, -1);
            none &= is_none(&ev);
            qvm_callback_pulse(called, NULL, 10, &ev, -1);
            none &= is_none(&ev);
            qvm_callback_pulse(called, &callback, 10, NULL, -1);
            pthread_create(&thread, NULL, outside, &ev);
            pthread_join(thread, NULL);
            return none & is_none(&ev) ? EOK : EDOM;
        }
        REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
    ";
    let machine = Machine::with_log(system_plugin("t_no_pulse", text));
    machine.create("t_no_pulse", "").unwrap();
    machine.start();
    let lines = machine.platform.lines();
    let expected = [
        "2 t_no_pulse: vdev_pulse: the vdev has no pulse function",
        "2 -: vdev_pulse: vdp is no vdev",
        "2 -: vdev_pulse: vdp is no vdev",
        "2 t_no_pulse: vdev_pulse: ev is NULL",
        "2 -: qvm_callback_pulse: cbfp or cbp is NULL",
        "2 -: qvm_callback_pulse: cbfp or cbp is NULL",
        "2 -: qvm_callback_pulse: ev is NULL",
    ];
    // What the other thread did is the host's only if no other test has a guest.
    assert_eq!(lines[..expected.len()], expected);
}
