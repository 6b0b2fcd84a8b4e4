//! Character devices: every kind of device of the host, its end, and what waits for it.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Directory, Machine, Refused, system_plugin};
use super::running::eventually;
use core::mem::MaybeUninit;
use std::env;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

const AT: u64 = 0xd000_0000;
/// What `receive` says without input.
const NONE: u64 = 0x100;

/// A guest with a console.
pub(super) struct Console(pub(super) Machine);

impl Console {
    pub(super) fn not_started(options: &str) -> (Self, Result<(), Refused>) {
        // A library stays loaded, so one file is enough.
        static LOADED: Once = Once::new();
        LOADED.call_once(|| {
            let plugin = system_plugin("t_console", include_str!("console.c"));
            Machine::with_log(plugin).vdevs.load("t_console").unwrap();
        });
        let machine = Machine::with_log(Directory::new());
        let created = machine.create("t_console", &format!("loc 0xd0000000 {options}"));
        (Self(machine), created)
    }

    pub(super) fn new(options: &str) -> Self {
        let (console, created) = Self::not_started(options);
        created.unwrap();
        console.0.start();
        console
    }

    pub(super) fn register(&self, index: u64) -> u64 {
        self.0.read(AT + 8 * index).unwrap()
    }

    pub(super) fn set(&self, index: u64, value: u64) {
        self.0.write(AT + 8 * index, value).unwrap();
    }

    /// Writes a byte each, as far as the buffer has room.
    pub(super) fn write(&self, text: &str) {
        text.bytes().for_each(|byte| self.set(0, byte.into()));
    }

    /// The next byte of input.
    fn byte(&self) -> u8 {
        let mut byte = NONE;
        let next = std::cell::RefCell::new(&mut byte);
        eventually("input", || {
            **next.borrow_mut() = self.register(0);
            **next.borrow() != NONE
        });
        u8::try_from(byte).unwrap()
    }

    pub(super) fn text(&self, length: usize) -> String {
        (0..length).map(|_| char::from(self.byte())).collect()
    }

    pub(super) fn pending(&self) -> u64 {
        self.register(3)
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.platform.lines()
    }
}

pub(super) const NO_LINES: [&str; 0] = [];

fn read(file: &mut impl Read, length: usize) -> String {
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A named pipe.
pub(super) fn fifo(directory: &Directory, name: &str) -> PathBuf {
    let path = directory.0.join(name);
    let text = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: a string.
    assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
    path
}

/// Opens a pipe for both directions, which does not wait.
fn both(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

/// A terminal: both ends, and the path of the one that a vdev opens.
fn terminal() -> (File, File, String) {
    let (mut host, mut guest) = (0, 0);
    let none = core::ptr::null_mut();
    // SAFETY: room for two descriptors.
    let made =
        unsafe { libc::openpty(&raw mut host, &raw mut guest, none, none.cast(), none.cast()) };
    assert_eq!(made, 0);
    // SAFETY: it is new, and nobody else's.
    let host = unsafe { File::from_raw_fd(host) };
    // SAFETY: as above.
    let guest = unsafe { File::from_raw_fd(guest) };
    let path = fs::read_link(format!("/proc/self/fd/{}", guest.as_raw_fd())).unwrap();
    (host, guest, path.to_str().unwrap().to_owned())
}

/// The flags of a terminal: input, output, local.
fn flags(terminal: &File) -> [u32; 3] {
    let mut termio = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: a descriptor, and room for what it has.
    assert_eq!(unsafe { libc::tcgetattr(terminal.as_raw_fd(), termio.as_mut_ptr()) }, 0);
    // SAFETY: it is filled.
    let termio = unsafe { termio.assume_init() };
    [termio.c_iflag, termio.c_oflag, termio.c_lflag]
}

#[test]
fn a_terminal_is_raw_until_the_end() {
    let (mut host, guest, path) = terminal();
    let before = flags(&guest);
    let console = Console::new(&format!("hostdev {path}"));
    assert_ne!(flags(&guest), before);
    // A line that has not ended, and characters that a terminal would change or obey.
    host.write_all(b"a\r\x03").unwrap();
    assert_eq!(console.text(3), "a\r\x03");
    console.write("b\nc");
    assert_eq!(read(&mut host, 3), "b\nc");
    console.0.vdevs.terminate().unwrap();
    assert_eq!(flags(&guest), before);
    assert_eq!(console.lines(), NO_LINES);
}

/// The variable that marks a process as started by a test.
const HOSTDEV: &str = "GASP_VDEV_TEST_HOSTDEV";

/// Runs a test in a process of its own.
fn process(test: &str, hostdev: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("tests::consoles::{test}"), "--nocapture"]);
    command.env(HOSTDEV, hostdev);
    command
}

