//! A guest system of libgasp.

#![allow(unsafe_code)]

use super::numbers::{Memory, Space, Unsupported};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use gasp_abi::{
    GASP_SET_ALL_OR_NOTHING, QSL_NO_LOCATION, gasp_counts, gasp_guest_options, gasp_region,
    gasp_span, gasp_trap_handler_t, guest_system,
};
use std::os::fd::BorrowedFd;

/// A failure of libgasp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The error number.
    pub errno: i32,
    /// libgasp's message.
    pub message: String,
}

pub(super) fn check(code: c_int) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(last_error(code)) }
}

/// The names of flags, as libgasp writes them.
pub fn flags_text(flags: u32) -> String {
    let mut text = [0u8; 256];
    // SAFETY: the buffer has its size.
    let length = unsafe { gasp_abi::gasp_flags_text(flags, text.as_mut_ptr().cast(), text.len()) };
    String::from_utf8_lossy(&text[..length.min(text.len() - 1)]).into_owned()
}

/// The last failure of this thread, with this error number.
pub(super) fn last_error(errno: i32) -> Error {
    // SAFETY: no preconditions.
    let message = unsafe { gasp_abi::gasp_last_error() };
    // SAFETY: the string is valid until this thread's next call of the function.
    let message = unsafe { CStr::from_ptr(message) };
    Error { errno, message: message.to_string_lossy().into_owned() }
}

pub(super) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Called with the exit code before libgasp ends the process.
pub type FatalHandler = fn(u8);

unsafe extern "C" fn call(handler: *mut c_void, exit_code: c_int, _: *const c_char) {
    // SAFETY: what `set_fatal_handler` registered.
    let handler = unsafe { &*handler.cast::<FatalHandler>() };
    handler(u8::try_from(exit_code).unwrap_or(u8::MAX));
}

/// The memory file behind a location.
#[derive(Debug, Clone, Copy)]
pub struct Backing<'g> {
    /// The file.
    pub file: BorrowedFd<'g>,
    /// The location's place in it, in bytes.
    pub offset: u64,
    /// The number of locations from there to the end of the region, or to that of the file.
    pub length: u64,
}

/// A guest system of libgasp; destroyed when dropped.
#[derive(Debug)]
pub struct Guest(NonNull<guest_system>);

// SAFETY: libgasp's functions can be called from any thread.
unsafe impl Send for Guest {}
// SAFETY: as above.
unsafe impl Sync for Guest {}

impl Guest {
    /// A guest with two empty spaces.
    pub fn new() -> Result<Self, Error> {
        Self::with(0)
    }

    /// A guest with two empty spaces and these options (`GASP_GUEST_*`).
    pub fn with(flags: u32) -> Result<Self, Error> {
        let options = gasp_guest_options { size: size_of::<gasp_guest_options>(), flags };
        // SAFETY: the options have their size.
        let guest = unsafe { gasp_abi::gasp_guest_create(&raw const options) };
        NonNull::new(guest).map(Self).ok_or_else(|| last_error(errno()))
    }

    /// A guest that somebody else owns: it is not destroyed. `None`: the handle is NULL.
    ///
    /// # Safety
    /// The handle is one of libgasp's. It may be that of a destroyed guest, which libgasp
    /// recognises. But the guest is not destroyed while a [`Backing`] of it is in use, or a region
    /// of gasp-memory.
    pub unsafe fn borrow(handle: *mut guest_system) -> Option<ManuallyDrop<Self>> {
        NonNull::new(handle).map(|handle| ManuallyDrop::new(Self(handle)))
    }

    /// The handle for C.
    pub fn handle(&self) -> *mut guest_system {
        self.0.as_ptr()
    }

