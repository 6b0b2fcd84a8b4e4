//! What is watched around the calls of a vdev, and at its end.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, plugin, system_plugin};
use super::reports::{AT, Lines, reporting};
use core::ffi::{c_uint, c_void};
use core::ptr;
use gasp_abi::guest_intr_notifications::GIN_ACK;
use gasp_abi::*;
use gasp_safe::Space;
use std::thread;
use std::time::{Duration, Instant};

const KEEPS: &str = r"
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vread(OPERANDS)
    {
        UNUSED;
        if (vopnd->location % 0x1000 == 8) gasp_unlock(vdev->v_gsp, QST_MEMORY);
        else gasp_lock(vdev->v_gsp, QST_MEMORY);
        return VRS_NORMAL;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        UNUSED;
        gasp_lock(vdev->v_gsp, QST_X86_IO);
        if (vopnd->location % 0x1000 == 8) gasp_unlock(vdev->v_gsp, QST_X86_IO);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite)
";

#[test]
fn a_lock_that_is_kept_is_logged_once_for_each_function() {
    let (machine, lines) = reporting(plugin("t_keeps", KEEPS), GASP_VDEVS_CHECK_LOCKS);
    machine.create("t_keeps", "loc 0xd0000000").unwrap();
    machine.write(AT + 8, 0).unwrap();
    assert_eq!(lines.take(), [""; 0]);
    machine.read(AT).unwrap();
    assert_eq!(lines.take(), ["t_keeps: vread has returned with the lock of memory (gasp_lock)"]);
    machine.write(AT, 0).unwrap();
    assert_eq!(lines.take(), ["t_keeps: vwrite has returned with the lock of ports (gasp_lock)"]);
    machine.read(AT).unwrap();
    machine.read(AT + 8).unwrap();
    assert_eq!(lines.take(), [""; 0]);
    give_back(&machine);
}

/// Gives back the locks of this thread: with them it cannot wait for accesses, at the end.
fn give_back(machine: &Machine) {
    for space in [Space::Memory, Space::Ports] {
        // SAFETY: a guest.
        while unsafe { gasp_guest_locks_held(machine.guest.handle(), space.number()) } != 0 {
            // SAFETY: a guest whose lock this thread has.
            unsafe { gasp_unlock(machine.guest.handle(), space as u16) };
        }
    }
}

/// A controller that keeps the lock in whatever is called, and lets itself be called.
const KEEPS_ALL: &str = r#"
    static vdev_t *own;
    static int keep(void) { return gasp_lock(own->v_gsp, QST_MEMORY); }
    static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
    { (void)gip, (void)gis; return keep(); }
    static void notify(const struct guest_intr *gip, enum guest_intr_notifications gin)
    { (void)gip, (void)gin; keep(); }
    static const char *parse(struct guest_intr *gip, const char *name)
    { (void)gip; keep(); return name + 1; }
    static size_t string(const struct guest_intr *gip, char *buf, size_t buf_len)
    { (void)gip; memset(buf, 0, buf_len); keep(); return 0; }
    static ssize_t table(const struct guest_intr *gip, enum guest_table_spec_component component,
        void *buf, size_t buf_len)
    { (void)gip, (void)component, (void)buf, (void)buf_len; return keep(); }
    static void deliver(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data, unsigned cookie)
    { (void)pic, (void)src, (void)paddr, (void)data, (void)cookie; keep(); }
    static void power(void *data) { (void)data; keep(); }
    static enum vdev_ref_status instruction(vdev_t *vdp, struct guest_cpu *gcp,
        enum guest_instr_type git, unsigned qualifier)
    { (void)vdp, (void)gcp, (void)git, (void)qualifier; keep(); return VRS_NORMAL; }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct guest_intr intr = { vdev, 3, 0 };
        struct guest_power_state_notify *wish;
        char text[16];
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            own = vdev;
            wish = guest_power_state_notify_create(vdev->v_gsp);
            guest_msi_register(vdev, 0xfee00000, ~0xfffffull, deliver, 0);
            guest_power_state_notify_register(wish, GPSC_OFF, 0, 1, 1, power, NULL);
            guest_instr_register(vdev, (enum guest_instr_type)5, 7, instruction);
            qvm_parse_intr(vdev->v_gsp, "t_keeps_all:x", &intr);
        }
        if (ctrl != VDEV_CTRL_STATUS) return EOK;
        guest_intr_signal(&intr, GIS_ON);
        guest_intr_string(&intr, text, sizeof text);
        guest_msi_signal(vdev, 0xfee00000, 0);
        return EOK;
    }
    static const struct vdev_pic_functions pic = { .signal = signals, .notify = notify,
        .parse = parse, .string = string, .table_spec = table };
    REGISTER(.control = control, .pic = &pic, .factory_flags = VFF_LOC_NO)
