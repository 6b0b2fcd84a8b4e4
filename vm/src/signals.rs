//! Signals while a guest runs.
//!
//! SIGTERM and SIGINT are the power button, and then the end; SIGQUIT is the power cut; SIGUSR2
//! asks vdevs for their state. One thread waits for them; in all others they are blocked.

#![allow(unsafe_code)]

use core::ffi::c_int;
use core::mem::MaybeUninit;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};

/// The meaning of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT.
    Button,
    /// SIGQUIT.
    Cut,
    /// SIGUSR2.
    Status,
}

const SIGNALS: [c_int; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGUSR2];

fn set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set can be written.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for signal in SIGNALS {
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

/// Calls a function for each signal, on a thread of its own.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    over: AtomicBool,
}

impl Watch {
    /// Starts the thread.
    pub(crate) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        mut told: impl FnMut(Signal) + Send + 'scope,
    ) -> io::Result<()> {
        let watch = move || {
            while let Some(signal) = next() {
                if self.over.load(Ordering::SeqCst) {
                    break;
                }
                told(signal);
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn_scoped(scope, watch).map(drop)
    }

    /// Ends the thread.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        // SAFETY: no preconditions.
        let process = unsafe { libc::getpid() };
        // SAFETY: no memory is passed. The signal is blocked, so only the thread sees it.
        unsafe { libc::kill(process, libc::SIGUSR2) };
    }
}

/// Waits for a signal. `None`: the system call failed.
fn next() -> Option<Signal> {
    let (set, mut number) = (set(), 0);
    // SAFETY: the set can be read, the number written.
    match unsafe { libc::sigwait(&raw const set, &raw mut number) } {
        0 if number == libc::SIGUSR2 => Some(Signal::Status),
        0 if number == libc::SIGQUIT => Some(Signal::Cut),
        0 => Some(Signal::Button),
        _ => None,
    }
}
