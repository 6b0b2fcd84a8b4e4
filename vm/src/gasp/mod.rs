//! libgasp, as safe Rust over its C interface.
//!
//! Errors are the numbers that libgasp returns, with its sentence about them.

#![allow(unsafe_code)]

mod listen;

pub(crate) use listen::{Difference, Listener, Listening};

use core::ffi::{CStr, c_int, c_uint, c_void};
use core::ptr::{self, NonNull};
use gasp_abi::{
    GASP_EXECUTE, GASP_RAM, GASP_READ, GASP_ROM, GASP_SET_ALL_OR_NOTHING, GASP_UNSUPPORTED_ABORT,
    GASP_UNSUPPORTED_FAIL, GASP_UNSUPPORTED_IGNORE, GASP_WRITE, QSL_NO_LOCATION, gasp_counts,
    gasp_cpu, gasp_region, gasp_region_flags as grf, gasp_span, gasp_trap_handler_t, guest_system,
    qvm_state_types as qst,
};

/// A space of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Space {
    /// Guest-physical memory.
    Memory = qst::QST_MEMORY as u16,
    /// x86 ports.
    Ports = qst::QST_X86_IO as u16,
}

impl Space {
    /// The space of a `QST_*` number, if it is the number of one.
    pub(crate) fn of(r#type: u16) -> Option<Self> {
        let is = |known: qst| r#type == known as u16;
        match () {
            () if is(qst::QST_MEMORY) || is(qst::QST_PCI_IO) => Some(Self::Memory),
            () if is(qst::QST_X86_IO) => Some(Self::Ports),
            () => None,
        }
    }

    /// Its `QST_*` number, as wide as functions take it.
    pub(crate) fn number(self) -> c_uint {
        c_uint::from(self as u16)
    }

    /// The last location.
    pub(crate) fn last(self) -> u64 {
        match self {
            Self::Memory => u64::MAX,
            Self::Ports => 0xffff,
        }
    }
}

/// What an access does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// The guest reads.
    Read = GASP_READ,
    /// The guest writes.
    Write = GASP_WRITE,
    /// The guest fetches an instruction.
    Execute = GASP_EXECUTE,
}

/// Kind of memory of [`Guest::add_memory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Memory {
    /// Everything is allowed.
    Ram = GASP_RAM,
    /// Writes are not.
    Rom = GASP_ROM,
}

/// What accesses to nothing do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub(crate) enum Unsupported {
    /// Reads give all ones, writes are dropped.
    #[default]
    Ignore = GASP_UNSUPPORTED_IGNORE,
    /// The access fails.
    Fail = GASP_UNSUPPORTED_FAIL,
    /// The process ends.
    Abort = GASP_UNSUPPORTED_ABORT,
}

/// The number that has all of these flags.
pub(crate) const fn flags<const N: usize>(flags: [grf; N]) -> u32 {
    let (mut number, mut at) = (0, 0);
    while at < N {
        number |= flags[at] as u32;
        at += 1;
    }
    number
}

/// A failure of libgasp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    /// The error number.
    pub(crate) errno: i32,
    /// libgasp's sentence.
    pub(crate) message: String,
}

fn check(code: c_int) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(last_error(code)) }
}

