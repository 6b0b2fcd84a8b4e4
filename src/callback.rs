//! Callbacks: functions of the host that the library calls.

#![allow(unsafe_code)]

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use gasp_abi::{gasp_cost, gasp_cpu, gasp_difference, gasp_listener, gasp_trap};

/// A function of the host (or a structure of several) with the `arg` that it is called with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Callback<F> {
    function: F,
    argument: *mut c_void,
}

// SAFETY: the caller of `new` promised that the function can be called with the argument from any
// thread; the library never dereferences the argument.
unsafe impl<F: Send> Send for Callback<F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for Callback<F> {}

impl<F> Callback<F> {
    /// # Safety
    /// The function can be called with `argument`, from any thread, for as long as the result or a
    /// copy of it exists. It keeps no pointer to its other arguments.
    pub(crate) unsafe fn new(function: F, argument: *mut c_void) -> Self {
        Self { function, argument }
    }
}

/// Called for an access that traps.
pub(crate) type TrapHandler =
    Callback<unsafe extern "C" fn(*mut c_void, *mut gasp_cpu, *const gasp_trap) -> c_int>;

impl TrapHandler {
    /// Calls the handler for an access. Its result is 0, or the number that ends the access.
    #[inline(always)]
    pub(crate) fn call(&self, cpu: *mut gasp_cpu, trap: &gasp_trap) -> c_int {
        // SAFETY: `new`'s caller promised that it can be called; the reference is valid meanwhile.
        unsafe { (self.function)(self.argument, cpu, trap) }
    }
}

/// Called for an access that is unsupported.
pub(crate) type UnsupportedHandler =
    Callback<unsafe extern "C" fn(*mut c_void, *mut gasp_cpu, *const gasp_trap, c_uint)>;

impl UnsupportedHandler {
    /// Calls the handler for an access with the reason.
    pub(crate) fn call(&self, cpu: *mut gasp_cpu, access: &gasp_trap, reason: c_uint) {
        // SAFETY: `new`'s caller promised that it can be called; the reference is valid meanwhile.
        unsafe { (self.function)(self.argument, cpu, access, reason) };
    }
}

/// Called once, after a grace period.
pub(crate) type QuietCallback = Callback<unsafe extern "C" fn(*mut c_void)>;

impl QuietCallback {
    /// Calls the function.
    pub(crate) fn call(self) {
        // SAFETY: `new`'s caller promised that it can be called.
        unsafe { (self.function)(self.argument) };
    }
}

/// Called before the process ends.
pub(crate) type FatalHandler = Callback<unsafe extern "C" fn(*mut c_void, c_int, *const c_char)>;

impl FatalHandler {
    /// Calls the handler with the exit code and the message.
    pub(crate) fn call(&self, exit_code: c_int, message: &CStr) {
        // SAFETY: `new`'s caller promised that it can be called; the reference is valid meanwhile.
        unsafe { (self.function)(self.argument, exit_code, message.as_ptr()) };
    }
}

/// Called for each failure of a C function.
pub(crate) type FailureFunction =
    Callback<unsafe extern "C" fn(*mut c_void, *const c_char, c_int, *const c_char)>;

impl FailureFunction {
    /// Tells of a failure of `function`, with its number and its message.
    pub(crate) fn call(&self, function: &CStr, errno: c_int, message: &CStr) {
        // SAFETY: `new`'s caller promised that it can be called; the references are valid
        // meanwhile.
        unsafe { (self.function)(self.argument, function.as_ptr(), errno, message.as_ptr()) };
    }
}

/// The callbacks that are notified of each change of a guest's map.
pub(crate) type Listener = Callback<gasp_listener>;

impl Listener {
    /// The listener's place in the order of calls: lower numbers are called first.
    pub(crate) fn priority(&self) -> c_int {
        self.function.priority
    }

    /// The cost of a change, or the number with which the listener would refuse it.
    pub(crate) fn estimate(&self, change: &gasp_difference) -> Result<gasp_cost, c_int> {
        let mut cost = gasp_cost::NOTHING;
        let Some(function) = self.function.estimate else { return Ok(cost) };
        // SAFETY: `new`'s caller promised that it can be called; the references are valid
        // meanwhile.
        match unsafe { function(self.argument, change, &raw mut cost) } {
            0 => Ok(cost),
            errno => Err(errno),
        }
    }

    /// Asks for consent to a change. The error is the number with which the listener refuses it.
    pub(crate) fn prepare(&self, change: &gasp_difference) -> Result<(), c_int> {
        let Some(function) = self.function.prepare else { return Ok(()) };
        // SAFETY: `new`'s caller promised that it can be called; the reference is valid meanwhile.
        match unsafe { function(self.argument, change) } {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    /// Notifies the listener that a prepared change is visible.
    pub(crate) fn commit(&self, change: &gasp_difference) {
        if let Some(function) = self.function.commit {
            // SAFETY: as for `prepare`.
            unsafe { function(self.argument, change) };
        }
    }

    /// Notifies the listener that a prepared change does not happen.
    pub(crate) fn abort(&self, change: &gasp_difference) {
        if let Some(function) = self.function.abort {
            // SAFETY: as for `prepare`.
            unsafe { function(self.argument, change) };
        }
    }
}
