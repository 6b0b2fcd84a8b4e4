//! The process: errno, standard error, and exit.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

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

/// Runs `action` without the signal that a failure of it would raise in this thread.
pub(crate) fn without_signal<T>(signal: c_int, action: impl FnOnce() -> T) -> T {
    let set = signal_set(signal);
    let mut old = MaybeUninit::uninit();
    // SAFETY: both sets are this function's own.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, old.as_mut_ptr()) };
    let result = action();
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    keep_errno(|| {
        // SAFETY: the set and the time are this function's own; the information is not wanted.
        unsafe { libc::sigtimedwait(&raw const set, ptr::null_mut(), &raw const now) };
        // SAFETY: the first call filled the old set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, old.as_ptr(), ptr::null_mut()) };
    });
    result
}

fn signal_set(signal: c_int) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is this function's own.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: as above; it is initialised.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    // SAFETY: `sigemptyset` initialised it.
    unsafe { set.assume_init() }
}

/// The kernel's number of the calling thread.
pub(crate) fn kernel_thread() -> u64 {
    // SAFETY: gettid has no requirement.
    u64::try_from(unsafe { libc::gettid() }).unwrap_or(0)
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

/// The size of a page of this system, in bytes.
pub(crate) fn page_size() -> u64 {
    // SAFETY: sysconf has no requirement.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0)
}
