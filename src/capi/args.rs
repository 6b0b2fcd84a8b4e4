//! Conversions from C arguments to values of the safe API. Only this file, `handles` and `sized`
//! turn pointers of C callers into references.

use super::handles::{cpu_slot, guest_slot};
use super::sized;
use crate::callback::{
    Callback, FailureFunction, FatalHandler, QuietCallback, TrapHandler, UnsupportedHandler,
};
use crate::error::Error;
use crate::error::refusal::Refusal;
use crate::guest::{Elements, Guest, Options};
use crate::raw::bytes::Buffer;
use crate::value::element::Element;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::vcpu::{Access, AccessKind, CpuSlot, GuestSlot, System, Vcpu};
use core::ffi::{CStr, c_char, c_uint, c_void};
use gasp_abi::{
    GASP_GUEST_GUARDED, GASP_GUEST_HOLD_MISSES, GASP_GUEST_STRICT, gasp_change, gasp_cpu,
    gasp_failure_function_t, gasp_fatal_handler_t, gasp_guest_options, gasp_quiet_function_t,
    gasp_region, gasp_trap_handler_t, gasp_unsupported_handler_t, gasp_walk_filter_t, guest_system,
    qvm_state_block, vdev_t,
};

/// The slot of a guest that is not destroyed.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn guest_handle(gsp: *const guest_system) -> Result<&'static GuestSlot, Error> {
    // SAFETY: promise 1.
    unsafe { guest_slot(gsp) }.ok_or(Error::NotAGuest)
}

/// The guest of a handle, with its vCPUs.
///
/// # Safety
/// See [`super`].
#[inline(always)]
pub(super) unsafe fn system<'a>(gsp: *const guest_system) -> Result<&'a System, Error> {
    // SAFETY: promise 1.
    unsafe { guest_slot(gsp) }.and_then(GuestSlot::get).ok_or(Error::NotAGuest)
}

/// The guest of a handle.
///
/// # Safety
/// See [`super`].
#[inline(always)]
pub(super) unsafe fn guest<'a>(gsp: *const guest_system) -> Result<&'a Guest, Error> {
    // SAFETY: promise 1.
    unsafe { system(gsp) }.map(System::guest)
}

/// The guest of a vdev.
///
/// # Safety
/// See [`super`]; promise 1 also holds for the vdev's `v_gsp`.
pub(super) unsafe fn guest_of_vdev<'a>(vdev: *const vdev_t) -> Result<&'a Guest, Error> {
    // SAFETY: promise 2.
    let vdev = unsafe { required_input("vdev", vdev)? };
    // SAFETY: promise 1, for v_gsp.
    unsafe { guest(vdev.v_gsp) }
}

/// A vCPU and its slot.
///
/// # Safety
/// See [`super`].
#[inline(always)]
pub(super) unsafe fn cpu(cpu: *const gasp_cpu) -> Result<(&'static CpuSlot, &'static Vcpu), Error> {
    // SAFETY: promise 1.
    let slot = unsafe { cpu_slot(cpu) }.ok_or(Error::NotACpu)?;
    slot.get().map(|cpu| (slot, cpu)).ok_or(Error::NotACpu)
}

/// An access with the arguments of `gasp_cpu_access()`.
#[inline(always)]
pub(super) fn access(
    space: c_uint,
    kind: c_uint,
    location: u64,
    data: Buffer,
) -> Result<Access, Error> {
    let kind = AccessKind::from_c(kind)?;
    let space = SpaceKind::from_type(space).ok_or(Error::BadType(space))?;
    let range = space.range(location, data.len() as u64)?;
    Ok(Access { space, kind, range, data })
}

/// The block of a query. A NULL `output` is an error, too.
///
/// # Safety
/// See [`super`].
#[inline(always)]
pub(super) unsafe fn block(
    block: *const qvm_state_block,
    output: *mut gasp_region,
) -> Result<qvm_state_block, Error> {
    if output.is_null() {
        return Err(Error::Null("rgn"));
    }
    if block.is_null() {
        return Err(Error::Null("blk"));
    }
    // SAFETY: promise 2, and not NULL. The block is copied, because it may be a part of the output.
    Ok(unsafe { block.read_unaligned() })
}

/// A structure of C that describes an element of a set call.
pub(super) trait CElement: Copy + Into<Element> {
    /// The name of the parameter for an array of them.
    const ARRAY: &'static str;
}

impl CElement for gasp_region {
    const ARRAY: &'static str = "rgn";
}

impl CElement for gasp_change {
    const ARRAY: &'static str = "changes";
}

/// The array of a set call, in the caller's memory.
#[derive(Debug)]
pub(super) struct Array<T> {
    first: *const T,
    count: u32,
}

impl<T: CElement> Elements for Array<T> {
    fn count(&self) -> u32 {
        self.count
    }

    fn name(&self) -> &'static str {
        T::ARRAY
    }

    fn get(&self, index: u32) -> Element {
        debug_assert!(index < self.count);
        let element = self.first.wrapping_add(index as usize);
        // SAFETY: the caller of `array` promised that the elements up to a refused one can be read.
        // A call reads them in ascending order, and stops there.
        unsafe { element.read_unaligned() }.into()
    }
}

/// The array of a set call.
///
/// # Safety
/// `first` is NULL, or points to `count` elements that can be read. Elements after the one at which
/// the call's first pass over the array is refused need not exist.
pub(super) unsafe fn array<T: CElement>(count: u32, first: *const T) -> Result<Array<T>, Refusal> {
    if first.is_null() { Err(Error::Null(T::ARRAY).into()) } else { Ok(Array { first, count }) }
}