/// This thread's last failure; `errno` is its number.
fn last_error(errno: i32) -> Error {
    // SAFETY: no preconditions.
    let message = unsafe { gasp_abi::gasp_last_error() };
    // SAFETY: the string is valid until this thread's next call of the function.
    let message = unsafe { CStr::from_ptr(message) };
    Error { errno, message: message.to_string_lossy().into_owned() }
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A guest system of libgasp; destroyed when dropped.
#[derive(Debug)]
pub(crate) struct Guest(NonNull<guest_system>);

// SAFETY: libgasp's functions can be called from any thread.
unsafe impl Send for Guest {}
// SAFETY: as above.
unsafe impl Sync for Guest {}

impl Guest {
    /// A guest with two empty spaces.
    pub(crate) fn new() -> Result<Self, Error> {
        // SAFETY: NULL asks for the defaults.
        let guest = unsafe { gasp_abi::gasp_guest_create(ptr::null()) };
        NonNull::new(guest).map(Self).ok_or_else(|| last_error(errno()))
    }

    /// The handle that vdevs get.
    pub(crate) fn handle(&self) -> *mut guest_system {
        self.0.as_ptr()
    }

    /// Says that the guest has started.
    pub(crate) fn start(&self) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_guest_start(self.handle()) })
    }

    /// Gives the guest zeroed memory.
    pub(crate) fn add_memory(&self, location: u64, length: u64, kind: Memory) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe {
            gasp_abi::gasp_guest_add_memory(self.handle(), location, length, kind as c_uint, 0)
        })
    }

    /// Keeps searches for free space away from a range.
    pub(crate) fn reserve(&self, space: Space, location: u64, length: u64) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe {
            gasp_abi::gasp_guest_reserve(self.handle(), space.number(), location, length)
        })
    }

    /// The lowest free place.
    pub(crate) fn find_free(&self, space: Space, size: u64, align: u64) -> Result<u64, Error> {
        // SAFETY: the handle is a guest's.
        match unsafe { gasp_abi::gasp_find_free(self.handle(), space.number(), size, align) } {
            QSL_NO_LOCATION => Err(last_error(errno())),
            place => Ok(place),
        }
    }

    /// Makes changes, all or none.
    pub(crate) fn set(&self, regions: &[gasp_region]) -> Result<(), Error> {
        let count = c_uint::try_from(regions.len()).unwrap_or(c_uint::MAX);
        let (first, flags) = (regions.as_ptr(), GASP_SET_ALL_OR_NOTHING);
        // SAFETY: the handle is a guest's; the elements are there.
        check(unsafe {
            gasp_abi::gasp_guest_set(self.handle(), count, first, flags, ptr::null_mut())
        })
    }

    /// The cost of changes, all or none, for all listeners together.
    #[cfg(test)]
    pub(crate) fn dry_run(&self, regions: &[gasp_region]) -> Result<gasp_abi::gasp_cost, Error> {
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
    pub(crate) fn next(&self, space: Space, from: u64) -> Option<gasp_span> {
        let mut span = gasp_span::NONE;
        // SAFETY: the handle is a guest's; the span can be written.
        let code = unsafe {
            gasp_abi::gasp_guest_next(self.handle(), space.number(), from, &raw mut span)
        };
        (code == 0).then_some(span)
    }

    /// All regions of a space, in ascending order.
    pub(crate) fn spans(&self, space: Space) -> Vec<gasp_span> {
        let mut spans = Vec::new();
        let mut from = Some(0);
        while let Some(span) = from.and_then(|from| self.next(space, from)) {
            from = span.last.checked_add(1);
            spans.push(span);
        }
        spans
    }

    /// Reads what is behind a range, whatever the guest may do there.
    #[cfg(test)]
    pub(crate) fn read(&self, location: u64, data: &mut [u8]) -> Result<(), Error> {
        let (start, length) = (data.as_mut_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a guest's; the bytes can be written.
        check(unsafe { gasp_abi::gasp_guest_read(self.handle(), location, start, length) })
    }

    /// Writes what is behind a range, whatever the guest may do there.
    pub(crate) fn write(&self, location: u64, data: &[u8]) -> Result<(), Error> {
        let (start, length) = (data.as_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a guest's; the bytes can be read.
        check(unsafe { gasp_abi::gasp_guest_write(self.handle(), location, start, length) })
    }

    /// Says what accesses to nothing do.
    pub(crate) fn set_unsupported(&self, policy: Unsupported) -> Result<(), Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_guest_set_unsupported(self.handle(), policy as c_uint) })
    }

    /// Has a function called for each access that traps.
    ///
    /// # Safety
    /// The function can be called with this argument from any thread, as long as the guest is
    /// there.
    pub(crate) unsafe fn set_trap_handler(
        &self,
        handler: gasp_trap_handler_t,
        arg: *mut c_void,
    ) -> Result<(), Error> {
        // SAFETY: the handle is a guest's; the rest is the caller's promise.
        check(unsafe { gasp_abi::gasp_guest_set_trap_handler(self.handle(), handler, arg) })
    }

    /// How often accesses went where.
    pub(crate) fn counts(&self) -> gasp_counts {
        let mut counts = gasp_counts::default();
        // SAFETY: the handle is a guest's; the counts can be written.
        let _ = unsafe { gasp_abi::gasp_guest_counts(self.handle(), &raw mut counts) };
        counts
    }

    /// A vCPU.
    pub(crate) fn cpu(&self) -> Result<Cpu<'_>, Error> {
        // SAFETY: the handle is a guest's.
        let cpu = unsafe { gasp_abi::gasp_cpu_create(self.handle()) };
        let cpu = NonNull::new(cpu).ok_or_else(|| last_error(errno()))?;
        Ok(Cpu { cpu, _guest: self })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: the handle is a guest's, and nobody else has this value.
        unsafe { gasp_abi::gasp_guest_destroy(self.handle()) };
    }
}

/// A vCPU as libgasp knows it: one thread at a time makes accesses through it.
#[derive(Debug)]
pub(crate) struct Cpu<'g> {
    cpu: NonNull<gasp_cpu>,
    _guest: &'g Guest,
}

// SAFETY: one thread at a time is what `&mut self` says.
unsafe impl Send for Cpu<'_> {}

impl Cpu<'_> {
    /// The handle that trap handlers get.
    pub(crate) fn handle(&self) -> *mut gasp_cpu {
        self.cpu.as_ptr()
    }

    /// Makes an access as the guest would. The error is a bare number: this is the fast path.
    pub(crate) fn access(
        &mut self,
        space: Space,
        kind: Kind,
        location: u64,
        data: &mut [u8],
    ) -> Result<(), i32> {
        let (start, length) = (data.as_mut_ptr().cast::<c_void>(), data.len());
        // SAFETY: the handle is a vCPU's; the bytes can be read and written.
        let code = unsafe {
            gasp_abi::gasp_cpu_access(
                self.handle(),
                space.number(),
                kind as c_uint,
                location,
                start,
                length,
            )
        };
        if code == 0 { Ok(()) } else { Err(code) }
    }
}

impl Drop for Cpu<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is a vCPU's, and nobody else has this value.
        unsafe { gasp_abi::gasp_cpu_destroy(self.handle()) };
    }
}
