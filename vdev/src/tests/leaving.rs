//! A host whose `fatal` leaves by `longjmp`.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::failing;
use super::machine::{Directory, compile, plugin};
use core::ffi::{c_char, c_int};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::{env, fs, mem};

/// A vdev that fails where the option `fail` says.
const FAILS: &str = r#"
    static struct guest_timer *timer;
    static const char *const options[] = { "fail", NULL };
    static char where[16];
    static void fail(const char *here)
    {
        if (strcmp(where, here) == 0) qvm_fatal(QVM_OUTF_QVM, "at the %s", here);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct qvm_state_block block;
        uint64_t resolution, value, left = 1;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            memset(where, 0, sizeof where);
            timer = guest_timer_create(NULL, vdev, NULL, &resolution);
        }
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX) strncpy(where, arg, sizeof where - 1);
        if (strcmp(where, "parse") == 0) qvm_parse_block("what?", &block, NULL);
        if (strcmp(where, "intr") == 0) qvm_parse_intr(vdev->v_gsp, "what?", NULL);
        if (strcmp(where, "assign") == 0) guest_intr_assign(NULL, 0, GIAT_UNUSED, NULL);
        if (strcmp(where, "terminate") == 0) guest_terminate(vdev->v_gsp, 40);
        fail("option");
        if (ctrl == VDEV_CTRL_GUEST_STARTING) guest_timer_notify(timer, NULL, left);
        if (ctrl == VDEV_CTRL_STATUS) {
            fail("status");
            if (strcmp(where, "nested") == 0) {
                vdev->v_block.length = 8;
                guest_cpu_read(NULL, 0, &vdev->v_block, 1, &value, 8);
            }
        }
        if (ctrl == VDEV_CTRL_TERMINATE) fail("end");
        return EOK;
    }
    static void expired(vdev_t *vdev, void *data, const struct guest_timer_data *tdp,
        struct guest_cpu *gcp)
    {
        (void)vdev, (void)data, (void)tdp, (void)gcp;
        fail("timer");
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        UNUSED;
        fail("access");
        if (strcmp(where, "nested") == 0) vdev_logf(QVM_OUTF_QVM, vdev, "inside");
        if (strcmp(where, "answer") == 0) return VRS_TERMINATE;
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .timer = expired, .option_list = options)
"#;

/// The host. `leave` returns the exit code, or how far it came if nothing was fatal.
const HOST: &str = r#"
    #include <gasp/host.h>
    #include <gasp/vdev-host.h>
    #include <setjmp.h>
    static jmp_buf back;
    static int code, lines;
    static void fatal(void *arg, int exit_code)
    {
        (void)arg;
        code = exit_code;
        longjmp(back, 1);
    }
    static void line(void *arg, unsigned attr, unsigned where, const vdev_t *vdev, const char *name,
        const char *text)
    {
        (void)arg, (void)attr, (void)where, (void)vdev, (void)name, (void)text;
        lines++;
    }
    static void watched(void *arg, const struct guest_intr *gip, enum guest_intr_notifications gin)
    {
        (void)arg, (void)gip, (void)gin;
    }
    static int run(struct gasp_vdevs *set, struct gasp_cpu *cpu, const char *name, const char *where,
        int starts)
    {
        const struct gasp_vdev_option options[] = { { "loc", "0xd0000000" }, { "fail", where } };
        struct guest_intr intr = { gasp_vdevs_add(set, name, options, 2, NULL), 3, 0 };
        enum vdev_ref_status status;
        uint64_t data;
        if (intr.pic == NULL) return -2;
        if (gasp_vdevs_control(set, VDEV_CTRL_GUEST_CONFIGURED, NULL)) return -3;
        if (starts && gasp_vdevs_control(set, VDEV_CTRL_GUEST_STARTING, NULL)) return -4;
        if (gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0xd0000000, &data, 8)) return -5;
        if (gasp_vdevs_control(set, VDEV_CTRL_STATUS, NULL)) return -6;
        if (starts && gasp_vdevs_advance(set, 10)) return -7;
        gasp_vdevs_watch_intr(set, &intr, GIN_ACK, watched, NULL);
        gasp_vdevs_table_spec(set, &intr, GTSC_FDT_INTR, &data, sizeof data);
        if (gasp_vdevs_set_power(set, 0, GPSC_OFF)) return -9;
        if (gasp_vdevs_instruction(set, cpu, (enum guest_instr_type)5, 7, &status)) return -10;
        return -8;
    }
    int leave(struct guest_system *gsp, const char *directory, const char *name, const char *where,
        int starts)
    {
        struct gasp_vdev_host host = { .size = sizeof(host), .flags = GASP_VDEVS_SIMULATED_CLOCK,
            .fatal = fatal, .log = line };
        struct gasp_vdevs *volatile set = gasp_vdevs_create(gsp, &host);
        struct gasp_cpu *cpu = gasp_cpu_create(gsp);
        uint64_t data;
        lines = code = 0;
        if (set == NULL || gasp_vdevs_add_path(set, directory)) return -1;
        if (setjmp(back) == 0) code = run(set, cpu, name, where, starts);
        if (gasp_acting()->vdev != NULL) return -20;
        if (code > 0 && lines != 1) return -21;
        /* All of it can still be used: no lock is held. */
        gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0xd0010000, &data, 8);
        if (setjmp(back) == 0) gasp_vdevs_destroy(set);
        if (gasp_acting()->vdev != NULL) return -22;
        set = gasp_vdevs_create(gsp, &host);
        if (set == NULL) return -23;
        gasp_vdevs_destroy(set);
        gasp_cpu_destroy(cpu);
        return code;
    }
