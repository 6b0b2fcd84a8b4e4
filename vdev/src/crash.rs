//! A crash inside of a vdev: one line that says where, then what would have happened without it.
//!
//! The handler calls nothing that a signal handler must not.

#![allow(unsafe_code)]

use crate::call::Call;
use crate::failure::Failure;
use crate::{slots, threads};
use core::ffi::{CStr, c_int, c_void};
use core::fmt::{self, Write};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{
    AtomicI32, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::OnceLock;

type Handler = unsafe extern "C" fn(c_int);
type InfoHandler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// The most lines of a process: a handler of the host may let the thread go on each time.
const LINES: u32 = 10;

/// What was there before.
struct Previous {
    signal: c_int,
    name: &'static str,
    handler: AtomicUsize,
    flags: AtomicI32,
}

static PREVIOUS: [Previous; 5] = [
    Previous::new(libc::SIGSEGV, "SIGSEGV"),
    Previous::new(libc::SIGBUS, "SIGBUS"),
    Previous::new(libc::SIGFPE, "SIGFPE"),
    Previous::new(libc::SIGILL, "SIGILL"),
    Previous::new(libc::SIGABRT, "SIGABRT"),
];

/// Catches crashes. Only the first call in the process does anything; all have its result.
pub(crate) fn catch() -> Result<(), Failure> {
    static CAUGHT: OnceLock<Result<(), i32>> = OnceLock::new();
    let caught = CAUGHT.get_or_init(|| {
        stay_loaded();
        PREVIOUS.iter().try_for_each(Previous::replace)
    });
    caught.map_err(|errno| Failure::new(errno, "the signals of crashes cannot be caught"))
}

/// Keeps `dlclose` from unloading the library: handlers that come later may call the one here.
fn stay_loaded() {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let here = on_signal as *const () as *const c_void;
    // SAFETY: the structure can be written, and any address may be asked for.
    if unsafe { libc::dladdr(here, info.as_mut_ptr()) } == 0 {
        return;
    }
    // SAFETY: `dladdr` has filled it.
    let info = unsafe { info.assume_init() };
    let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: `dladdr` gave a C string. The call loads nothing. It fails in a program that is
    // linked with the static library, which nobody unloads.
    unsafe { libc::dlopen(info.dli_fname, flags) };
}

impl Previous {
    const fn new(signal: c_int, name: &'static str) -> Self {
        let handler = AtomicUsize::new(libc::SIG_DFL);
        Self { signal, name, handler, flags: AtomicI32::new(0) }
    }

    /// Puts [`on_signal`] in the place of the handler.
    fn replace(&self) -> Result<(), i32> {
        let mut action = change_action(self.signal, None)?;
        // Before the change, because a signal can come at once.
        self.remember(&action);
        // With its mask and flags the earlier handler runs as it would without this one, but for
        // the stack.
        action.sa_flags &= libc::SA_NODEFER | libc::SA_RESTART;
        action.sa_flags |= libc::SA_SIGINFO | libc::SA_ONSTACK;
        action.sa_sigaction = on_signal as *const () as usize;
        self.remember(&change_action(self.signal, Some(&action))?);
        Ok(())
    }

    fn remember(&self, action: &libc::sigaction) {
        self.flags.store(action.sa_flags, Relaxed);
        self.handler.store(action.sa_sigaction, Release);
    }

    /// Does what would have been done without [`on_signal`].
    ///
    /// # Safety
    /// The arguments are those of a signal handler for this signal.
    unsafe fn act(&self, info: *mut libc::siginfo_t, context: *mut c_void, is_fault: bool) {
        let handler = self.handler.load(Acquire);
        let flags = self.flags.load(Relaxed);
        match handler {
            libc::SIG_IGN if !is_fault => {}
            // The kernel does not let faults be ignored.
            libc::SIG_DFL | libc::SIG_IGN => self.act_by_default(is_fault),
            _ => {
                if flags & libc::SA_RESETHAND != 0 {
                    self.handler.store(libc::SIG_DFL, Relaxed);
                }
                if flags & libc::SA_SIGINFO != 0 {
                    // SAFETY: `sigaction` gave it as a handler with these arguments.
                    let handler = unsafe { mem::transmute::<usize, InfoHandler>(handler) };
                    // SAFETY: the arguments are the kernel's.
                    unsafe { handler(self.signal, info, context) };
                } else {
                    // SAFETY: `sigaction` gave it as a handler with this argument.
                    let handler = unsafe { mem::transmute::<usize, Handler>(handler) };
                    // SAFETY: the argument is the kernel's.
                    unsafe { handler(self.signal) };
                }
            }
        }
    }

    /// Takes the handler away and lets the signal come again: the end of the process, with the
    /// registers as they are at the fault.
    fn act_by_default(&self, is_fault: bool) {
        // SAFETY: all zeros is a valid action, that of SIG_DFL, without flags and mask.
        let action = unsafe { MaybeUninit::<libc::sigaction>::zeroed().assume_init() };
        // It cannot fail: `replace` has succeeded with this signal.
        let _ = change_action(self.signal, Some(&action));
        if !is_fault {
            // SAFETY: the call has no requirement.
            unsafe { libc::raise(self.signal) };
        }
    }
}

/// Sets the action of a signal, and returns the earlier one. `None` leaves it.
fn change_action(signal: c_int, action: Option<&libc::sigaction>) -> Result<libc::sigaction, i32> {
    let new = action.map_or(ptr::null(), ptr::from_ref);
    let mut old = MaybeUninit::uninit();
    // SAFETY: `new` is NULL or valid, with an action that can be taken; `old` can be written.
    match unsafe { libc::sigaction(signal, new, old.as_mut_ptr()) } {
        // SAFETY: the call has filled it.
        0 => Ok(unsafe { old.assume_init() }),
        _ => Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL)),
    }
}

