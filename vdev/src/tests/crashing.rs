//! Crashes inside of a vdev. Each is a process of its own.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Directory, compile, plugin};
use core::ffi::{c_char, c_int};
use std::ffi::CString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::{env, fs, mem};

/// A vdev that crashes as the option `how` says.
const CRASHES: &str = r#"
    #include <signal.h>
    static const char *const options[] = { "how", NULL };
    static char how[16];
    static volatile int zero;
    static int *volatile nowhere = (int *)16;
    static int is(const char *this) { return strcmp(how, this) == 0; }
    static int deep(volatile int level)
    {
        volatile char much[4096];
        much[0] = (char)level;
        return level < 0 ? 0 : deep(level + 1) + much[0];
    }
    static void *thread(void *arg)
    {
        if (is("bottom")) deep(0);
        *nowhere = 1;
        return arg;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        pthread_t started;
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
        }
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX) strncpy(how, arg, sizeof how - 1);
        if (ctrl == VDEV_CTRL_STATUS && is("status")) *nowhere = 1;
        if (ctrl == VDEV_CTRL_STATUS && (is("thread") || is("bottom"))) {
            vdev_thread_create(vdev, "t", &started, NULL, thread, NULL);
            pthread_join(started, NULL);
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        const struct qvm_state_block gone = { 0x10000, 8, QST_MEMORY, 0 };
        uint64_t value = 0;
        UNUSED;
        if (is("segv")) *nowhere = 1;
        if (is("abort")) abort();
        if (is("fpe")) zero = how[0] / zero;
        if (is("ill")) __builtin_trap();
        if (is("deep")) return (enum vdev_ref_status)deep(0);
        if (is("raise")) raise(SIGSEGV);
        if (is("gone") && guest_cpu_read(gcp, 0, &gone, 1, &value, 8) == EOK) return VRS_NORMAL;
        return VRS_BUS_ERROR;
    }
    REGISTER(.control = control, .vread = vread, .option_list = options)
"#;

/// The host. Exit codes: 42, a handler of the host came; 50 and above, no crash.
const HOST: &str = r#"
    #define _GNU_SOURCE
    #include <qvm/gasp.h>
    #include <gasp/host.h>
    #include <gasp/vdev-host.h>
    #include <signal.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/resource.h>
    #include <unistd.h>
    static void handler(int signal) { (void)signal; _exit(42); }
    static struct gasp_vdev_host host = { .size = sizeof(host) };
    int crash(const char *directory, const char *name, const char *how, const char *way)
    {
        const struct rlimit none = { 0, 0 };
        struct gasp_guest_options options = { .size = sizeof(options), .flags = GASP_GUEST_GUARDED };
        const struct gasp_vdev_option of_vdev[] = { { "loc", "0xd0000000" }, { "how", how } };
        int fd = memfd_create("gone", 0), code;
        uint64_t data;
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, strcmp(way, "handler") ? SIG_DFL : handler);
        signal(SIGABRT, SIG_DFL);
        if (strcmp(way, "none")) host.flags = GASP_VDEVS_CATCH_CRASHES;
        if (!strcmp(way, "first")) {
            struct guest_system *other = gasp_guest_create(NULL);
            gasp_vdevs_destroy(gasp_vdevs_create(other, &host));
        }
        struct guest_system *gsp = gasp_guest_create(&options);
        if (gsp == NULL || ftruncate(fd, 0x1000)) return 60;
        void *memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        struct gasp_region region = { GRF_PASS_RD, 0, NULL, (uint64_t)(uintptr_t)memory,
            { 0x10000, 0x1000, QST_MEMORY, 0 } };
        gasp_region_set(gsp, 1, &region);
        if (ftruncate(fd, 0)) return 61;
        struct gasp_vdevs *set = gasp_vdevs_create(gsp, &host);
        gasp_vdevs_add_path(set, directory);
        if (!gasp_vdevs_add(set, name, of_vdev, 2, NULL)) return 62;
        if (gasp_vdevs_control(set, VDEV_CTRL_GUEST_CONFIGURED, NULL)) return 63;
        if (gasp_vdevs_control(set, VDEV_CTRL_STATUS, NULL)) return 64;
        gasp_guest_set_unsupported(gsp, GASP_UNSUPPORTED_FAIL);
        struct gasp_cpu *cpu = gasp_cpu_create(gsp);
        code = gasp_cpu_access(cpu, QST_MEMORY, GASP_READ, 0xd0000008, &data, 8);
        if (!strcmp(how, "host")) *(volatile int *)16 = 1;
        return code == EFAULT ? 50 : 51;
    }
"#;

