//! The log: `logger`, and `log` of a vdev.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Machine, plugin};
use core::ptr;
use gasp_abi::{gasp_vdevs_create, gasp_vdevs_destroy, gasp_vdevs_logger, gasp_vdevs_non_safety};
use gasp_safe::Guest;
use std::env;
use std::process::{Command, Output};

/// Writes a line of each kind but fatal when the button is pressed.
const TALKER: &str = r#"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        (void)arg;
        if (ctrl != VDEV_CTRL_BUTTON) return EOK;
        vdev_logf(QVM_OUTN_QVM, vdev, "internal");
        vdev_logf(QVM_OUTE_QVM, vdev, "error");
        vdev_logf(QVM_OUTW_QVM, vdev, "warning");
        vdev_logf(QVM_OUTI_QVM, vdev, "info");
        vdev_logf(QVM_OUTD_QVM, vdev, "debug");
        vdev_logf(QVM_OUTV_QVM, vdev, "verbose");
        qvm_logf(QVM_OUTD_QVM, "a debug line of no vdev");
        return EOK;
    }
    REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
"#;

/// A vdev with these values of `log`.
fn add(machine: &Machine, name: &str, values: &[&str]) -> Result<(), String> {
    let mut options = vec![("name".into(), Some(name.into()))];
    options.extend(values.iter().map(|value| ("log".to_owned(), Some((*value).to_owned()))));
    machine.vdevs.add("t_talker", &options).map_err(|refused| refused.to_string())
}

#[test]
fn the_host_gets_what_passes_and_where_it_goes() {
    let machine = Machine::with_log(plugin("t_talker", TALKER));
    add(&machine, "a", &[]).unwrap();
    add(&machine, "b", &["debug,info stdout", "error stderr", "info none", "verbose slog"])
        .unwrap();
    machine.vdevs.button();
    let of_b = ["4 b: internal", "2 b: error", "1 b: debug", "4 b: verbose"];
    let of_a = ["6 a: internal", "2 a: error", "2 a: warning", "2 a: info"];
    assert_eq!(machine.platform.lines(), [&of_a[..], &of_b].concat());
    machine.vdevs.logger("debug", "stderr").unwrap();
    machine.vdevs.logger("debug,internal", "slog").unwrap();
    machine.vdevs.button();
    let nobody = "6 -: a debug line of no vdev";
    let of_a = ["4 a: internal", "6 a: debug", nobody];
    assert_eq!(machine.platform.lines(), [&of_a[..], &of_b, &[nobody]].concat());
}

#[test]
fn a_log_that_is_no_log_is_refused() {
    let machine = Machine::with_log(plugin("t_talker", TALKER));
    for (value, words) in [
        ("info", "or none, found ''"),
        ("info,all stderr", "debug or verbose, found 'all'"),
        ("info file", "found 'file'"),
    ] {
        let refused = add(&machine, "a", &[value]).unwrap_err();
        assert!(
            refused.contains("option 1: vdev t_talker cannot have this log: expected"),
            "{refused}"
        );
        assert!(refused.ends_with(words), "{refused}");
    }
    let refused = machine.vdevs.logger("all", "stderr").unwrap_err();
    assert!(refused.starts_with("expected fatal, "), "{refused}");
}

#[test]
fn the_log_of_a_vdev_that_was_refused_is_not_the_next_ones() {
    let machine = Machine::with_log(plugin("t_talker", TALKER));
    add(&machine, "a", &["info,debug,error none", "none"]).unwrap_err();
    // It has the place of the first one.
    add(&machine, "b", &[]).unwrap();
    machine.vdevs.button();
    let expected = ["6 b: internal", "2 b: error", "2 b: warning", "2 b: info"];
    assert_eq!(machine.platform.lines(), expected);
}

#[test]
fn a_logger_that_is_none_is_refused() {
    let guest = Guest::new().unwrap();
    let (none, text) = (ptr::null(), c"info".as_ptr());
    // SAFETY: a guest.
    let vdevs = unsafe { gasp_vdevs_create(guest.handle(), ptr::null()) };
    // SAFETY: a set; NULL is refused.
    assert_eq!(unsafe { gasp_vdevs_logger(vdevs, none, c"none".as_ptr()) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_logger(vdevs, text, none) }, libc::EINVAL);
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_logger(ptr::null_mut(), text, text) }, libc::EINVAL);
    // SAFETY: a set.
    unsafe { gasp_vdevs_destroy(vdevs) };
}

#[test]
fn leaving_the_environment_for_safety_is_told_once() {
    let text = r#"
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            (void)vdev, (void)arg;
            if (ctrl != VDEV_CTRL_BUTTON) return EOK;
            qvm_make_non_safety("level %d", 3);
            qvm_make_non_safety(NULL);
            return EOK;
        }
        REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
    "#;
    let machine = Machine::with_log(plugin("t_unsafe", text));
    machine.create("t_unsafe", "").unwrap();
    // SAFETY: no preconditions, here and below. No other test has such a vdev.
    assert_eq!(unsafe { gasp_vdevs_non_safety() }, 0);
    machine.vdevs.button();
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_vdevs_non_safety() }, 1);
    machine.vdevs.button();
    assert_eq!(machine.platform.lines(), ["2 t_unsafe: not certified for safety: level 3"]);
}

/// The variable that marks a process as started by a test.
const WRITES: &str = "GASP_VDEV_TEST_WRITES";

fn write_in_a_process() -> Output {
    let test = "tests::output::without_a_function_of_the_host_lines_go_to_their_destinations";
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(WRITES, "1").output().unwrap()
}

/// Also runs in that process.
#[test]
fn without_a_function_of_the_host_lines_go_to_their_destinations() {
    if env::var_os(WRITES).is_some() {
        let machine = Machine::new(plugin("t_talker", TALKER));
        machine.vdevs.logger("debug,error", "stdout").unwrap();
        machine.vdevs.logger("info,error", "stderr").unwrap();
        add(&machine, "a", &[]).unwrap();
        machine.vdevs.button();
        return;
    }
    let out = write_in_a_process();
    let lines = String::from_utf8(out.stdout).unwrap();
    let of_vdevs: Vec<_> = lines.lines().filter(|line| line.contains("error: ")).collect();
    assert_eq!(of_vdevs, ["a: error: error"]);
    assert!(lines.contains("\na: debug: debug\ndebug: a debug line of no vdev\n"), "{lines}");
    assert_eq!(String::from_utf8(out.stderr).unwrap(), "a: error: error\na: info\n");
}
