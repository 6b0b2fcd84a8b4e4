//! The function of the host that is told of each failure.
//!
//! The thread-local variable has no destructor, so that the library can be unloaded.

#![forbid(unsafe_code)]

use super::Error;
use super::refusal::Refusal;
use super::text::Text;
use crate::callback::FailureFunction;
use crate::raw::latest::Latest;
use crate::sys::process::keep_errno;
use core::cell::Cell;
use core::ffi::CStr;

static FUNCTION: Latest<FailureFunction> = Latest::new();

thread_local! {
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the function; `None` removes it.
pub(crate) fn set(function: Option<FailureFunction>) -> Result<(), Error> {
    Ok(FUNCTION.set(function)?)
}

/// Tells the function of a failure of a C function, unless it is a failure of its own.
pub(super) fn report(function: &CStr, refusal: &Refusal) {
    let Some(told) = FUNCTION.get() else { return };
    if REPORTING.replace(true) {
        return;
    }
    let mut message = Text::new();
    message.format(format_args!("{refusal}"));
    keep_errno(|| told.call(function, refusal.error.errno(), message.as_c_str()));
    REPORTING.set(false);
}