type Crash =
    unsafe extern "C" fn(*const c_char, *const c_char, *const c_char, *const c_char) -> c_int;

const ALONE: &str = "GASP_TEST_CRASHES";

/// Runs in the processes.
#[test]
fn crash() {
    let Ok(words) = env::var(ALONE) else { return };
    let texts: Vec<_> = words.split(' ').map(|word| CString::new(word).unwrap()).collect();
    let [library, directory, how, way] = &texts[..] else { panic!("{words}") };
    // SAFETY: strings, here and below.
    let library = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW) };
    // SAFETY: a library.
    let crash = unsafe { libc::dlsym(library, c"crash".as_ptr()) };
    // SAFETY: the function of `HOST`.
    let crash: Crash = unsafe { mem::transmute(crash) };
    // SAFETY: as above.
    let code =
        unsafe { crash(directory.as_ptr(), c"t_crashes".as_ptr(), how.as_ptr(), way.as_ptr()) };
    std::process::exit(code);
}

/// The vdev and the host.
struct Scene(Directory);

impl Scene {
    fn new() -> Self {
        let directory = plugin("t_crashes", CRASHES);
        let source = directory.0.join("host.c");
        fs::write(&source, HOST).unwrap();
        compile(&source, &directory.0.join("host.so"));
        Self(directory)
    }

    /// Runs a process: its end, and the lines of the library.
    fn run(&self, how: &str, way: &str) -> (Output, Vec<String>) {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "tests::crashing::crash", "--nocapture"]);
        let directory = self.0.0.to_str().unwrap();
        let words = format!("{directory}/host.so {directory} {how} {way}");
        let out = command.env(ALONE, words).output().unwrap();
        let errors = String::from_utf8_lossy(&out.stderr);
        let lines = errors.lines().filter(|line| line.starts_with("libgasp-vdev: "));
        let lines = lines.map(Into::into).collect();
        (out, lines)
    }
}

#[test]
fn a_crash_names_the_vdev_and_the_access_and_then_comes_as_without() {
    let scene = Scene::new();
    let read = "vread of 8 bytes at 0xd0000008";
    for (how, signal, name, place) in [
        ("segv", libc::SIGSEGV, "SIGSEGV at 0x10", read),
        ("abort", libc::SIGABRT, "SIGABRT", read),
        ("fpe", libc::SIGFPE, "SIGFPE", read),
        ("ill", libc::SIGILL, "SIGILL", read),
        ("deep", libc::SIGSEGV, "SIGSEGV", read),
        ("raise", libc::SIGSEGV, "SIGSEGV", read),
        ("status", libc::SIGSEGV, "SIGSEGV at 0x10", "control with step 4"),
        ("bottom", libc::SIGSEGV, "SIGSEGV", "a thread of its own"),
        ("thread", libc::SIGSEGV, "SIGSEGV at 0x10", "a thread of its own"),
    ] {
        let (out, lines) = scene.run(how, "usual");
        let [line] = &lines[..] else { panic!("{how}: {out:?}") };
        assert!(line.starts_with(&format!("libgasp-vdev: {name}")), "{how}: {line}");
        assert!(line.ends_with(&format!(" in vdev t_crashes: {place}")), "{how}: {line}");
        assert_eq!(out.status.signal(), Some(signal), "{how}");
        let (out, lines) = scene.run(how, "none");
        assert_eq!((out.status.signal(), lines.len()), (Some(signal), 0), "{how}: {out:?}");
    }
}

#[test]
fn the_handler_of_before_comes_after_the_line() {
    let (out, lines) = Scene::new().run("segv", "handler");
    assert_eq!((out.status.code(), lines.len()), (Some(42), 1), "{out:?}");
}

#[test]
fn a_crash_of_the_host_is_not_a_vdevs() {
    let (out, lines) = Scene::new().run("host", "usual");
    assert_eq!((out.status.signal(), lines.len()), (Some(libc::SIGSEGV), 0), "{out:?}");
}

#[test]
fn memory_that_vanishes_in_a_guarded_guest_is_no_crash() {
    let scene = Scene::new();
    for way in ["none", "usual", "first", "handler"] {
        let (out, lines) = scene.run("gone", way);
        assert_eq!((out.status.code(), lines.len()), (Some(50), 0), "{way}: {out:?}");
    }
}

#[test]
fn other_crashes_in_a_guarded_guest_are_reported_in_either_order() {
    let scene = Scene::new();
    for way in ["usual", "first"] {
        let (out, lines) = scene.run("segv", way);
        assert_eq!((out.status.signal(), lines.len()), (Some(libc::SIGSEGV), 1), "{way}: {out:?}");
    }
}