/// Also runs in that process.
#[test]
fn the_end_of_the_process_restores_a_terminal() {
    if let Ok(path) = env::var(HOSTDEV) {
        let console = Console::new(&format!("hostdev {path}"));
        console.write("x");
        std::process::exit(7);
    }
    let (mut host, guest, path) = terminal();
    let before = flags(&guest);
    let ended = process("the_end_of_the_process_restores_a_terminal", &path).output().unwrap();
    assert_eq!((read(&mut host, 1).as_str(), ended.status.code()), ("x", Some(7)));
    assert_eq!(flags(&guest), before);
}

#[test]
fn input_and_output_can_be_two_files() {
    let directory = Directory::new();
    let (input, output) = (directory.0.join("in"), directory.0.join("out"));
    // More than the buffer has room for.
    fs::write(&input, "0123456789abcdefghijklmnop").unwrap();
    fs::write(&output, "before ").unwrap();
    let options = format!("hostdev <{} hostdev >{}", input.display(), output.display());
    let console = Console::new(&options);
    assert_eq!(console.text(26), "0123456789abcdefghijklmnop");
    eventually("the end of the input", || console.register(6) == 0);
    assert_eq!(console.register(0), NONE);
    console.write("hello");
    assert_eq!(fs::read_to_string(&output).unwrap(), "before hello");
    // The end of a file is no reason for pulses without end.
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(console.register(4) < 30);
    assert_eq!(console.lines(), NO_LINES);
}

#[test]
fn a_file_for_output_is_created() {
    let directory = Directory::new();
    let output = directory.0.join("new");
    let console = Console::new(&format!("hostdev >{}", output.display()));
    console.write("x");
    assert_eq!(fs::read_to_string(&output).unwrap(), "x");
    assert_eq!(console.register(6), 0);
}

#[test]
fn a_full_pipe_makes_nobody_wait_and_goes_on_with_a_pulse() {
    let directory = Directory::new();
    let path = fifo(&directory, "full");
    let mut reader = both(&path);
    let console = Console::new(&format!("hostdev >{}", path.display()));
    // cdev_write() takes what there is room for, then nothing.
    console.set(2, 1 << 20);
    let taken = console.register(1);
    assert!(taken > 0 && taken < 1 << 20, "{taken}");
    console.set(2, 1);
    assert_eq!(console.register(1), u64::MAX);
    assert_eq!(console.register(2), libc::EAGAIN as u64);
    console.write("0123456789");
    assert_eq!((console.pending(), console.register(1), console.register(5)), (10, 0, 0));
    let taken = usize::try_from(taken).unwrap();
    assert_eq!(read(&mut reader, taken).len(), taken);
    assert_eq!(read(&mut reader, 10), "0123456789");
    eventually("it is empty", || console.pending() == 0);
    assert!(console.register(5) > 0);
    assert_eq!(console.lines(), NO_LINES);
}

