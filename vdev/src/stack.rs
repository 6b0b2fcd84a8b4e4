//! A stack for signal handlers, so that a stack overflow can be reported.

#![allow(unsafe_code)]

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

/// Enough for the handler here and for one of the host's, with all registers saved.
const SIZE: usize = 64 << 10;

/// The stack of one thread, which has it until this is dropped there.
#[derive(Debug)]
pub(crate) struct Stack(*mut c_void);

impl Stack {
    /// Gives this thread a stack. `None`: it has one, or there is no memory.
    pub(crate) fn new() -> Option<Self> {
        let mut old = MaybeUninit::<libc::stack_t>::uninit();
        // SAFETY: the structure can be written.
        if unsafe { libc::sigaltstack(ptr::null(), old.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: the call has filled it.
        if unsafe { old.assume_init() }.ss_flags & libc::SS_DISABLE == 0 {
            return None;
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: new memory.
        let stack = unsafe { libc::mmap(ptr::null_mut(), SIZE, protection, flags, -1, 0) };
        if stack == libc::MAP_FAILED {
            return None;
        }
        set(&libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: SIZE });
        Some(Self(stack))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let mut now = MaybeUninit::<libc::stack_t>::uninit();
        // SAFETY: the structure can be written.
        unsafe { libc::sigaltstack(ptr::null(), now.as_mut_ptr()) };
        // SAFETY: the call has filled it: it cannot fail.
        if unsafe { now.assume_init() }.ss_sp == self.0 {
            set(&libc::stack_t {
                ss_sp: ptr::null_mut(),
                ss_flags: libc::SS_DISABLE,
                ss_size: SIZE,
            });
        }
        // SAFETY: this thread's mapping, on which no handler runs now.
        unsafe { libc::munmap(self.0, SIZE) };
    }
}

fn set(stack: &libc::stack_t) {
    // SAFETY: memory that nobody else uses, or none.
    unsafe { libc::sigaltstack(stack, ptr::null_mut()) };
}