"#;

unsafe extern "C" fn watched(_: *mut c_void, _: *const guest_intr, _: c_uint) {}

#[test]
fn locks_are_checked_in_the_functions_that_are_called_for_others() {
    let (machine, lines) = reporting(plugin("t_keeps_all", KEEPS_ALL), GASP_VDEVS_CHECK_LOCKS);
    machine.create("t_keeps_all", "").unwrap();
    machine.start();
    let (set, pic) = (machine.vdevs.handle(), machine.vdevs.next(ptr::null()));
    let intr = guest_intr { pic, param: 3, src_id: 0 };
    let (ack, off) = (GIN_ACK as c_uint, guest_power_state_cmd::GPSC_OFF as c_uint);
    // SAFETY: a set, an interrupt of its, and a function that takes any argument.
    unsafe { gasp_vdevs_watch_intr(set, &raw const intr, ack, Some(watched), ptr::null_mut()) };
    // SAFETY: as above, and no room.
    unsafe { gasp_vdevs_table_spec(set, &raw const intr, 0, ptr::null_mut(), 0) };
    // SAFETY: a set.
    assert_eq!(unsafe { gasp_vdevs_set_power(set, 0, off) }, 0);
    let (cpu, mut status) = (machine.guest.cpu().unwrap(), 0);
    // SAFETY: a set, a vCPU and a number.
    unsafe { gasp_vdevs_instruction(set, cpu.handle(), 5, 7, &raw mut status) };
    machine.vdevs.status();
    let functions = [
        "parse",
        "control",
        "notify",
        "table_spec",
        "a function for the power state",
        "a function for instructions",
        "signal",
        "string",
        "a function for messages",
    ];
    let kept = "has returned with the lock of memory (gasp_lock)";
    assert_eq!(lines.take(), functions.map(|function| format!("t_keeps_all: {function} {kept}")));
    give_back(&machine);
}

/// Its pulse function returns when the guest's memory at 0x1000 says so.
const HANGING_PULSE: &str = r"
    static int pulse(vdev_t *vdev, int8_t code)
    {
        const struct qvm_state_block block = { 0x1000, 8, QST_MEMORY, 0 };
        uint64_t go = 0;
        (void)vdev, (void)code;
        while (!go && guest_cpu_read(NULL, 0, &block, 1, &go, 8) == EOK) {}
        return 0;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct sigevent event;
        (void)arg;
        if (ctrl != VDEV_CTRL_GUEST_STARTING) return EOK;
        vdev_pulse(vdev, -5, 0, &event, 0);
        event.sigev_notify_function(event.sigev_value);
        return EOK;
    }
    REGISTER(.control = control, .pulse = pulse, .factory_flags = VFF_LOC_NO)
";

#[test]
fn a_pulse_function_that_does_not_return_is_logged() {
    let directory = system_plugin("t_pulse_hangs", HANGING_PULSE);
    let (machine, lines) = reporting(directory, GASP_VDEVS_WATCH_HANDLERS);
    machine.create("t_pulse_hangs", "").unwrap();
    assert_eq!(set_limit(&machine, 20), 0);
    machine.start();
    let written = wait(lines);
    machine.guest.write(0x1000, &[1; 8]).unwrap();
    let [line] = &written[..] else { panic!("{written:?}") };
    let start = "t_pulse_hangs: pulse with code -5 has not returned for ";
    assert!(line.starts_with(start) && line.ends_with(", vdev pulses)"), "{line}");
    // The vdev is no longer called.
    thread::sleep(Duration::from_millis(60));
    assert_eq!(lines.take(), [""; 0]);
}

#[test]
fn locks_are_not_checked_without_the_flag() {
    let directory = plugin("t_keeper", KEEPS);
    let (machine, lines) = reporting(directory, GASP_VDEVS_CHECK_END | GASP_VDEVS_WATCH_HANDLERS);
    machine.create("t_keeper", "loc 0xd0000000").unwrap();
    machine.read(AT).unwrap();
    assert_eq!(lines.take(), [""; 0]);
    give_back(&machine);
}

/// Returns when the guest's memory at 0x1000 says so; at once for a read at 8.
const HANGS: &str = r"
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vread(OPERANDS)
    {
        const struct qvm_state_block block = { 0x1000, 8, QST_MEMORY, 0 };
        uint64_t go = vopnd->location % 0x1000;
        UNUSED;
        while (!go && guest_cpu_read(gcp, 0, &block, 1, &go, 8) == EOK) {}
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread)
";

