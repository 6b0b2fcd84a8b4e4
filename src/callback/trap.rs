//! Functions of the host that the library calls.

use crate::capi::handles::CpuSlot;
use core::ffi::{c_int, c_void};
use gasp_abi::{gasp_cpu, gasp_trap};

/// A pointer that is handed back to the function that it was registered with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument(pub(crate) *mut c_void);

// SAFETY: the library only carries the pointer; the host says that its function can be called
// from any thread.
unsafe impl Send for Argument {}
// SAFETY: as above.
unsafe impl Sync for Argument {}

impl Argument {
    /// The pointer.
    pub(crate) fn pointer(self) -> *mut c_void {
        self.0
    }
}

/// What is called when an access traps.
pub(crate) type TrapFunction =
    unsafe extern "C" fn(arg: *mut c_void, cpu: *mut gasp_cpu, trap: *const gasp_trap) -> c_int;

/// A host's handler of trapped accesses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrapHandler {
    function: TrapFunction,
    argument: Argument,
}

impl TrapHandler {
    /// # Safety
    /// `function` can be called with `argument` from any thread, with a trap that lives during
    /// the call.
    pub(crate) unsafe fn new(function: TrapFunction, argument: *mut c_void) -> Self {
        Self { function, argument: Argument(argument) }
    }

    /// Has the host handle a trapped access.
    #[inline(always)]
    pub(crate) fn call(&self, cpu: &'static CpuSlot, trap: &gasp_trap) -> c_int {
        let cpu = core::ptr::from_ref(cpu).cast_mut().cast();
        // SAFETY: the promise that `new` was given; the trap lives during the call.
        unsafe { (self.function)(self.argument.0, cpu, trap) }
    }
}

/// A function of the host that is called once.
#[derive(Debug)]
pub(crate) struct Once {
    function: unsafe extern "C" fn(arg: *mut c_void),
    argument: Argument,
}

impl Once {
    /// # Safety
    /// `function` can be called with `argument` from any thread.
    pub(crate) unsafe fn new(
        function: unsafe extern "C" fn(arg: *mut c_void),
        argument: *mut c_void,
    ) -> Self {
        Self { function, argument: Argument(argument) }
    }

    /// Calls the function.
    pub(crate) fn call(self) {
        // SAFETY: the promise that `new` was given.
        unsafe { (self.function)(self.argument.0) };
    }
}
