//! The process: errno, standard error, and exit.

use core::ffi::c_int;

/// This thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: the function has no requirement.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the C library guarantees that the location is the calling thread's own.
    unsafe { errno.read() }
}

/// Runs `action`, and restores errno afterwards.
pub(crate) fn keep_errno<T>(action: impl FnOnce() -> T) -> T {
    let number = errno();
    let result = action();
    set_errno(number);
    result
}

/// Sets this thread's errno.
pub(crate) fn set_errno(number: c_int) {
    // SAFETY: the function has no requirement.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the C library guarantees that the location is the calling thread's own.
    unsafe { errno.write(number) };
}

/// Writes a line to standard error with one system call. A failure is ignored.
pub(crate) fn write_to_stderr(line: &[u8]) {
    // SAFETY: the pointer and the length are those of a live slice.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
}

/// Ends the process without running the handlers of `atexit`.
pub(crate) fn exit_now(code: c_int) -> ! {
    // SAFETY: _exit has no requirement.
    unsafe { libc::_exit(code) }
}
