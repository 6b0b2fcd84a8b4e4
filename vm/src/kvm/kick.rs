//! The signal that takes a thread out of `KVM_RUN`.
//!
//! A signal before `KVM_RUN` would have no effect on it. So the handler sets `immediate_exit` of
//! the thread's vCPU, which makes `KVM_RUN` return at once. The loop of the vCPU clears it before
//! it checks why it was kicked.

#![allow(unsafe_code)]

use core::cell::Cell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU8, Ordering};
use std::io;
use std::marker::PhantomData;
use std::sync::OnceLock;

thread_local! {
    /// `immediate_exit` of the vCPU of this thread. It has no destructor, so that the handler can
    /// read it at any time.
    static IMMEDIATE_EXIT: Cell<*const AtomicU8> = const { Cell::new(core::ptr::null()) };
}

fn signal() -> c_int {
    libc::SIGRTMIN()
}

extern "C" fn handler(_: c_int) {
    let flag = IMMEDIATE_EXIT.get();
    if !flag.is_null() {
        // SAFETY: `Kickable` points to a vCPU's flag for as long as it is set.
        unsafe { &*flag }.store(1, Ordering::Relaxed);
    }
}

/// Installs the handler, once per process.
pub(super) fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let errno = || io::Error::last_os_error().raw_os_error().unwrap_or(0);
    let result = INSTALLED.get_or_init(|| {
        // SAFETY: a sigaction of zeros is valid: no flags, so that KVM_RUN is not restarted.
        let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
        action.sa_sigaction = handler as extern "C" fn(c_int) as usize;
        // SAFETY: the handler does one store; the action can be read.
        let code = unsafe { libc::sigaction(signal(), &raw const action, core::ptr::null_mut()) };
        if code == 0 { Ok(()) } else { Err(errno()) }
    });
    result.map_err(io::Error::from_raw_os_error)
}

/// The kernel's id of this thread.
pub(super) fn this_thread() -> i32 {
    // SAFETY: no preconditions.
    unsafe { libc::gettid() }
}

/// Sends the signal to a thread of this process, unless the thread has ended.
pub(super) fn kick(thread: i32) {
    let process = std::process::id();
    // SAFETY: no memory is passed. If the thread has ended and another one has its id, the signal
    // has no effect there.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal()) };
}

/// While this value lives, the signal stops this thread's vCPU.
#[derive(Debug)]
pub(super) struct Kickable {
    flag: *const AtomicU8,
    // The thread that made it has to drop it.
    _thread: PhantomData<*const ()>,
}

impl Kickable {
    /// # Safety
    /// `flag` is `immediate_exit` of a vCPU, and valid until this is dropped.
    pub(super) unsafe fn new(flag: *mut u8) -> Self {
        // SAFETY: the caller's promise; only the kernel and this thread use it.
        let flag = core::ptr::from_ref(unsafe { AtomicU8::from_ptr(flag) });
        IMMEDIATE_EXIT.set(flag);
        Self { flag, _thread: PhantomData }
    }

    /// Clears past kicks, or acts as if there was one.
    pub(super) fn set(&self, kicked: bool) {
        // SAFETY: promised to `new`.
        unsafe { &*self.flag }.store(u8::from(kicked), Ordering::Relaxed);
    }
}

impl Drop for Kickable {
    fn drop(&mut self) {
        IMMEDIATE_EXIT.set(core::ptr::null());
    }
}
