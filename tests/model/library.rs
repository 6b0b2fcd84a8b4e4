//! The library through its C interface: the exported functions, raw pointers, errno.
//!
//! Nothing here knows what the answer should be, with one exception that holds for every call: on
//! success, and where the error is the return value, errno stays as it was.

#![allow(unsafe_code)]

use super::cells::Extent;
use super::numbers::*;
use super::search::Wish;
use super::state::{Errno, Kind};
use super::walk::{Entry, Filter, Way};
use gasp_abi::{
    GASP_GUEST_STRICT, gasp_guest_options, gasp_region, gasp_span, gasp_walk_filter_t,
    gasp_walk_state, gasp_walk_state_filtered, guest_system, qvm_state_block,
};
use std::ffi::c_int;
use std::mem::{MaybeUninit, size_of};
use std::ptr::{null, null_mut, without_provenance_mut};

unsafe extern "C" {
    safe fn __errno_location() -> *mut c_int;
}

/// No errno has this value.
const UNTOUCHED: Errno = 7777;

fn set_errno(value: Errno) {
    // SAFETY: the address of this thread's errno can always be written.
    unsafe { __errno_location().write(value) };
}

fn errno() -> Errno {
    // SAFETY: the address of this thread's errno can always be read.
    unsafe { __errno_location().read() }
}

/// Run a call; its return value, and errno if it was touched.
pub(super) fn watched<T>(call: impl FnOnce() -> T) -> (T, Option<Errno>) {
    set_errno(UNTOUCHED);
    let value = call();
    let after = errno();
    (value, (after != UNTOUCHED).then_some(after))
}

/// Run a call that returns an error number.
pub(super) fn code(call: impl FnOnce() -> c_int) -> Result<(), Errno> {
    let (value, touched) = watched(call);
    assert_eq!(touched, None, "errno touched by a call that returns its error");
    if value == EOK { Ok(()) } else { Err(value) }
}

/// Run a call that returns a location, or `QSL_NO_LOCATION` and errno.
pub(super) fn location(call: impl FnOnce() -> u64) -> Result<u64, Errno> {
    match watched(call) {
        (NO_LOCATION, errno) => Err(errno.expect("QSL_NO_LOCATION without errno")),
        (location, None) => Ok(location),
        (location, errno) => panic!("errno {errno:?} although the answer is {location:#x}"),
    }
}

