//! A host that looks at its vdevs, and goes on with its work, while one is called.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, plugin};
use core::ffi::{c_char, c_uint, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use gasp_abi::*;
use std::sync::Mutex;

/// It logs each step of its life.
const TALKS: &str = r#"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
        }
        vdev_logf(QVM_OUTI_QVM, vdev, "%u", ctrl);
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS) { UNUSED; return VRS_NORMAL; }
    REGISTER(.control = control, .vread = vread)
"#;

/// What the host does for a line of the log.
struct Host {
    vdevs: AtomicPtr<gasp_vdevs>,
    act: fn(*mut gasp_vdevs, u8),
    /// How many vdevs there were for each line.
    seen: Mutex<Vec<usize>>,
}

impl Host {
    fn seen(&self) -> Vec<usize> {
        self.seen.lock().unwrap().clone()
    }
}

unsafe extern "C" fn line(
    arg: *mut c_void,
    _: c_uint,
    _: c_uint,
    _: *const vdev_t,
    _: *const c_char,
    text: *const c_char,
) {
    // SAFETY: the host of `machine`.
    let host = unsafe { &*arg.cast::<Host>() };
    let vdevs = host.vdevs.load(Relaxed);
    host.seen.lock().unwrap().push(count(vdevs));
    // SAFETY: a string.
    (host.act)(vdevs, unsafe { text.cast::<u8>().read() });
}

/// How many vdevs there are.
fn count(vdevs: *mut gasp_vdevs) -> usize {
    let next = |vdev: &*mut vdev_t| {
        // SAFETY: a set, and one of its vdevs.
        let next = unsafe { gasp_vdevs_next(vdevs, *vdev) };
        (!next.is_null()).then_some(next)
    };
    core::iter::successors(next(&ptr::null_mut()), next).count()
}

fn machine(name: &str, act: fn(*mut gasp_vdevs, u8)) -> (Machine, &'static Host) {
    let (vdevs, seen) = (AtomicPtr::new(ptr::null_mut()), Mutex::default());
    let host: &'static Host = Box::leak(Box::new(Host { vdevs, act, seen }));
    let machine = Machine::with_host(plugin(name, TALKS), |_| gasp_vdev_host {
        size: size_of::<gasp_vdev_host>(),
        flags: 0,
        arg: ptr::from_ref(host).cast_mut().cast(),
        interrupt: None,
        terminate: None,
        fatal: None,
        log: Some(line),
        registers: None,
        msi: None,
        core_file: None,
    });
    host.vdevs.store(machine.vdevs.handle(), Relaxed);
    (machine, host)
}

/// Adds a vdev when another one is told of the step `STATUS`.
fn add(vdevs: *mut gasp_vdevs, step: u8) {
    if step == b'4' {
        // SAFETY: a set, a string, no options and no index.
        let added = unsafe {
            gasp_vdevs_add(vdevs, c"t_looked_at".as_ptr(), ptr::null(), 0, ptr::null_mut())
        };
        assert!(!added.is_null());
    }
}

#[test]
fn vdevs_can_be_looked_at_and_added_while_one_is_called() {
    let (machine, host) = machine("t_looked_at", add);
    machine.create("t_looked_at", "loc 0xd0000000").unwrap();
    assert_eq!(host.seen(), [0, 0]);
    machine.vdevs.status();
    // The new one is not told: it was not there when the others were.
    assert_eq!(host.seen(), [0, 0, 1, 1, 1]);
    assert_eq!(count(machine.vdevs.handle()), 2);
}

/// Has the vdevs placed when the options of one are complete.
fn assign(vdevs: *mut gasp_vdevs, step: u8) {
    if step == b'1' {
        // SAFETY: a set.
        assert_eq!(unsafe { gasp_vdevs_control(vdevs, VDEV_CTRL_ASSIGN, ptr::null()) }, 0);
    }
}

#[test]
fn a_vdev_that_is_complete_after_the_others_were_placed_is_too_late() {
    let (machine, _) = machine("t_too_late", assign);
    let error = machine.create("t_too_late", "loc 0xd0000000").unwrap_err();
    assert!(error.message.contains("gets no further vdev"), "{error}");
    assert_eq!(count(machine.vdevs.handle()), 0);
    // Its region has gone.
    assert_eq!(machine.guest.spans(gasp_safe::Space::Memory).len(), 1);
}
