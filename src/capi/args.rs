//! C pointers to references: the only place that looks behind a pointer of a C caller.
//!
//! What every C caller promises: a `gsp` is NULL or came from `gasp_guest_create()`; any other
//! pointer is NULL or points to what its type (and count) says, for the duration of the call;
//! functions can be called with the arguments that their types name. NULL where something is
//! needed is an error, never undefined.

use super::sized;
use crate::callback::trap::{Argument, Once, TrapHandler};
use crate::capi::handles::{CpuSlot, GuestSlot};
use crate::error::{Error, Refusal};
use crate::guest::fatal::Handler;
use crate::guest::{Buffer, Elements, Guest, Options};
use crate::space::Kind;
use crate::value::range::{Location, Range};
use crate::vcpu::{Access, Cpu, What};
use core::ffi::{c_char, c_int, c_uint, c_void};
use gasp_abi::{
    GASP_GUEST_STRICT, gasp_cpu, gasp_fatal_handler_t, gasp_guest_options, gasp_quiet_function_t,
    gasp_region, gasp_trap_handler_t, gasp_walk_filter_t, guest_system, qvm_state_block, vdev_t,
};
use std::sync::Arc;

/// The guest of a handle.
///
/// # Safety
/// `gsp` is NULL or came from `gasp_guest_create()`.
#[inline(always)]
pub(super) unsafe fn guest<'a>(gsp: *const guest_system) -> Result<&'a Guest, Error> {
    // SAFETY: a handle points to a slot, and slots are never freed.
    unsafe { gsp.cast::<GuestSlot>().as_ref() }.and_then(GuestSlot::get).ok_or(Error::NotAGuest)
}

/// The handle of a guest.
///
/// # Safety
/// As [`guest`].
pub(super) unsafe fn guest_handle(gsp: *const guest_system) -> Result<&'static GuestSlot, Error> {
    // SAFETY: a handle points to a slot, and slots are never freed.
    unsafe { gsp.cast::<GuestSlot>().as_ref() }.ok_or(Error::NotAGuest)
}

/// The guest of a vdev.
///
/// # Safety
/// `vdev` is NULL or points to a vdev, whose `v_gsp` is as [`guest`] asks.
pub(super) unsafe fn guest_of_vdev<'a>(vdev: *const vdev_t) -> Result<&'a Guest, Error> {
    // SAFETY: the caller's promise.
    let vdev = unsafe { vdev.as_ref() }.ok_or(Error::Null("vdev"))?;
    // SAFETY: the caller's promise.
    unsafe { guest(vdev.v_gsp) }
}

/// A vCPU and its handle.
///
/// # Safety
/// `cpu` is NULL or came from `gasp_cpu_create()`.
#[inline(always)]
pub(super) unsafe fn cpu(cpu: *mut gasp_cpu) -> Result<(&'static CpuSlot, &'static Cpu), Error> {
    // SAFETY: a handle points to a slot, and slots are never freed.
    let handle = unsafe { cpu.cast::<CpuSlot>().as_ref::<'static>() }.ok_or(Error::NotACpu)?;
    handle.get().map(|cpu| (handle, cpu)).ok_or(Error::NotACpu)
}

/// An access as C describes it.
#[inline(always)]
pub(super) fn access(
    kind: c_uint,
    what: What,
    location: u64,
    data: Buffer,
) -> Result<Access, Error> {
    let kind = Kind::from_type(kind).ok_or(Error::BadType(kind))?;
    let range = kind.range(location, data.len() as u64)?;
    Ok(Access { kind, what, range, data })
}

/// The block of a query, whose output is not NULL.
///
/// # Safety
/// `block` is NULL or can be read.
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
    // SAFETY: not NULL, so it can be read; copied, because it may be a part of the output.
    Ok(unsafe { block.read_unaligned() })
}

/// The array of a set call, in the caller's memory.
#[derive(Debug)]
pub(super) struct Array {
    first: *const gasp_region,
    count: u32,
}

impl Elements for Array {
    fn count(&self) -> u32 {
        self.count
    }

    fn get(&self, index: u32) -> gasp_region {
        debug_assert!(index < self.count);
        let element = self.first.wrapping_add(index as usize);
        // SAFETY: `array` was promised `count` elements, and `index` is below that.
        unsafe { element.read_unaligned() }
    }
}