/// The content of an output before the call, to see whether it was written.
fn poison() -> gasp_region {
    let guest =
        qvm_state_block { location: 0x5a5a_5a5a, length: 0x5b5b, r#type: 0x5c, flags: 0x5d };
    let vdev = without_provenance_mut(0x5e5e);
    gasp_region { flags: 0x5f5f, cookie: 0x6060, vdev, host_location: 0x6161, guest }
}

/// A guest of the library.
pub(crate) struct Guest(*mut guest_system);

impl Guest {
    pub(crate) fn create(strict: bool) -> Self {
        let flags = if strict { GASP_GUEST_STRICT } else { 0 };
        let options = gasp_guest_options { size: size_of::<gasp_guest_options>(), flags };
        // SAFETY: options lives through the call.
        let (gsp, errno) = watched(|| unsafe { gasp_abi::gasp_guest_create(&options) });
        assert!(!gsp.is_null() && errno.is_none(), "gasp_guest_create: {gsp:p}, errno {errno:?}");
        Self(gsp)
    }

    /// For calls in other files.
    pub(super) fn handle(&self) -> *mut guest_system {
        self.0
    }

    pub(crate) fn start(&self) -> Result<(), Errno> {
        // SAFETY: self.0 came from gasp_guest_create() and is destroyed in drop() only.
        code(|| unsafe { gasp_abi::gasp_guest_start(self.0) })
    }

    pub(crate) fn lock(&self, qst: u16) -> Result<(), Errno> {
        // SAFETY: as in start().
        code(|| unsafe { gasp_abi::gasp_lock(self.0, qst) })
    }

    pub(crate) fn unlock(&self, qst: u16) -> Result<(), Errno> {
        // SAFETY: as in start().
        code(|| unsafe { gasp_abi::gasp_unlock(self.0, qst) })
    }

    /// Return value, and errno if it was touched.
    pub(crate) fn set_soft(&self, array: &[gasp_region]) -> (usize, Option<Errno>) {
        let count = u32::try_from(array.len()).expect("a short array");
        // SAFETY: as in start(); the array lives through the call.
        let call = || unsafe { gasp_abi::gasp_region_set_soft(self.0, count, array.as_ptr()) };
        let (value, errno) = watched(call);
        (usize::try_from(value).expect("usize has 64 bits"), errno)
    }

    /// `gasp_region_set_soft` with bad pointers: (n, gsp NULL, rgn NULL).
    pub(crate) fn set_nothing(&self, n: u32, no_guest: bool) -> (u32, Option<Errno>) {
        let gsp = if no_guest { null_mut() } else { self.0 };
        // SAFETY: as in start(); NULL is allowed by the specification.
        watched(|| unsafe { gasp_abi::gasp_region_set_soft(gsp, n, null()) })
    }

    /// `aliased`: the block is that of the output, as the specification allows.
    pub(crate) fn info(
        &self,
        block: &qvm_state_block,
        aliased: bool,
    ) -> Result<gasp_region, Errno> {
        let mut output = poison();
        if aliased {
            output.guest = *block;
        }
        let before = output;
        let rgn = &raw mut output;
        let blk = if aliased {
            // SAFETY: rgn points to output.
            unsafe { &raw const (*rgn).guest }
        } else {
            &raw const *block
        };
        // SAFETY: as in start(); both pointers are to variables that live through the call.
        let answer = code(|| unsafe { gasp_abi::gasp_region_info(self.0, blk, rgn) });
        if answer.is_err() {
            assert_eq!(before, output, "gasp_region_info wrote its output although it failed");
        }
        answer.map(|()| output)
    }

    pub(crate) fn next(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let vdev = without_provenance_mut(0x5e5e);
        let before =
            gasp_span { location: 1, last: 2, host_location: 3, vdev, flags: 4, cookie: 5 };
        let mut span = before;
        // SAFETY: as in start(); span lives through the call.
        let answer = code(|| unsafe { gasp_abi::gasp_guest_next(self.0, qst, from, &mut span) });
        if answer.is_err() {
            assert_eq!(before, span, "gasp_guest_next wrote its output although it failed");
        }
        answer.map(|()| span)
    }

    /// All regions of a space, in the way that the header describes.
    pub(crate) fn spans(&self, kind: Kind) -> Vec<gasp_span> {
        let last = if kind == Kind::Memory { u64::MAX } else { 0xffff };
        let mut spans: Vec<gasp_span> = Vec::new();
        let mut from = 0;
        loop {
            match self.next(kind.qst().into(), from) {
                Ok(span) => spans.push(span),
                Err(ENXIO) => return spans,
                Err(errno) => panic!("gasp_guest_next from {from:#x}: error {errno}"),
            }
            let seen = spans[spans.len() - 1].last;
            assert!(seen >= from, "gasp_guest_next from {from:#x} went back to {seen:#x}");
            if seen >= last {
                return spans;
            }
            from = seen + 1;
        }
    }

    /// `gasp_find_free` where the wish is for the whole space, else `gasp_find_free_range`.
    pub(crate) fn find_free(&self, qst: u32, wish: &Wish) -> Result<u64, Errno> {
        let Wish { size, align, first, last } = *wish;
        if (first, last) == (0, u64::MAX) {
            // SAFETY: as in start().
            location(|| unsafe { gasp_abi::gasp_find_free(self.0, qst, size, align) })
        } else {
            // SAFETY: as in start().
            let call =
                || unsafe { gasp_abi::gasp_find_free_range(self.0, qst, size, align, first, last) };
            location(call)
        }
    }

    pub(crate) fn reserve(&self, qst: u32, location: u64, length: u64) -> Result<(), Errno> {
        // SAFETY: as in start().
        code(|| unsafe { gasp_abi::gasp_guest_reserve(self.0, qst, location, length) })
    }

    pub(crate) fn gram_find(&self, wish: &Wish, hints: u32) -> Result<u64, Errno> {
        let Wish { size, align, first, last } = *wish;
        // SAFETY: as in start().
        let call =
            || unsafe { gasp_abi::gram_find_free_range(self.0, size, align, hints, first, last) };
        location(call)
    }

    pub(crate) fn gram_reserve(&self, place: u64, size: u64) -> Result<(), Errno> {
        // SAFETY: as in start().
        code(|| unsafe { gasp_abi::gram_reserve(self.0, place, size) })
    }

    pub(crate) fn walk(&self, way: Way) -> Walk {
        let mut state = MaybeUninit::zeroed();
        // SAFETY: as in start(); the state can be written.
        unsafe {
            gasp_abi::gasp_walk_init(state.as_mut_ptr(), self.0, way.max_length, way.flags())
        };
        // SAFETY: all zeroes are a valid state, whatever gasp_walk_init() wrote.
        Walk(unsafe { state.assume_init() })
    }

    pub(crate) fn walk_count(&self, way: Way) -> u32 {
        // SAFETY: as in start().
        let call = || unsafe { gasp_abi::gasp_walk_count(self.0, way.max_length, way.flags()) };
        let (count, errno) = watched(call);
        assert_eq!(errno, None, "gasp_walk_count touched errno");
        count
    }

    /// All entries of a walk with a filter, and the result of the count function.
    pub(crate) fn walk_filtered(&self, way: Way, filter: gasp_walk_filter_t) -> (Vec<Entry>, u32) {
        let (gsp, max, flags) = (self.0, way.max_length, way.flags());
        let mut state = MaybeUninit::<gasp_walk_state_filtered>::zeroed();
        let ws = state.as_mut_ptr();
        // SAFETY: as in start(); the state can be written; the filters stay within their pointers.
        unsafe { gasp_abi::gasp_walk_init_filtered(ws, gsp, max, flags, filter) };
        let mut entries = Vec::new();
        // SAFETY: the state has been filled by gasp_walk_init_filtered().
        while unsafe { gasp_abi::gasp_walk_next_filtered(ws) } != 0 {
            // SAFETY: all zeroes are a valid state, whatever the calls wrote.
            entries.push(entry(&unsafe { state.assume_init() }.ws));
        }
        // SAFETY: as above.
        let call = || unsafe { gasp_abi::gasp_walk_count_filtered(gsp, max, flags, filter) };
        (entries, watched(call).0)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: self.0 came from gasp_guest_create(); it is not used afterwards.
        unsafe { gasp_abi::gasp_guest_destroy(self.0) };
    }
}

/// A walk of the library; its guest must still exist when it goes on.
pub(crate) struct Walk(gasp_walk_state);

impl Walk {
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let before = entry(&self.0);
        // SAFETY: the state was filled by gasp_walk_init() for a guest that still exists.
        let (more, errno) = watched(|| unsafe { gasp_abi::gasp_walk_next(&mut self.0) });
        assert_eq!(errno, None, "gasp_walk_next touched errno");
        if more == 0 {
            assert_eq!(before, entry(&self.0), "gasp_walk_next wrote its state at the end");
            return None;
        }
        Some(entry(&self.0))
    }
}

