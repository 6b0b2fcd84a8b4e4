//! A listener that records its notifications, and the functions of the library for it.

#![allow(unsafe_code)]

use super::library::{Guest, code, watched};
use super::numbers::*;
use super::set::Rules;
use super::state::{Errno, Kind};
use gasp_abi::{
    GASP_SET_ALL_OR_NOTHING, GASP_SET_DRY_RUN, GASP_SET_ONLY_ABSENT, GASP_SET_OVERRIDE,
    gasp_change, gasp_cost, gasp_difference, gasp_listener, gasp_region, gasp_report, gasp_span,
    gasp_span_list,
};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::{size_of, zeroed};
use std::ptr::null_mut;

/// A listener's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    Estimate,
    Prepare,
    Commit,
    Abort,
}

/// The removed and the added spans of memory, and the same for ports.
pub(crate) type Lists = [Vec<gasp_span>; 4];

/// One call of a listener's function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) callback: Callback,
    pub(crate) lists: Lists,
}

/// Flags of `gasp_guest_set`, and whether a report is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SetOptions {
    pub(crate) whole: bool,
    pub(crate) dry: bool,
    pub(crate) report: bool,
    pub(crate) rules: Rules,
}

/// The notifications of a listener, and the error with which it refuses.
#[derive(Default)]
pub(crate) struct Recorder {
    notifications: RefCell<Vec<Notification>>,
    /// An errno; `EOK`: it agrees.
    pub(crate) refuses: Cell<Errno>,
}

impl Recorder {
    /// The notifications since the last call.
    pub(crate) fn take(&self) -> Vec<Notification> {
        self.notifications.take()
    }

    /// # Safety
    /// `arg` points to a recorder, `difference` to one of the library.
    unsafe fn record(
        arg: *mut c_void,
        callback: Callback,
        difference: *const gasp_difference,
    ) -> Errno {
        // SAFETY: the caller's promise.
        let recorder = unsafe { &*arg.cast::<Self>() };
        // SAFETY: the caller's promise.
        let all = unsafe { &*difference };
        let lists = [all.memory_removed, all.memory_added, all.ports_removed, all.ports_added];
        // SAFETY: the lists live during the call.
        let lists = lists.map(|runs| unsafe { copy(runs) });
        recorder.notifications.borrow_mut().push(Notification { callback, lists });
        recorder.refuses.get()
    }
}

/// # Safety
/// The runs can be read.
unsafe fn copy(runs: gasp_span_list) -> Vec<gasp_span> {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(runs.first, runs.count) }.to_vec()
}

unsafe extern "C" fn estimate(
    arg: *mut c_void,
    difference: *const gasp_difference,
    _cost: *mut gasp_cost,
) -> c_int {
    // SAFETY: the library hands back what it was given.
    unsafe { Recorder::record(arg, Callback::Estimate, difference) }
}

unsafe extern "C" fn prepare(arg: *mut c_void, difference: *const gasp_difference) -> c_int {
    // SAFETY: as above.
    unsafe { Recorder::record(arg, Callback::Prepare, difference) }
}

unsafe extern "C" fn commit(arg: *mut c_void, difference: *const gasp_difference) {
    // SAFETY: as above.
    unsafe { Recorder::record(arg, Callback::Commit, difference) };
}

unsafe extern "C" fn abort(arg: *mut c_void, difference: *const gasp_difference) {
    // SAFETY: as above.
    unsafe { Recorder::record(arg, Callback::Abort, difference) };
}

impl Guest {
    /// The id of the listener.
    pub(crate) fn follow(&self, recorder: &Recorder) -> Result<u64, Errno> {
        let listener = gasp_listener {
            size: size_of::<gasp_listener>(),
            priority: 0,
            estimate: Some(estimate),
            prepare: Some(prepare),
            commit: Some(commit),
            abort: Some(abort),
        };
        let arg = (&raw const *recorder).cast_mut().cast();
        let mut id = 0;
        // SAFETY: the recorder outlives the guest; the others live through the call.
        let call =
            || unsafe { gasp_abi::gasp_guest_add_listener(self.handle(), &listener, arg, &mut id) };
        code(call).map(|()| id)
    }

    pub(crate) fn unfollow(&self, id: u64) -> Result<(), Errno> {
        // SAFETY: the handle is that of a guest.
        code(|| unsafe { gasp_abi::gasp_guest_remove_listener(self.handle(), id) })
    }

    /// The error of `gasp_guest_set`, and the index that is reported if a report is asked for.
    pub(crate) fn set_as(
        &self,
        array: &[gasp_region],
        options: SetOptions,
    ) -> (Errno, Option<usize>) {
        let (gsp, first, count) = (self.handle(), array.as_ptr(), short(array));
        reported(options, |flags, report| {
            // SAFETY: the handle is that of a guest; the array and the report live through the call.
            unsafe { gasp_abi::gasp_guest_set(gsp, count, first, flags, report) }
        })
    }

    /// The same for `gasp_guest_change`.
    pub(crate) fn change(
        &self,
        array: &[gasp_change],
        options: SetOptions,
    ) -> (Errno, Option<usize>) {
        let (gsp, first, count) = (self.handle(), array.as_ptr(), short(array));
        reported(options, |flags, report| {
            // SAFETY: as in set_as().
            unsafe { gasp_abi::gasp_guest_change(gsp, count, first, flags, report) }
        })
    }

    pub(crate) fn generation(&self, kind: Kind) -> u64 {
        // SAFETY: the handle is that of a guest.
        let call = || unsafe { gasp_abi::gasp_guest_generation(self.handle(), kind.qst().into()) };
        let (generation, errno) = watched(call);
        assert_eq!(errno, None, "gasp_guest_generation touched errno");
        generation
    }
}

fn short<T>(array: &[T]) -> u32 {
    u32::try_from(array.len()).expect("a short array")
}

/// The error of a set call, and the index that it reports if a report is asked for.
fn reported(
    options: SetOptions,
    call: impl FnOnce(u32, *mut gasp_report) -> c_int,
) -> (Errno, Option<usize>) {
    let flag = |wanted, flag| if wanted { flag } else { 0 };
    let flags = flag(options.whole, GASP_SET_ALL_OR_NOTHING)
        | flag(options.dry, GASP_SET_DRY_RUN)
        | flag(options.rules.overrides, GASP_SET_OVERRIDE)
        | flag(options.rules.only_absent, GASP_SET_ONLY_ABSENT);
    // SAFETY: zeroes are a report.
    let mut report: gasp_report = unsafe { zeroed() };
    report.size = size_of::<gasp_report>();
    let output = if options.report { &raw mut report } else { null_mut() };
    let result = code(|| call(flags, output)).err().unwrap_or(EOK);
    if options.report {
        assert_eq!(report.error, result, "the error that is reported");
    }
    let index = usize::try_from(report.index).expect("usize has 64 bits");
    (result, options.report.then_some(index))
}