/// An input that must not be NULL.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn required_input<'a, T>(
    name: &'static str,
    pointer: *const T,
) -> Result<&'a T, Error> {
    // SAFETY: promise 2.
    unsafe { pointer.as_ref() }.ok_or(Error::Null(name))
}

/// A string, or NULL.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: promise 2.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// A buffer for text of `size` bytes, which may be none at all.
///
/// # Safety
/// `buffer` is NULL or points to `size` bytes that can be written.
pub(super) unsafe fn text_buffer(buffer: *mut c_char, size: usize) -> Result<Buffer, Error> {
    if buffer.is_null() && size != 0 {
        return Err(Error::Null("buffer"));
    }
    // SAFETY: the caller's promise; of a NULL buffer no byte is used.
    Ok(unsafe { Buffer::new(buffer.cast(), size) })
}

/// An output. `None`: the pointer is NULL.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn output<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: promise 2; the only reference during the call is this one.
    unsafe { pointer.as_mut() }
}

/// An output that must not be NULL.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn required_output<'a, T>(
    name: &'static str,
    pointer: *mut T,
) -> Result<&'a mut T, Error> {
    // SAFETY: promise 2.
    unsafe { output(pointer) }.ok_or(Error::Null(name))
}

/// Writes entries to a list of the caller, unless that is NULL.
///
/// # Safety
/// `first` is NULL, or has room for all entries.
pub(super) unsafe fn write_list<T>(first: *mut T, entries: impl Iterator<Item = T>) {
    if first.is_null() {
        return;
    }
    for (index, entry) in entries.enumerate() {
        // SAFETY: the caller promises that there is room for the entry.
        unsafe { first.wrapping_add(index).write(entry) };
    }
}

/// A buffer for reading and writing.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that can be written.
pub(super) unsafe fn buffer_mut(data: *mut c_void, length: usize) -> Result<Buffer, Error> {
    if data.is_null() {
        return Err(Error::Null("data"));
    }
    // SAFETY: not NULL, so the caller promises that the bytes can be written.
    Ok(unsafe { Buffer::new(data.cast(), length) })
}

/// A buffer for reading.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that can be read.
pub(super) unsafe fn buffer(data: *const c_void, length: usize) -> Result<Buffer, Error> {
    // SAFETY: the caller promises that the bytes can be read, and they are not written: the result
    // is used as a source only.
    unsafe { buffer_mut(data.cast_mut(), length) }
}

/// The options of a guest. NULL means the defaults.
///
/// # Safety
/// `options` is NULL, or its `size` and that number of bytes can be read.
pub(super) unsafe fn options(options: *const gasp_guest_options) -> Result<Options, Error> {
    // SAFETY: this is what `input` requires, as the caller promises.
    let Some(options) = (unsafe { sized::input("options", options)? }) else {
        return Ok(Options::default());
    };
    match options.flags & !(GASP_GUEST_STRICT | GASP_GUEST_GUARDED | GASP_GUEST_HOLD_MISSES) {
        0 => Ok(Options {
            strict: options.flags & GASP_GUEST_STRICT != 0,
            guarded: options.flags & GASP_GUEST_GUARDED != 0,
            hold_misses: options.flags & GASP_GUEST_HOLD_MISSES != 0,
        }),
        unknown => Err(Error::Unknown { what: "GASP_GUEST flags", bits: unknown }),
    }
}

/// The filter of a walk. An answer that is not inside the candidate means that nothing of it is
/// wanted.
///
/// # Safety
/// See [`super`], for as long as the result is used.
pub(super) unsafe fn filter(filter: gasp_walk_filter_t) -> impl Fn(Range) -> Option<Range> {
    move |candidate| {
        let Some(filter) = filter else {
            return Some(candidate);
        };
        let mut location = candidate.first().get();
        let mut length = usize::try_from(candidate.saturating_length()).unwrap_or(usize::MAX);
        // SAFETY: promise 3; both pointers are to local variables.
        unsafe { filter(&raw mut location, &raw mut length) };
        let part = Range::from_length(Location::new(location), length as u64)?;
        candidate.covers(&part).then_some(part)
    }
}

/// A fatal handler.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn fatal_handler(
    handler: gasp_fatal_handler_t,
    arg: *mut c_void,
) -> Option<FatalHandler> {
    // SAFETY: promise 3.
    handler.map(|handler| unsafe { Callback::new(handler, arg) })
}

/// A function that is told of failures.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn failure_function(
    function: gasp_failure_function_t,
    arg: *mut c_void,
) -> Option<FailureFunction> {
    // SAFETY: promise 3.
    function.map(|function| unsafe { Callback::new(function, arg) })
}

/// A trap handler.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn trap_handler(
    handler: gasp_trap_handler_t,
    arg: *mut c_void,
) -> Option<TrapHandler> {
    // SAFETY: promise 3.
    handler.map(|handler| unsafe { Callback::new(handler, arg) })
}

/// A handler of unsupported accesses.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn unsupported_handler(
    handler: gasp_unsupported_handler_t,
    arg: *mut c_void,
) -> Option<UnsupportedHandler> {
    // SAFETY: promise 3.
    handler.map(|handler| unsafe { Callback::new(handler, arg) })
}

/// A quiet callback.
///
/// # Safety
/// See [`super`].
pub(super) unsafe fn quiet_callback(
    function: gasp_quiet_function_t,
    arg: *mut c_void,
) -> Result<QuietCallback, Error> {
    let function = function.ok_or(Error::Null("fn"))?;
    // SAFETY: promise 3.
    Ok(unsafe { Callback::new(function, arg) })
}
