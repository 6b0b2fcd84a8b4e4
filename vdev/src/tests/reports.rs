//! What the log and the counters say of vdevs that fail, and of accesses that are refused.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Directory, Machine, plugin};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr;
use gasp_abi::*;
use gasp_safe::Space;
use std::sync::Mutex;

pub(super) const AT: u64 = 0xd000_0000;

/// The lines of a log: the name of the vdev, or "-", and the text.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<Vec<String>>);

impl Lines {
    /// The lines since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

unsafe extern "C" fn line(
    arg: *mut c_void,
    _: c_uint,
    _: c_uint,
    _: *const vdev_t,
    name: *const c_char,
    text: *const c_char,
) {
    let string = |text: *const c_char| {
        // SAFETY: a string, or NULL.
        if text.is_null() { c"-" } else { unsafe { CStr::from_ptr(text) } }.to_str().unwrap()
    };
    // SAFETY: the lines of `reporting`.
    let lines = unsafe { &*arg.cast::<Lines>() };
    lines.0.lock().unwrap().push(format!("{}: {}", string(name), string(text)));
}

/// A host with the registers of a vCPU: each has the number 0x1000 and its own.
unsafe extern "C" fn registers(
    _: *mut c_void,
    _: *mut gasp_cpu,
    block: *const qvm_state_block,
    data: *mut c_void,
    _: c_int,
) -> c_int {
    // SAFETY: a block.
    let block = unsafe { block.read() };
    assert_eq!((block.r#type, block.length), (qvm_state_types::QST_CPUREGS as u16, 8));
    // SAFETY: as many bytes as the block says.
    unsafe { data.cast::<u64>().write_unaligned(0x1000 + block.location) };
    0
}

/// A machine that takes the lines of the log.
pub(super) fn reporting(directory: Directory, flags: u32) -> (Machine, &'static Lines) {
    let lines: &'static Lines = Box::leak(Box::default());
    let machine = Machine::with_host(directory, |usual| gasp_vdev_host {
        arg: ptr::from_ref(lines).cast_mut().cast(),
        interrupt: None,
        terminate: None,
        msi: None,
        core_file: None,
        log: Some(line),
        registers: Some(registers),
        ..usual.host(flags)
    });
    (machine, lines)
}

const FAILING: &str = r"
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vread(OPERANDS)
    {
        struct gasp_region region;
        struct qvm_state_block block = { 0x50000000, 8, QST_MEMORY, 0 };
        UNUSED;
        if (vopnd->location % 0x1000 == 0) gasp_unlock(vdev->v_gsp, QST_MEMORY);
        if (vopnd->location % 0x1000 == 8) gasp_region_info(vdev->v_gsp, &block, &region);
        if (vopnd->location % 0x1000 == 16) gasp_lock(NULL, QST_MEMORY);
        guest_cpu_write(gcp, 0, oopnd, 1, &block.location, 8);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread)
";

#[test]
fn a_function_that_fails_inside_of_a_vdev_is_logged() {
    let (machine, lines) = reporting(plugin("t_bad", FAILING), GASP_VDEVS_LOG_FAILURES);
    machine.create("t_bad", "loc 0xd0000000").unwrap();
    machine.read(AT).unwrap();
    let written = lines.take();
    let [line] = &written[..] else { panic!("{written:?}") };
    assert!(line.starts_with("t_bad: gasp_unlock: "), "{line}");
    // To ask what is there is no failure.
    machine.read(AT + 8).unwrap();
    assert_eq!(lines.take(), [""; 0]);
    // Other functions have lines of their own.
    machine.read(AT + 16).unwrap();
    assert!(lines.take()[0].starts_with("t_bad: gasp_lock: "));
    // A function that the host calls is not the vdev's.
    // SAFETY: bad handles are recognised.
    unsafe { gasp_unlock(ptr::null_mut(), 0) };
    assert_eq!(lines.take(), [""; 0]);
    for _ in 1..1000 {
        machine.read(AT).unwrap();
    }
    let written = lines.take();
    assert_eq!(written.len(), 11, "{written:?}");
    assert!(written[10].ends_with(" (1000 times so far)"), "{}", written[10]);
}

#[test]
fn failures_are_not_logged_without_the_flag() {
    let directory = plugin("t_quiet", &FAILING.replace("t_bad", "t_quiet"));
    let (machine, lines) = reporting(directory, 0);
    machine.create("t_quiet", "loc 0xd0000000").unwrap();
    machine.read(AT).unwrap();
    assert_eq!(lines.take(), [""; 0]);
}

/// Answers a read with the offset; takes 4 and 8 bytes.
const ANSWERS: &str = r"
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vread(OPERANDS)
    {
        UNUSED;
        return (enum vdev_ref_status)(vopnd->location % 0x1000 / 8);
    }
    REGISTER(.control = control, .vread = vread, .acc_sizes = 1u << 4 | 1u << 8)
";

fn counts(machine: &Machine) -> (gasp_refusals, gasp_refusals) {
    let mut counts = [NONE; 2];
    // SAFETY: a set, and counters that can be written.
    assert_eq!(unsafe { gasp_vdevs_counts(machine.vdevs.handle(), &raw mut counts[0]) }, 0);
    let vdev = machine.vdevs.next(ptr::null());
    // SAFETY: a vdev, and counters that can be written.
    assert_eq!(unsafe { gasp_vdev_counts(vdev, &raw mut counts[1]) }, 0);
    (counts[0], counts[1])
}

const NONE: gasp_refusals = gasp_refusals {
    absent: 0,
    no_right: 0,
    fetch: 0,
    vanished: 0,
    no_vdev: 0,
    size: 0,
    no_function: 0,
    bus_error: 0,
    error: 0,
    wrong_answer: 0,
};

#[test]
fn refused_accesses_are_counted_by_reason_and_logged() {
    let (machine, lines) = reporting(plugin("t_refuses", ANSWERS), GASP_VDEVS_LOG_REFUSED);
    machine.create("t_refuses", "loc 0xd0000000").unwrap();
    machine.start();
    assert_eq!(counts(&machine), (NONE, NONE));
    let bus_error = vdev_ref_status::VRS_BUS_ERROR as u64;
    let error = vdev_ref_status::VRS_ERRNO as u64 + libc::ENOSPC as u64;
    machine.on_cpu(|cpu| {
        cpu.bytes::<2>(Space::Memory, AT).unwrap();
        cpu.write(Space::Memory, AT, &[0; 4]).unwrap();
        cpu.read(Space::Memory, 0x5000_0000).unwrap();
        cpu.read(Space::Memory, AT + 8 * bus_error).unwrap_err();
        assert_eq!(cpu.read(Space::Memory, AT + 8 * error), Err(libc::ENOSPC));
        cpu.fetch(AT);
    });
    let of_vdev =
        gasp_refusals { size: 1, no_function: 1, bus_error: 1, error: 1, no_right: 1, ..NONE };
    assert_eq!(counts(&machine), (gasp_refusals { absent: 1, ..of_vdev }, of_vdev));
    assert_eq!(
        lines.take(),
        [
            "t_refuses: a read of 2 bytes at 0xd0000000 is refused: it does not take this size \
             (acc_sizes)"
                .into(),
            "t_refuses: a write of 4 bytes at 0xd0000000 is refused: it has no vwrite".into(),
            "-: a read of 8 bytes at 0x50000000 is refused: nothing is there".into(),
            format!(
                "t_refuses: a read of 8 bytes at {:#x} is refused: it answered VRS_BUS_ERROR",
                AT + 8 * bus_error
            ),
            format!(
                "t_refuses: a read of 8 bytes at {:#x} is refused: it answered No space left on \
                 device (os error 28)",
                AT + 8 * error
            ),
            "t_refuses: a fetch of 8 bytes at 0xd0000000 is refused: the region has no right for it"
                .into(),
        ]
    );
}

#[test]
fn refusals_are_counted_without_the_flag_but_not_logged() {
    let (machine, lines) = reporting(plugin("t_counted", ANSWERS), 0);
    machine.create("t_counted", "loc 0xd0000000").unwrap();
    machine.on_cpu(|cpu| cpu.bytes::<2>(Space::Memory, AT).unwrap());
    assert_eq!(counts(&machine).1, gasp_refusals { size: 1, ..NONE });
    assert_eq!(lines.take(), [""; 0]);
}

#[test]
fn a_wrong_answer_is_logged_with_the_instruction() {
    let (machine, lines) = reporting(plugin("t_wrong", ANSWERS), 0);
    machine.create("t_wrong", "loc 0xd0000000").unwrap();
    machine.start();
    let wrong = vdev_ref_status::VRS_CONTINUE as u64;
    machine.read(AT + 8 * wrong).unwrap();
    assert_eq!(
        lines.take(),
        [format!(
            "t_wrong: answered {wrong}, which is no VRS_*: a read of 8 bytes at {:#x} by vCPU 0, \
             instruction 0x1010",
            AT + 8 * wrong
        )]
    );
    assert_eq!(counts(&machine).1, gasp_refusals { wrong_answer: 1, ..NONE });
}

#[test]
fn counters_of_nothing_are_refused() {
    let (machine, _) = reporting(plugin("t_counts", ANSWERS), 0);
    let mut counts = NONE;
    let vdevs = machine.vdevs.handle();
    // SAFETY: bad arguments are recognised, here and below.
    assert_eq!(unsafe { gasp_vdevs_counts(ptr::null_mut(), &raw mut counts) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_counts(vdevs, ptr::null_mut()) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdev_counts(ptr::null(), &raw mut counts) }, libc::EINVAL);
    machine.create("t_counts", "").unwrap();
    let vdev = machine.vdevs.next(ptr::null());
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdev_counts(vdev, ptr::null_mut()) }, libc::EINVAL);
}

/// A thread of a vdev takes the lock, and waits until it is told to go on by a write.
const HOLDING: &str = r"
    PAGE_OF_REGISTERS(with_page)
    static int held, go_on;
    static pthread_t thread;
    static void *hold(void *arg)
    {
        vdev_t *vdev = arg;
        gasp_lock(vdev->v_gsp, QST_MEMORY);
        __atomic_store_n(&held, 1, __ATOMIC_SEQ_CST);
        while (!__atomic_load_n(&go_on, __ATOMIC_SEQ_CST)) sched_yield();
        gasp_unlock(vdev->v_gsp, QST_MEMORY);
        return NULL;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_GUEST_CONFIGURED)
            return vdev_thread_create(vdev, NULL, &thread, NULL, hold, vdev);
        if (ctrl == VDEV_CTRL_TERMINATE) pthread_join(thread, NULL);
        return with_page(vdev, ctrl, arg);
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        UNUSED;
        int now = __atomic_load_n(&held, __ATOMIC_SEQ_CST);
        guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &now, sizeof(now));
        return VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        UNUSED;
        __atomic_store_n(&go_on, 1, __ATOMIC_SEQ_CST);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite)
";

#[test]
fn an_access_that_waited_in_vain_names_the_vdev_that_holds_the_lock() {
    let (machine, lines) = reporting(plugin("t_holding", HOLDING), GASP_VDEVS_LOG_REFUSED);
    machine.create("t_holding", "loc 0xd0000000").unwrap();
    // SAFETY: a guest.
    assert_eq!(unsafe { gasp_guest_set_hold_limit(machine.guest.handle(), 20) }, 0);
    machine.start();
    while machine.read(AT) != Ok(1) {
        std::thread::yield_now();
    }
    machine.read(0x5000_0000).unwrap();
    let line = lines.take().join("|");
    assert!(line.contains(" at 0x50000000 is refused: nothing is there, and thread "), "{line}");
    assert!(line.contains(" of t_holding holds the lock of the space; it was not "), "{line}");
    machine.write(AT, 1).unwrap();
    machine.vdevs.terminate().unwrap();
    machine.read(0x5000_0000).unwrap();
    let line = lines.take().join("|");
    assert!(line.contains(" is refused: nothing is there") && !line.contains("thread"), "{line}");
}
