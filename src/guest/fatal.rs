//! The end of the process: after a failed `gasp_region_set()`, an unsupported access, or a
//! listener's callback that did not return.

#![forbid(unsafe_code)]

use crate::callback::FatalHandler;
use crate::error::refusal::Refusal;
use crate::error::text::Text;
use crate::error::{Error, last};
use crate::sys::process;
use core::ffi::{CStr, c_int};

/// Exit code before the guest has started (QNX).
const BEFORE_START: c_int = 64;
/// Exit code after the guest has started (QNX).
const AFTER_START: c_int = 96;

/// Exit code of an unsupported access (QNX).
const UNSUPPORTED: c_int = 5;

/// Ends the process after a failed `gasp_region_set()`: prints the reason, calls the handler, and
/// exits. The caller holds no lock of the library.
pub(crate) fn die(refusal: &Refusal, started: bool, handler: Option<FatalHandler>) -> ! {
    let code = if started { AFTER_START } else { BEFORE_START };
    end(c"gasp_region_set", refusal, code, handler)
}

/// As [`die`], for an unsupported access.
pub(crate) fn die_of_access(error: &Error, handler: Option<FatalHandler>) -> ! {
    end(c"gasp_cpu_access", &(*error).into(), UNSUPPORTED, handler)
}

fn end(function: &CStr, refusal: &Refusal, code: c_int, handler: Option<FatalHandler>) -> ! {
    last::record(function, *refusal);
    let mut line = Text::new();
    let errno = refusal.error.errno();
    let function = function.to_str().unwrap_or_default();
    line.format(format_args!("{function}: {refusal} ({}, errno {errno})", name(errno)));
    announce(line.as_bytes());
    if let Some(handler) = handler {
        handler.call(code, line.as_c_str());
    }
    process::exit_now(code)
}

/// As [`die`], for a bad `gsp`.
pub(crate) fn die_without_guest(refusal: &Refusal) -> ! {
    die(refusal, false, None)
}

/// Ends the process because a thread has left a listener's callback. The guest's locks are taken for
/// ever, so the fatal handler is not called.
#[cold]
pub(crate) fn die_of_left_listener() -> ! {
    announce(
        b"libgasp: a thread has left a function of a listener (by pthread_exit, cancellation or \
          longjmp) while a guest was being changed",
    );
    std::process::abort()
}

/// Writes the line with one system call, so that lines of several threads do not mix.
fn announce(message: &[u8]) {
    let mut line = [0; 1024];
    let length = message.len().min(line.len() - 1);
    line[..length].copy_from_slice(&message[..length]);
    line[length] = b'\n';
    process::write_to_stderr(&line[..=length]);
}

/// The name of an error number that a set call or an access can fail with, or that a listener is
/// likely to refuse with.
fn name(errno: c_int) -> &'static str {
    match errno {
        libc::EINVAL => "EINVAL",
        libc::EEXIST => "EEXIST",
        libc::ENOENT => "ENOENT",
        libc::EPERM => "EPERM",
        libc::ENOMEM => "ENOMEM",
        libc::EDEADLK => "EDEADLK",
        libc::EAGAIN => "EAGAIN",
        libc::EFAULT => "EFAULT",
        libc::EACCES => "EACCES",
        libc::EBUSY => "EBUSY",
        libc::EIO => "EIO",
        libc::EMFILE => "EMFILE",
        libc::ENODEV => "ENODEV",
        libc::ENOSPC => "ENOSPC",
        libc::ENOTSUP => "ENOTSUP",
        libc::ENXIO => "ENXIO",
        _ => "error",
    }
}
