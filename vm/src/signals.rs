//! Signals, and the end of the process that waits for nobody.
//!
//! SIGTERM and SIGINT are the power button, SIGQUIT is the power cut, SIGUSR1 asks gasp-vm for its
//! state, SIGUSR2 asks vdevs for theirs, and for a core file. One thread waits for them; in all others they are blocked.

#![allow(unsafe_code)]

use core::ffi::c_int;
use core::mem::MaybeUninit;
use std::io;
use std::time::Instant;

/// The meaning of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT.
    Button,
    /// SIGQUIT.
    Cut,
    /// SIGUSR1.
    Information,
    /// SIGUSR2.
    Status,
}

const SIGNALS: [(c_int, Signal); 5] = [
    (libc::SIGTERM, Signal::Button),
    (libc::SIGINT, Signal::Button),
    (libc::SIGQUIT, Signal::Cut),
    (libc::SIGUSR1, Signal::Information),
    (libc::SIGUSR2, Signal::Status),
];

fn set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set can be written.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for (signal, _) in SIGNALS {
        // SAFETY: the set was made empty above.
        unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: written above.
    unsafe { set.assume_init() }
}

/// Blocks the signals. Call it before any thread is created: threads inherit the mask.
pub(crate) fn block() -> io::Result<()> {
    let set = set();
    // SAFETY: the set can be read; nothing is written.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, core::ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Waits for a signal; `None`: none came until then.
pub(crate) fn next(until: Option<Instant>) -> Option<Signal> {
    let set = set();
    loop {
        let left = until.map(time_left);
        let left = left.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: the set and the time can be read; nothing is written.
        let number = unsafe { libc::sigtimedwait(&raw const set, core::ptr::null_mut(), left) };
        let found = SIGNALS.into_iter().find(|(signal, _)| *signal == number);
        match found {
            Some((_, signal)) => return Some(signal),
            None if until.is_some_and(|until| Instant::now() >= until) => return None,
            // Interrupted, as by a debugger.
            None => {}
        }
    }
}

fn time_left(until: Instant) -> libc::timespec {
    let left = until.saturating_duration_since(Instant::now());
    libc::timespec {
        tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: left.subsec_nanos().into(),
    }
}

/// Ends the process at once. What libraries have registered for its end is not called, because it
/// may wait for a thread that hangs.
pub(crate) fn end_process(code: u8) -> ! {
    // SAFETY: no preconditions.
    unsafe { libc::_exit(c_int::from(code)) }
}