fn entry(state: &gasp_walk_state) -> Entry {
    let gasp_walk_state { guest_loc, host_loc, length, .. } = *state;
    Entry { guest_loc, host_loc, length }
}

/// Filters: the function that the model asks, and the same for C.
pub(crate) const FILTERS: [(Filter, gasp_walk_filter_t); 6] = [
    (everything, Some(for_c::<0>)),
    (nothing, Some(for_c::<1>)),
    (one_page, Some(for_c::<2>)),
    (stripes, Some(for_c::<3>)),
    (outside, Some(for_c::<4>)),
    (everything, None),
];

unsafe extern "C" fn for_c<const WHICH: usize>(location: *mut u64, length: *mut usize) {
    // SAFETY: the library passes two variables of its own.
    let location = unsafe { &mut *location };
    // SAFETY: as above.
    let length = unsafe { &mut *length };
    (*location, *length) = FILTERS[WHICH].0(*location, *length);
}

fn everything(location: u64, length: usize) -> (u64, usize) {
    (location, length)
}

fn nothing(location: u64, _: usize) -> (u64, usize) {
    (location, 0)
}

fn one_page(location: u64, length: usize) -> (u64, usize) {
    (location, length.min(4096))
}

/// A wrong answer: the location before the range.
fn outside(location: u64, _: usize) -> (u64, usize) {
    (location.wrapping_sub(1), 1)
}

/// Every other group of three pages.
fn stripes(location: u64, length: usize) -> (u64, usize) {
    const STRIPE: u128 = 3 * PAGE;
    let range = Extent::new(location.into(), u128::from(location) + length as u128);
    let (group, in_group) = (range.start / STRIPE, range.start % STRIPE);
    let start = if group % 2 == 0 { range.start } else { range.start - in_group + STRIPE };
    let end = (start - start % STRIPE + STRIPE).min(range.end);
    if start >= range.end {
        return (location, 0);
    }
    let narrow = |value| u64::try_from(value).expect("inside of the range");
    (narrow(start), usize::try_from(end - start).expect("inside of the range"))
}
