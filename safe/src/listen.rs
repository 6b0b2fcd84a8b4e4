//! Listeners: objects that follow the changes of a guest's map.

#![allow(unsafe_code)]

use super::guest::{Error, Guest, check};
use core::ffi::{c_int, c_void};
use core::{fmt, slice};
use gasp_abi::{gasp_cost, gasp_difference, gasp_listener, gasp_span, gasp_span_list};
use std::sync::Arc;

/// The change of the memory space by one call. No listener needs changes of ports: they always
/// exit.
#[derive(Debug, Clone, Copy)]
pub struct Difference<'a> {
    /// The regions that the call removes.
    pub removed: &'a [gasp_span],
    /// The regions that the call adds.
    pub added: &'a [gasp_span],
}

/// A listener. libgasp never calls two functions of the listeners of one guest at the same time.
/// Errors are error numbers.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Returns the cost of a change, or the error with which `prepare` would refuse it.
    fn estimate(&self, difference: &Difference<'_>) -> Result<gasp_cost, i32>;
    /// A change is about to become visible.
    fn prepare(&self, difference: &Difference<'_>) -> Result<(), i32>;
    /// The prepared change is visible now.
    fn commit(&self, difference: &Difference<'_>);
    /// The prepared change does not happen.
    fn abort(&self, difference: &Difference<'_>);
}

/// A registered listener; dropping this value removes it.
#[derive(Debug)]
pub struct Listening<'g> {
    guest: &'g Guest,
    id: u64,
    /// libgasp points to the listener until `drop` has removed it.
    _listener: Arc<dyn Listener>,
}

impl Guest {
    /// Registers a listener. It is first told of the present map, as one change.
    pub fn listen<L: Listener + 'static>(
        &self,
        priority: c_int,
        listener: Arc<L>,
    ) -> Result<Listening<'_>, Error> {
        let functions = gasp_listener {
            size: size_of::<gasp_listener>(),
            priority,
            estimate: Some(estimate::<L>),
            prepare: Some(prepare::<L>),
            commit: Some(commit::<L>),
            abort: Some(abort::<L>),
        };
        let (mut id, arg) = (0, Arc::as_ptr(&listener).cast_mut().cast::<c_void>());
        // SAFETY: the handle is a guest's; the returned value keeps `listener` alive, and removes
        // it.
        check(unsafe {
            gasp_abi::gasp_guest_add_listener(self.handle(), &raw const functions, arg, &raw mut id)
        })?;
        Ok(Listening { guest: self, id, _listener: listener })
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is a guest's.
        let _ = unsafe { gasp_abi::gasp_guest_remove_listener(self.guest.handle(), self.id) };
    }
}

/// # Safety
/// libgasp's difference, of a call that has not returned.
unsafe fn difference<'a>(difference: *const gasp_difference) -> Difference<'a> {
    // SAFETY: the caller's promise.
    let difference = unsafe { &*difference };
    let spans = |list: &gasp_span_list| match list.count {
        0 => &[][..],
        // SAFETY: libgasp's array.
        count => unsafe { slice::from_raw_parts(list.first, count) },
    };
    Difference {
        removed: spans(&difference.memory_removed),
        added: spans(&difference.memory_added),
    }
}

/// Calls a function of a listener.
///
/// # Safety
/// `arg` is a listener of this type, as [`Guest::listen`] registered it; `asked` is libgasp's
/// difference, of a call that has not returned.
unsafe fn call<L: Listener, T>(
    arg: *mut c_void,
    asked: *const gasp_difference,
    function: impl FnOnce(&L, &Difference<'_>) -> T,
) -> T {
    // SAFETY: the caller's promise.
    let listener = unsafe { &*arg.cast::<L>() };
    // SAFETY: the caller's promise.
    function(listener, &unsafe { difference(asked) })
}

unsafe extern "C" fn estimate<L: Listener>(
    arg: *mut c_void,
    asked: *const gasp_difference,
    cost: *mut gasp_cost,
) -> c_int {
    // SAFETY: libgasp calls with the registered listener and its difference.
    match unsafe { call(arg, asked, L::estimate) } {
        Ok(found) => {
            // SAFETY: libgasp's cost can be written.
            unsafe { cost.write(found) };
            0
        }
        Err(errno) => errno,
    }
}

unsafe extern "C" fn prepare<L: Listener>(
    arg: *mut c_void,
    asked: *const gasp_difference,
) -> c_int {
    // SAFETY: as in `estimate`.
    unsafe { call(arg, asked, L::prepare) }.err().unwrap_or(0)
}

unsafe extern "C" fn commit<L: Listener>(arg: *mut c_void, asked: *const gasp_difference) {
    // SAFETY: as in `estimate`.
    unsafe { call(arg, asked, L::commit) }
}

unsafe extern "C" fn abort<L: Listener>(arg: *mut c_void, asked: *const gasp_difference) {
    // SAFETY: as in `estimate`.
    unsafe { call(arg, asked, L::abort) }
}
