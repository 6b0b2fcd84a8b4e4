//! Functions of the host that follow the changes of a guest.

use super::trap::Argument;
use core::ffi::{c_int, c_void};
use gasp_abi::{gasp_cost, gasp_difference, gasp_listener};

/// A host's listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    listener: gasp_listener,
    argument: Argument,
}

impl Functions {
    /// # Safety
    /// The functions can be called with `argument` from any thread, with a difference that lives
    /// during the call.
    pub(crate) unsafe fn new(listener: gasp_listener, argument: *mut c_void) -> Self {
        Self { listener, argument: Argument(argument) }
    }

    /// Lower ones go first.
    pub(crate) fn priority(&self) -> c_int {
        self.listener.priority
    }

    /// What a change would cost, or the number with which it would be refused.
    pub(crate) fn estimate(&self, change: &gasp_difference) -> Result<gasp_cost, c_int> {
        let mut cost = gasp_cost::NOTHING;
        let Some(function) = self.listener.estimate else { return Ok(cost) };
        // SAFETY: the promise that `new` was given; the cost can be written.
        match unsafe { function(self.argument.pointer(), change, &raw mut cost) } {
            0 => Ok(cost),
            errno => Err(errno),
        }
    }

    /// Asks whether a change may be; the error is the number with which it is refused.
    pub(crate) fn prepare(&self, change: &gasp_difference) -> Result<(), c_int> {
        let Some(function) = self.listener.prepare else { return Ok(()) };
        // SAFETY: the promise that `new` was given.
        match unsafe { function(self.argument.pointer(), change) } {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    /// Says that a change is visible.
    pub(crate) fn commit(&self, change: &gasp_difference) {
        if let Some(function) = self.listener.commit {
            // SAFETY: the promise that `new` was given.
            unsafe { function(self.argument.pointer(), change) };
        }
    }

    /// Says that a change does not happen.
    pub(crate) fn abort(&self, change: &gasp_difference) {
        if let Some(function) = self.listener.abort {
            // SAFETY: the promise that `new` was given.
            unsafe { function(self.argument.pointer(), change) };
        }
    }
}
