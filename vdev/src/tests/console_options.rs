//! Character devices: their options, buffers and pulses, and misuse.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::consoles::{Console, NO_LINES, fifo};
use super::machine::{Directory, Machine, system_plugin};
use super::running::eventually;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// A register with a negative error number.
fn minus(errno: i32) -> u64 {
    u64::try_from(errno).unwrap().wrapping_neg()
}

#[test]
fn a_delayed_device_is_opened_when_it_is_used_and_there() {
    let directory = Directory::new();
    let [input, output, new] = ["in", "out", "new"].map(|name| directory.0.join(name));
    for seconds in ["forever", "3600"] {
        let (from, to) = (input.display(), output.display());
        let console = Console::new(&format!("hostdev <{from} hostdev >{to} delayed {seconds}"));
        fs::write(&input, "before its use").unwrap();
        sleep(Duration::from_millis(20));
        assert_eq!(console.register(4), 0);
        fs::remove_file(&input).unwrap();
        console.write("hello");
        assert_eq!((console.pending(), console.register(1)), (5, 0));
        assert_eq!(console.register(6), minus(libc::EAGAIN));
        assert_eq!(console.register(7), minus(libc::EAGAIN));
        // It is complete when it is there.
        fs::write(&output, "").unwrap();
        fs::write(&new, "input").unwrap();
        fs::rename(&new, &input).unwrap();
        assert_eq!(console.text(5), "input");
        eventually("its output", || console.pending() == 0);
        assert_eq!(fs::read_to_string(&output).unwrap(), "hello");
        assert_eq!(console.lines(), NO_LINES);
        fs::remove_file(&input).unwrap();
        fs::remove_file(&output).unwrap();
    }
}

#[test]
fn a_delayed_device_that_does_not_come_is_given_up() {
    let directory = Directory::new();
    let path = directory.0.join("never");
    let console = Console::new(&format!("hostdev >{} delayed 0", path.display()));
    console.write("out");
    let all = std::cell::RefCell::new(Vec::new());
    eventually("it is given up", || {
        all.borrow_mut().extend(console.lines());
        !all.borrow().is_empty()
    });
    eventually("its output is dropped", || console.pending() == 0);
    let line = format!("2 t_console: hostdev {}: after 0 seconds: No such file", path.display());
    let mut lines = all.into_inner();
    lines.extend(console.lines());
    assert!(lines.len() == 1 && lines[0].starts_with(&line), "{lines:?}");
    console.write("more");
    assert_eq!((console.pending(), console.register(1)), (0, 1));
    assert!(!path.exists());
}

#[test]
fn a_batch_is_written_when_it_is_quiet_or_full_or_at_the_end() {
    let directory = Directory::new();
    let path = directory.0.join("out");
    let written = || fs::read_to_string(&path).unwrap();
    // Over an hour.
    let console = Console::new(&format!("hostdev >{} batch 4000000000", path.display()));
    console.write("0123456789abcde");
    assert_eq!((console.pending(), written().as_str()), (15, ""));
    console.write("f");
    assert_eq!((console.pending(), written().as_str()), (0, "0123456789abcdef"));
    console.write("g");
    assert_eq!(written().len(), 16);
    console.0.vdevs.terminate().unwrap();
    assert_eq!(written(), "0123456789abcdefg");
    let console = Console::new(&format!("hostdev >{} batch 1000", path.display()));
    console.write("hi");
    eventually("it is written", || written() == "0123456789abcdefghi");
    assert!(console.register(5) > 0);
}

#[test]
fn a_vdev_can_have_its_own_buffers() {
    let directory = Directory::new();
    let (input, output) = (fifo(&directory, "in"), directory.0.join("out"));
    let options = format!("hostdev <{} hostdev >{} plain", input.display(), output.display());
    let console = Console::new(&options);
    assert_eq!(console.register(7), minus(libc::EAGAIN));
    fs::write(&input, "0123456789").unwrap();
    eventually("a pulse", || console.register(4) == 1);
    assert_eq!(console.register(7), 8);
    // What is left is told again.
    eventually("a pulse", || console.register(4) == 2);
    assert_eq!((console.register(7), console.register(7)), (2, minus(libc::EAGAIN)));
    console.set(2, 5);
    assert_eq!((console.register(1), fs::read(&output).unwrap().len()), (5, 5));
    assert_eq!(console.register(6), minus(libc::EINVAL));
}

#[test]
fn input_is_told_once_until_it_is_taken() {
    let directory = Directory::new();
    let path = fifo(&directory, "in");
    let console = Console::new(&format!("hostdev <{} quiet", path.display()));
    fs::write(&path, "0123456789abcdefg").unwrap();
    eventually("a pulse", || console.register(4) == 1);
    assert_eq!(console.register(6), 16);
    eventually("a pulse for the rest", || console.register(4) == 2);
    // There is no room.
    assert_eq!(console.register(6), 0);
    sleep(Duration::from_millis(20));
    assert_eq!(console.register(4), 2);
    assert_eq!(console.text(17), "0123456789abcdefg");
}