"#;

/// Where a vdev fails, whether its guest has started, and the exit code.
const OWN: [(&str, c_int, c_int); 12] = [
    ("parse", 0, 65),
    ("intr", 0, 65),
    ("assign", 0, 64),
    ("terminate", 0, 64),
    ("option", 0, 64),
    ("access", 0, 64),
    ("answer", 0, 64),
    ("nested", 0, 64),
    ("end", 0, 64),
    ("status", 1, 96),
    ("timer", 1, 96),
    ("nowhere", 1, -8),
];
/// The same for one whose functions are called for others, when a guest of the process has started.
const FOR_OTHERS: [(&str, c_int, c_int); 10] = [
    ("access", 0, 96),
    ("signal", 0, 96),
    ("string", 0, 96),
    ("parse", 0, 96),
    ("notify", 0, 96),
    ("table", 0, 96),
    ("power", 0, 96),
    ("instruction", 0, 96),
    ("message", 1, 96),
    ("nowhere", 1, -8),
];

type Leave = unsafe extern "C" fn(
    *mut gasp_abi::guest_system,
    *const c_char,
    *const c_char,
    *const c_char,
    c_int,
) -> c_int;

/// Marks the process in which no other test has started a guest, which changes exit codes.
const ALONE: &str = "GASP_TEST_LEAVES";

#[test]
fn a_fatal_error_can_be_left_from_wherever_a_vdev_is_called() {
    if env::var_os(ALONE).is_some() {
        return all_are_left();
    }
    let name = "tests::leaving::a_fatal_error_can_be_left_from_wherever_a_vdev_is_called";
    let mut command = Command::new(env::current_exe().unwrap());
    let out = command.args(["--exact", name]).env(ALONE, "").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
}

fn all_are_left() {
    let leave = host(&Directory::new());
    for (name, text, places) in
        [("t_fails", FAILS, &OWN[..]), ("t_other", failing::FAILS, &FOR_OTHERS[..])]
    {
        let directory = plugin(name, text);
        let (path, name) = (string(directory.0.as_os_str().as_bytes()), string(name.as_bytes()));
        for &(place, starts, code) in places {
            let guest = gasp_safe::Guest::new().unwrap();
            let (handle, failing) = (guest.handle(), string(place.as_bytes()));
            // SAFETY: a guest and strings.
            let left =
                unsafe { leave(handle, path.as_ptr(), name.as_ptr(), failing.as_ptr(), starts) };
            assert_eq!(left, code, "{name:?}: {place}");
        }
    }
}

fn string(bytes: &[u8]) -> CString {
    CString::new(bytes).unwrap()
}

/// The function of [`HOST`].
fn host(directory: &Directory) -> Leave {
    let source = directory.0.join("host.c");
    let library = directory.0.join("host.so");
    fs::write(&source, HOST).unwrap();
    compile(&source, &library);
    let library = string(library.as_os_str().as_bytes());
    // SAFETY: a string.
    let library = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null());
    // SAFETY: a library.
    let leave = unsafe { libc::dlsym(library, c"leave".as_ptr()) };
    assert!(!leave.is_null());
    // SAFETY: the function of `HOST`.
    unsafe { mem::transmute(leave) }
}