/// The signal handler.
unsafe extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(previous) = PREVIOUS.iter().find(|previous| previous.signal == signal) else { return };
    // SAFETY: the kernel gives a valid one.
    let signal_info = unsafe { &*info };
    let is_fault = signal_info.si_code > 0;
    // SAFETY: a signal that a process sends has its number.
    let sender = || u32::try_from(unsafe { signal_info.si_pid() });
    // One of another process says nothing of what this thread does.
    let is_own = is_fault || sender() == Ok(std::process::id());
    let here = if is_own { threads::here() } else { None };
    // SAFETY: a fault has an address.
    let address = is_fault.then(|| unsafe { signal_info.si_addr() }.addr());
    let before = instruction(context);
    let may_be_caught = is_fault && here.is_some_and(|(_, is_accessing)| is_accessing);
    if let Some((call, _)) = here.filter(|_| !may_be_caught) {
        report(previous.name, address, &call);
    }
    // SAFETY: the arguments are the kernel's, for this signal.
    unsafe { previous.act(info, context, is_fault) };
    // libgasp lets a thread go on elsewhere, if host memory has vanished in a guarded guest.
    if let Some((call, _)) = here.filter(|_| may_be_caught && instruction(context) == before) {
        report(previous.name, address, &call);
    }
}

/// Where the thread goes on.
fn instruction(context: *mut c_void) -> i64 {
    // SAFETY: the kernel gives a valid one.
    let thread = unsafe { &*context.cast::<libc::ucontext_t>() };
    thread.uc_mcontext.gregs[libc::REG_RIP as usize]
}

/// Writes the line to standard error: a signal handler cannot call the host's log.
fn report(signal: &str, address: Option<usize>, call: &Call) {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    if WRITTEN.fetch_add(1, Relaxed) >= LINES {
        return;
    }
    let mut line = Line { text: [0; 512], length: 0 };
    // A line that is too long is cut.
    let _ = write(&mut line, signal, address, call);
    let text = line.end();
    // SAFETY: as many bytes as there are. What is not written is lost.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

fn write(line: &mut Line, signal: &str, address: Option<usize>, call: &Call) -> fmt::Result {
    line.write_str("libgasp-vdev: ")?;
    line.write_str(signal)?;
    if let Some(address) = address {
        write!(line, " at {address:#x}")?;
    }
    line.write_str(" in vdev ")?;
    line.bytes(slots::raw_name(call.vdev).map_or(b"", CStr::to_bytes));
    write!(line, ": {call}")
}

/// A text of limited length.
struct Line {
    text: [u8; 512],
    length: usize,
}

impl Line {
    /// Appends what there is room for; the last byte is kept.
    fn bytes(&mut self, bytes: &[u8]) {
        let room = self.text.len().saturating_sub(1);
        for byte in bytes {
            if self.length < room {
                self.text[self.length] = *byte;
                self.length = self.length.saturating_add(1);
            }
        }
    }

    fn end(&mut self) -> &[u8] {
        self.text[self.length] = b'\n';
        &self.text[..=self.length]
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