/// The array of a set call.
///
/// # Safety
/// `first` is NULL or points to elements that can be read, `count` of them or up to one that is
/// refused.
pub(super) unsafe fn array(count: u32, first: *const gasp_region) -> Result<Array, Refusal> {
    if first.is_null() { Err(Error::Null("rgn").into()) } else { Ok(Array { first, count }) }
}

/// Something to be written to.
///
/// # Safety
/// `pointer` is NULL or can be written, and read if its content counts.
pub(super) unsafe fn output<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: the caller's promise; C callers have no other reference to it during the call.
    unsafe { pointer.as_mut() }
}

/// Something to be written to that has to be there.
///
/// # Safety
/// As [`output`].
pub(super) unsafe fn required_output<'a, T>(
    name: &'static str,
    pointer: *mut T,
) -> Result<&'a mut T, Error> {
    // SAFETY: the caller's promise.
    unsafe { output(pointer) }.ok_or(Error::Null(name))
}

/// Bytes to be written to.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that can be written.
pub(super) unsafe fn buffer_mut(data: *mut c_void, length: usize) -> Result<Buffer, Error> {
    if data.is_null() {
        return Err(Error::Null("data"));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { Buffer::new(data.cast(), length) })
}

/// Bytes to be read.
///
/// # Safety
/// `data` is NULL or points to `length` bytes that can be read.
pub(super) unsafe fn buffer(data: *const c_void, length: usize) -> Result<Buffer, Error> {
    // SAFETY: the caller's promise; the buffer is only read from.
    unsafe { buffer_mut(data.cast_mut(), length) }
}

/// The options of a guest; NULL: the defaults.
///
/// # Safety
/// `options` is NULL, or its `size` and as many bytes as that says can be read.
pub(super) unsafe fn options(options: *const gasp_guest_options) -> Result<Options, Error> {
    // SAFETY: the caller's promise.
    let Some(options) = (unsafe { sized::input("options", options)? }) else {
        return Ok(Options::default());
    };
    match options.flags & !GASP_GUEST_STRICT {
        0 => Ok(Options { strict: options.flags & GASP_GUEST_STRICT != 0 }),
        unknown => Err(Error::Unknown { what: "GASP_GUEST flags", bits: unknown }),
    }
}

/// A walk's filter.
///
/// # Safety
/// `filter` is NULL or can be called as its type says, for as long as the result is used.
pub(super) unsafe fn filter(filter: gasp_walk_filter_t) -> impl Fn(Range) -> Option<Range> {
    move |candidate| {
        let Some(filter) = filter else {
            return Some(candidate);
        };
        let mut location = candidate.first().get();
        let mut length = usize::try_from(candidate.saturating_length()).unwrap_or(usize::MAX);
        // SAFETY: the caller's promise; both arguments are this function's own variables.
        unsafe { filter(&raw mut location, &raw mut length) };
        let part = Range::from_length(Location::new(location), length as u64)?;
        candidate.covers(&part).then_some(part)
    }
}

/// A host's handler of fatal errors.
///
/// # Safety
/// `handler` is NULL or can be called with `arg` from any thread until it is replaced.
pub(super) unsafe fn fatal_handler(
    handler: gasp_fatal_handler_t,
    arg: *mut c_void,
) -> Option<Handler> {
    let handler = handler?;
    let arg = Argument(arg);
    Some(Handler(Arc::new(move |code: c_int, message: &core::ffi::CStr| {
        let message: *const c_char = message.as_ptr();
        // SAFETY: the caller's promise; the message is a C string that lives during the call.
        unsafe { handler(arg.pointer(), code, message) };
    })))
}

/// A host's handler of trapped accesses.
///
/// # Safety
/// `handler` is NULL or can be called with `arg` from any thread.
pub(super) unsafe fn trap_handler(
    handler: gasp_trap_handler_t,
    arg: *mut c_void,
) -> Option<TrapHandler> {
    // SAFETY: the caller's promise.
    handler.map(|handler| unsafe { TrapHandler::new(handler, arg) })
}

/// A function that is called once.
///
/// # Safety
/// `function` is NULL or can be called with `arg` from any thread.
pub(super) unsafe fn once(
    function: gasp_quiet_function_t,
    arg: *mut c_void,
) -> Result<Once, Error> {
    let function = function.ok_or(Error::Null("fn"))?;
    // SAFETY: the caller's promise.
    Ok(unsafe { Once::new(function, arg) })
}