#[test]
fn the_last_hostdev_of_a_direction_counts() {
    let directory = Directory::new();
    let [first, second] = ["first", "second"].map(|name| directory.0.join(name));
    fs::write(&first, "x").unwrap();
    let (one, other) = (first.display(), second.display());
    let options = format!("hostdev >{one} hostdev {one} hostdev >{other}");
    let console = Console::new(&options);
    console.write("y");
    assert_eq!(console.text(1), "x");
    assert_eq!(fs::read_to_string(&first).unwrap(), "x");
    assert_eq!(fs::read_to_string(&second).unwrap(), "y");
}

#[test]
fn options_that_are_none_are_refused() {
    for option in [
        "hostdev <",
        "hostdev >",
        "hostdev >|cat",
        "hostdev >\"|cat\"",
        "delayed soon",
        "delayed -1",
        "delayed 1s",
        "delayed 4294967295",
        "batch x",
        "batch 4294967296",
    ] {
        let (console, created) = Console::not_started(option);
        let refused = created.unwrap_err();
        let words = format!("vdev t_console refused {option}: ");
        assert!(refused.message.contains(&words), "{refused}");
        assert_eq!(console.lines().len(), usize::from(option.contains('|')), "{option}");
    }
}

#[test]
fn misuse_is_refused() {
    // Each check that fails is a refusal with its line.
    let text = r"
        #include <qvm/cdev.h>
        #define CHECK(what) do { if (!(what)) return __LINE__; } while (0)
        #define FAILS(call, error) CHECK((errno = 0, (call) == -1) && errno == (error))
        static struct cdev_state buffered, plain, none;
        static char byte;
        static int starts(vdev_t *vdev)
        {
            CHECK(cdev_control(NULL, VDEV_CTRL_STATUS, NULL) == EINVAL);
            CHECK(cdev_control(&plain, VDEV_CTRL_FIRST_OPTIDX, NULL) == EINVAL);
            CHECK(cdev_setup(NULL, vdev, 1) == EINVAL);
            CHECK(cdev_setup(&none, NULL, 1) == EINVAL);
            CHECK(cdev_setup(&none, (vdev_t *)&none, 1) == EINVAL);
            CHECK(cdev_setup(&buffered, vdev, 1) == EOK);
            CHECK(cdev_setup(&buffered, vdev, 1) == EBUSY);
            CHECK(cdev_setup(&plain, vdev, 0) == EOK);
            /* too early */
            FAILS(cdev_write_buffer(&buffered), EPERM);
            FAILS(cdev_input_available(&buffered), EPERM);
            FAILS(cdev_write(&plain, &byte, 1), EPERM);
            FAILS(cdev_read(&plain, &byte, 1), EPERM);
            return EOK;
        }
        static int is_configured(void)
        {
            CHECK(cdev_control(&none, VDEV_CTRL_GUEST_CONFIGURED, NULL) == EINVAL);
            CHECK(cdev_control(&buffered, VDEV_CTRL_GUEST_CONFIGURED, NULL) == EOK);
            CHECK(cdev_control(&plain, VDEV_CTRL_GUEST_CONFIGURED, NULL) == EOK);
            FAILS(cdev_write_buffer(NULL), EINVAL);
            FAILS(cdev_write_buffer(&plain), EINVAL);
            FAILS(cdev_input_available(NULL), EINVAL);
            FAILS(cdev_input_available(&plain), EINVAL);
            FAILS(cdev_write(NULL, &byte, 1), EINVAL);
            FAILS(cdev_write(&plain, NULL, 1), EINVAL);
            FAILS(cdev_read(NULL, &byte, 1), EINVAL);
            FAILS(cdev_read(&plain, NULL, 1), EINVAL);
            FAILS(cdev_read(&plain, &byte, 0), EINVAL);
            CHECK(cdev_write(&plain, NULL, 0) == 0);
            return EOK;
        }
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            if (ctrl == VDEV_CTRL_OPTIONS_START) return starts(vdev);
            if (ctrl == VDEV_CTRL_GUEST_CONFIGURED) return is_configured();
            if (ctrl != VDEV_CTRL_TERMINATE) return EOK;
            CHECK(cdev_control(&buffered, ctrl, arg) == EOK);
            CHECK(cdev_control(&plain, ctrl, arg) == EOK);
            /* too late */
            FAILS(cdev_write(&plain, &byte, 1), EPERM);
            FAILS(cdev_read(&buffered, &byte, 1), EPERM);
            CHECK(cdev_control(&buffered, ctrl, arg) == EOK);
            return EOK;
        }
        REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
    ";
    let machine = Machine::with_log(system_plugin("t_cdev_misuse", text));
    machine.create("t_cdev_misuse", "").unwrap();
    machine.start();
    machine.vdevs.terminate().unwrap();
    assert_eq!(machine.platform.lines(), ["2 -: cdev_control: cdev_setup() was not called"]);
}