#[test]
fn a_terminal_that_takes_a_part_gets_the_rest_later() {
    let (mut host, _guest, path) = terminal();
    let console = Console::new(&format!("hostdev {path}"));
    console.set(2, 1 << 20);
    let most = console.register(1);
    read(&mut host, usize::try_from(most).unwrap());
    eventually("the pulse for it", || console.register(5) == 1);
    console.set(2, most - 8);
    let before = usize::try_from(console.register(1)).unwrap();
    // Sixteen bytes at once, for which there is half the room.
    "0123456789abcde".bytes().for_each(|byte| console.set(1, byte.into()));
    console.write("f");
    assert_eq!(read(&mut host, before).len(), before);
    assert_eq!(read(&mut host, 16), "0123456789abcdef");
    assert_eq!(console.lines(), NO_LINES);
}

/// Also runs in that process: a broken pipe is a signal, which Rust ignores unless it is set back.
#[test]
fn a_reader_that_goes_is_an_error_once_and_the_next_one_is_served() {
    let Ok(path) = env::var(HOSTDEV) else {
        let directory = Directory::new();
        let path = fifo(&directory, "pipe");
        let test = "a_reader_that_goes_is_an_error_once_and_the_next_one_is_served";
        let out = process(test, path.to_str().unwrap()).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        return;
    };
    // SAFETY: the default is no function.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let reader = both(Path::new(&path));
    let console = Console::new(&format!("hostdev >{path}"));
    drop(reader);
    console.write("abc");
    assert_eq!((console.pending(), console.register(2)), (0, libc::EPIPE as u64));
    assert_eq!(console.lines(), ["2 t_console: hostdev: output failed: Broken pipe"]);
    let mut reader = both(Path::new(&path));
    console.write("d");
    assert_eq!(read(&mut reader, 1), "d");
    drop(reader);
    console.write("e");
    assert_eq!(console.lines().len(), 1);
}

#[test]
fn a_pipe_has_input_from_one_writer_after_the_other() {
    let directory = Directory::new();
    let path = fifo(&directory, "in");
    let console = Console::new(&format!("hostdev <{}", path.display()));
    for text in ["first", "second"] {
        fs::write(&path, text).unwrap();
        assert_eq!(console.text(text.len()), text);
    }
}

#[test]
fn a_socket_is_connected_to() {
    let directory = Directory::new();
    let path = directory.0.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let console = Console::new(&format!("hostdev {}", path.display()));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"in").unwrap();
    assert_eq!(console.text(2), "in");
    console.write("out");
    assert_eq!(read(&mut peer, 3), "out");
    drop(peer);
    eventually("the end of the input", || console.register(6) == 0);
    console.write("x");
    assert_eq!(console.register(2), libc::EPIPE as u64);
}

/// Also runs in that process.
#[test]
fn a_dash_is_standard_input_and_output() {
    if env::var_os(HOSTDEV).is_some() {
        let console = Console::new("hostdev -");
        let text = console.text(5);
        console.write(&format!("<{text}>"));
        return;
    }
    let mut command = process("a_dash_is_standard_input_and_output", "-");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains("<hello>"));
}

#[test]
fn without_a_hostdev_output_is_dropped_and_there_is_no_input() {
    let console = Console::new("");
    console.write("x");
    assert_eq!((console.pending(), console.register(1)), (0, 1));
    console.set(2, 100);
    assert_eq!(console.register(1), 100);
    assert_eq!((console.register(0), console.register(6), console.register(7)), (NONE, 0, 0));
}

#[test]
fn a_device_that_cannot_be_opened_refuses_the_vdev() {
    let directory = Directory::new();
    let readers = fifo(&directory, "no reader");
    for (hostdev, why) in [
        (format!("<{}", directory.0.join("none").display()), "No such file or directory"),
        (directory.0.display().to_string(), "Is a directory"),
        (format!(">{}", readers.display()), "No such device or address"),
    ] {
        let (console, created) = Console::not_started("");
        created.unwrap();
        let options = [("hostdev".into(), Some(hostdev))];
        console.0.vdevs.add("t_console", &options).unwrap();
        let refused = console.0.vdevs.configured().unwrap_err();
        assert!(refused.contains("t_console failed when the configuration"), "{refused}");
        let lines = console.lines();
        assert!(lines.len() == 1 && lines[0].contains(why), "{lines:?}");
    }
}