/// Waits for a line; there is none after a minute.
fn wait(lines: &Lines) -> Vec<String> {
    let start = Instant::now();
    loop {
        let written = lines.take();
        if !written.is_empty() || start.elapsed() > Duration::from_secs(60) {
            return written;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn set_limit(machine: &Machine, milliseconds: u64) -> i32 {
    // SAFETY: a set.
    unsafe { gasp_vdevs_set_limit(machine.vdevs.handle(), milliseconds) }
}

#[test]
fn a_handler_that_does_not_return_is_logged_once() {
    let (machine, lines) = reporting(plugin("t_hangs", HANGS), GASP_VDEVS_WATCH_HANDLERS);
    machine.create("t_hangs", "loc 0xd0000000").unwrap();
    assert_eq!(set_limit(&machine, 20), 0);
    thread::scope(|scope| {
        let hanging = thread::Builder::new().name("the vcpu".into());
        hanging.spawn_scoped(scope, || machine.read(AT).unwrap()).unwrap();
        let written = wait(lines);
        machine.guest.write(0x1000, &[1; 8]).unwrap();
        let [line] = &written[..] else { panic!("{written:?}") };
        let start = "t_hangs: vread of 8 bytes at 0xd0000000 has not returned for ";
        assert!(line.starts_with(start), "{line}");
        assert!(line.contains("(thread ") && line.ends_with(", the vcpu)"), "{line}");
    });
    // Each call that hangs has its line, one that returns has none.
    machine.read(AT + 8).unwrap();
    assert_eq!(lines.take(), [""; 0]);
    machine.guest.write(0x1000, &[0; 8]).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| machine.read(AT).unwrap());
        let written = wait(lines);
        machine.guest.write(0x1000, &[1; 8]).unwrap();
        assert_eq!(written.len(), 1);
    });
}

#[test]
fn a_limit_needs_a_watchdog_and_a_time() {
    let (machine, _) = reporting(plugin("t_limit", HANGS), GASP_VDEVS_WATCH_HANDLERS);
    assert_eq!(set_limit(&machine, 0), libc::EINVAL);
    assert_eq!(set_limit(&machine, 1), 0);
    let without = Machine::with("t_limitless", HANGS);
    assert_eq!(set_limit(&without, 1), libc::EPERM);
    // SAFETY: bad handles are recognised.
    assert_eq!(unsafe { gasp_vdevs_set_limit(core::ptr::null_mut(), 1) }, libc::EINVAL);
}

/// Has two regions of its own and two mappings, of which it ends one.
const LEAVES: &str = r"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct gasp_region region = { GRF_VIRT_RD, 7, vdev, 0, { 0xe0000000, 0x2000, QST_MEMORY, 0 } };
        (void)arg;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
        }
        if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) {
            gasp_region_set(vdev->v_gsp, 1, &region);
            region.guest = (struct qvm_state_block){ 0x60, 4, QST_X86_IO, 0 };
            gasp_region_set(vdev->v_gsp, 1, &region);
            void *one = gasp_map_sys(vdev->v_gsp, PROT_READ, 0x3000, 0x1000);
            void *two = gasp_map_sys(vdev->v_gsp, PROT_READ, 0x3000, 0x1000);
            if (one == NULL || two == NULL) return EIO;
            gasp_unmap(vdev->v_gsp, one, 0x1000, 0);
        }
        return EOK;
    }
    REGISTER(.control = control)
";

#[test]
fn what_a_vdev_leaves_is_logged_and_taken_away() {
    let text = format!("#include <sys/mman.h>\n{LEAVES}");
    let (machine, lines) = reporting(plugin("t_leaves", &text), GASP_VDEVS_CHECK_END);
    machine.create("t_leaves", "loc 0xd0000000").unwrap();
    machine.start();
    assert_eq!(lines.take(), [""; 0]);
    let Machine { vdevs, guest, .. } = machine;
    drop(vdevs);
    assert_eq!(
        lines.take(),
        [
            "t_leaves: ends, and leaves a region of 0x2000 bytes at mem:0xe0000000",
            "t_leaves: ends, and leaves a region of 0x4 bytes at io:0x60",
            "t_leaves: ends, and leaves 0x1000 bytes of memory from 0x3000 mapped",
        ]
    );
    assert_eq!((guest.spans(Space::Memory).len(), guest.spans(Space::Ports).len()), (1, 0));
    let mut mapping = core::mem::MaybeUninit::uninit();
    // SAFETY: a guest, and a structure that can be written.
    let next = unsafe { gasp_guest_next_mapping(guest.handle(), 0, mapping.as_mut_ptr()) };
    assert_eq!(next, libc::ENOENT);
}
