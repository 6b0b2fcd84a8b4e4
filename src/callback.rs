//! Functions of the host that the library calls.

#![allow(unsafe_code)]

use core::ffi::{CStr, c_char, c_int, c_void};
use gasp_abi::{gasp_cost, gasp_cpu, gasp_difference, gasp_listener, gasp_trap};

/// A function of the host, or a structure of several, and the argument that it is called with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Callback<F> {
    function: F,
    argument: *mut c_void,
}

// SAFETY: the host promised (`Callback::new`) that the function can be called with the argument
// from any thread; the library only carries the pointer.
unsafe impl<F: Send> Send for Callback<F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for Callback<F> {}

impl<F> Callback<F> {
    /// # Safety
    /// The function can be called with `argument`, from any thread, until the library lets go of
    /// the result. Whatever else it is called with lives during the call only.
    pub(crate) unsafe fn new(function: F, argument: *mut c_void) -> Self {
        Self { function, argument }
    }
}

/// Called for an access that traps.
pub(crate) type TrapHandler =
    Callback<unsafe extern "C" fn(*mut c_void, *mut gasp_cpu, *const gasp_trap) -> c_int>;

impl TrapHandler {
    /// Has the host handle a trapped access.
    #[inline(always)]
    pub(crate) fn call(&self, cpu: *mut gasp_cpu, trap: &gasp_trap) -> c_int {
        // SAFETY: the promise that `new` was given; the trap lives during the call.
        unsafe { (self.function)(self.argument, cpu, trap) }
    }
}

/// Called once, when accesses have ended.
pub(crate) type QuietCallback = Callback<unsafe extern "C" fn(*mut c_void)>;

impl QuietCallback {
    /// Calls the function.
    pub(crate) fn call(self) {
        // SAFETY: the promise that `new` was given.
        unsafe { (self.function)(self.argument) };
    }
}

/// Called before the process ends.
pub(crate) type FatalHandler = Callback<unsafe extern "C" fn(*mut c_void, c_int, *const c_char)>;

impl FatalHandler {
    /// Tells the host the exit code and the reason.
    pub(crate) fn call(&self, exit_code: c_int, message: &CStr) {
        // SAFETY: the promise that `new` was given; the message lives during the call.
        unsafe { (self.function)(self.argument, exit_code, message.as_ptr()) };
    }
}

/// Called for each change of a guest's map.
pub(crate) type Listener = Callback<gasp_listener>;

impl Listener {
    /// Listeners with lower numbers are called first.
    pub(crate) fn priority(&self) -> c_int {
        self.function.priority
    }

    /// What a change would cost, or the number with which the listener would refuse it.
    pub(crate) fn estimate(&self, change: &gasp_difference) -> Result<gasp_cost, c_int> {
        let mut cost = gasp_cost::NOTHING;
        let Some(function) = self.function.estimate else { return Ok(cost) };
        // SAFETY: the promise that `new` was given; the cost can be written.
        match unsafe { function(self.argument, change, &raw mut cost) } {
            0 => Ok(cost),
            errno => Err(errno),
        }
    }

    /// Asks for consent to a change. The error is the number with which the listener refuses it.
    pub(crate) fn prepare(&self, change: &gasp_difference) -> Result<(), c_int> {
        let Some(function) = self.function.prepare else { return Ok(()) };
        // SAFETY: the promise that `new` was given.
        match unsafe { function(self.argument, change) } {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    /// Reports that a change is visible.
    pub(crate) fn commit(&self, change: &gasp_difference) {
        if let Some(function) = self.function.commit {
            // SAFETY: the promise that `new` was given.
            unsafe { function(self.argument, change) };
        }
    }

    /// Reports that a prepared change does not happen.
    pub(crate) fn abort(&self, change: &gasp_difference) {
        if let Some(function) = self.function.abort {
            // SAFETY: the promise that `new` was given.
            unsafe { function(self.argument, change) };
        }
    }
}