    /// Marks the guest as started.
    pub fn start(&self) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_guest_start(self.handle()) })
    }

    /// Adds zeroed memory to the guest.
    pub fn add_memory(&self, location: u64, length: u64, kind: Memory) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe {
            gasp_abi::gasp_guest_add_memory(self.handle(), location, length, kind as c_uint, 0)
        })
    }

    /// Excludes a range from searches for free space.
    pub fn reserve(&self, space: Space, location: u64, length: u64) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe {
            gasp_abi::gasp_guest_reserve(self.handle(), space.number(), location, length)
        })
    }

    /// Finds the lowest free range.
    pub fn find_free(&self, space: Space, size: u64, align: u64) -> Result<u64, Error> {
        // SAFETY: the handle is a guest's.
        match unsafe { gasp_abi::gasp_find_free(self.handle(), space.number(), size, align) } {
            QSL_NO_LOCATION => Err(last_error(errno())),
            place => Ok(place),
        }
    }

    /// Finds the lowest free range from `first` to `last`.
    pub fn find_free_range(
        &self,
        space: Space,
        size: u64,
        align: u64,
        first: u64,
        last: u64,
    ) -> Result<u64, Error> {
        // SAFETY: the handle is a guest's.
        let place = unsafe {
            gasp_abi::gasp_find_free_range(self.handle(), space.number(), size, align, first, last)
        };
        if place == QSL_NO_LOCATION { Err(last_error(errno())) } else { Ok(place) }
    }

    /// Applies all changes or none.
    pub fn set(&self, regions: &[gasp_region]) -> Result<(), Error> {
        let count = c_uint::try_from(regions.len()).unwrap_or(c_uint::MAX);
        let (first, flags) = (regions.as_ptr(), GASP_SET_ALL_OR_NOTHING);
        // SAFETY: the handle is a guest's; the elements are there.
        check(unsafe {
            gasp_abi::gasp_guest_set(self.handle(), count, first, flags, ptr::null_mut())
        })
    }

    /// The cost of these changes for all listeners together.
    pub fn dry_run(&self, regions: &[gasp_region]) -> Result<gasp_abi::gasp_cost, Error> {
        let count = c_uint::try_from(regions.len()).unwrap_or(c_uint::MAX);
        let flags = GASP_SET_ALL_OR_NOTHING | gasp_abi::GASP_SET_DRY_RUN;
        let mut report = gasp_abi::gasp_report {
            size: size_of::<gasp_abi::gasp_report>(),
            index: 0,
            error: 0,
            r#type: 0,
            conflict: gasp_span::NONE,
            cost: gasp_abi::gasp_cost::NOTHING,
        };
        let (first, report_to) = (regions.as_ptr(), &raw mut report);
        // SAFETY: the handle is a guest's; the elements are there; the report can be written.
        check(unsafe { gasp_abi::gasp_guest_set(self.handle(), count, first, flags, report_to) })?;
        Ok(report.cost)
    }

    /// The region that holds a location, or the first after it.
    pub fn next(&self, space: Space, from: u64) -> Option<gasp_span> {
        let mut span = gasp_span::NONE;
        // SAFETY: the handle is a guest's; the span can be written.
        let code = unsafe {
            gasp_abi::gasp_guest_next(self.handle(), space.number(), from, &raw mut span)
        };
        (code == 0).then_some(span)
    }

    /// All regions of a space, in ascending order.
    pub fn spans(&self, space: Space) -> Vec<gasp_span> {
        let mut spans = Vec::new();
        let mut from = Some(0);
        while let Some(span) = from.and_then(|from| self.next(space, from)) {
            from = span.last.checked_add(1);
            spans.push(span);
        }
        spans
    }

    /// Reads the memory behind a range, whatever the rights of the guest.
    pub fn read(&self, location: u64, data: &mut [u8]) -> Result<(), Error> {
        let (start, length) = (data.as_mut_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a guest's; the bytes can be written.
        check(unsafe { gasp_abi::gasp_guest_read(self.handle(), location, start, length) })
    }

    /// Writes the memory behind a range, whatever the rights of the guest.
    pub fn write(&self, location: u64, data: &[u8]) -> Result<(), Error> {
        let (start, length) = (data.as_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a guest's; the bytes can be read.
        check(unsafe { gasp_abi::gasp_guest_write(self.handle(), location, start, length) })
    }

    /// The memory file behind a location.
    pub fn backing(&self, location: u64) -> Result<Backing<'_>, Error> {
        let mut found = gasp_abi::gasp_backing { fd: -1, offset: 0, length: 0 };
        // SAFETY: the handle is a guest's; the backing can be written.
        check(unsafe { gasp_abi::gasp_guest_backing(self.handle(), location, &raw mut found) })?;
        // SAFETY: the guest closes the file when it is destroyed, and it is borrowed.
        let file = unsafe { BorrowedFd::borrow_raw(found.fd) };
        Ok(Backing { file, offset: found.offset, length: found.length })
    }

    /// Sets the policy for accesses that nothing handles.
    pub fn set_unsupported(&self, policy: Unsupported) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_guest_set_unsupported(self.handle(), policy as c_uint) })
    }

    /// Registers the function that handles accesses that trap.
    ///
    /// # Safety
    /// While the guest exists, the function can be called with this argument from any thread.
    pub unsafe fn set_trap_handler(
        &self,
        handler: gasp_trap_handler_t,
        arg: *mut c_void,
    ) -> Result<(), Error> {
        // SAFETY: the handle is a guest's; the rest is the caller's promise.
        check(unsafe { gasp_abi::gasp_guest_set_trap_handler(self.handle(), handler, arg) })
    }

    /// Calls a function with the exit code before libgasp ends the process.
    pub fn set_fatal_handler(&self, handler: &'static FatalHandler) {
        let arg = ptr::from_ref(handler).cast_mut().cast();
        // SAFETY: the handle is a guest's; the argument is what `call` takes, and stays.
        unsafe { gasp_abi::gasp_guest_set_fatal_handler(self.handle(), Some(call), arg) };
    }

    /// The numbers of accesses by destination and kind.
    pub fn counts(&self) -> gasp_counts {
        let mut counts = gasp_counts::default();
        // SAFETY: the handle is a guest's; the counts can be written.
        let _ = unsafe { gasp_abi::gasp_guest_counts(self.handle(), &raw mut counts) };
        counts
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: the handle is a guest's, and only this value destroys it.
        unsafe { gasp_abi::gasp_guest_destroy(self.handle()) };
    }
}
