//! `<gasp/host.h>`: what a VMM or a test harness needs beside QNX's interface.

use super::{args, ret};
use crate::abi::host::{gasp_fatal_handler_t, gasp_guest_options, gasp_span};
use crate::abi::vdev_core::guest_system;
use crate::{capi::handles, error};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// Make a guest: a memory space and a space of x86 ports, both empty.
///
/// options: NULL for the defaults, else size is sizeof(struct gasp_guest_options).
/// GASP_STRICT=1 in the environment makes the guest strict whatever the options say.
///
/// Returns the guest, or NULL with errno set: EINVAL size too small or unknown flags; E2BIG size
/// larger than this library knows, and something set in the part that it does not know; ENOMEM.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_create(
    options: *const gasp_guest_options,
) -> *mut guest_system {
    ret::pointer(|| {
        // SAFETY: the caller promises that options, unless NULL, points to `size` readable bytes.
        handles::create_guest(unsafe { args::options(options)? })
    })
}

/// Say that the guest has started: from now on a failed gasp_region_set() exits with 96, and
/// strict mode asks for locks.
///
/// Returns EOK, or an error number (errno is not changed): EALREADY, EINVAL.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_start(gsp: *mut guest_system) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.start()
    })
}

/// Destroy a guest and the memory that gasp_guest_add_memory() gave it. NULL, and a guest that is
/// destroyed already, are left alone.
///
/// The handle is recognised as destroyed (EINVAL everywhere) until 1,024 more guests have been
/// created.
/// Threads: any, but no other call on this guest may run at the same time. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_destroy(gsp: *mut guest_system) {
    ret::nothing(|| {
        // SAFETY: the caller promises that gsp is NULL or came from gasp_guest_create(), and that
        // no other call uses it now.
        unsafe { handles::destroy_guest(gsp) };
        Ok(())
    });
}

/// The last failure of a call in this thread, in one English sentence: what was asked, and why
/// it was refused. "" if nothing failed yet; a success leaves it as it is.
///
/// The string is valid until this thread calls gasp_last_error() again or ends.
/// Threads: any. Source: libgasp's own.
#[unsafe(no_mangle)]
pub extern "C" fn gasp_last_error() -> *const c_char {
    error::last::message()
}

/// Have a function called before a failed gasp_region_set() ends the process. It gets arg, the
/// exit code and the message. It may not return to the guest; if it returns, the process ends.
/// handler NULL: none.
///
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_set_fatal_handler(
    gsp: *mut guest_system,
    handler: gasp_fatal_handler_t,
    arg: *mut c_void,
) {
    ret::nothing(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that handler, unless NULL, can be called with arg.
        guest.set_fatal_handler(unsafe { args::fatal_handler(handler, arg) });
        Ok(())
    });
}

/// Keep gasp_find_free() and gasp_find_free_range() away from a range; nothing else changes.
///
/// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. location, length: in bytes or ports.
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, type or range; EEXIST
/// some of it is reserved already; ENOMEM.
/// Threads: any. Source: libgasp's own (qvm's `reserve` option).
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_reserve(
    gsp: *mut guest_system,
    r#type: c_uint,
    location: u64,
    length: u64,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.reserve(r#type, location, length)
    })
}

/// Give the guest memory: zeroed, and costing nothing until it is touched.
///
/// kind: GASP_RAM (MEMORY, PASS_ANY, DMA_SOURCE, DMA_TARGET) or GASP_ROM (MEMORY, PASS_RD,
/// PASS_EX, DMA_SOURCE), and GASP_LARGE_PAGES if large pages of the host are wanted. location and
/// length are multiples of 4096; length is 64-bit. chunk 0: contiguous in the host; else the memory
/// is made of pieces of chunk bytes (a multiple of 4096) of which no two neighbours are adjacent in
/// the host. The memory belongs to the guest until it is destroyed: a page that was deleted can be
/// added again by its host_location.
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, range, kind, chunk or
/// alignment; EEXIST something is there already; ENOMEM; EDEADLK as gasp_lock(), or from inside a
/// listener's function; the errno of a listener that refuses.
/// Threads: any, also after the guest has started. Source: libgasp's own (qvm's `ram` and `rom`).
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_add_memory(
    gsp: *mut guest_system,
    location: u64,
    length: u64,
    kind: c_uint,
    chunk: u64,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.add_memory(location, length, kind, chunk)
    })
}

/// The region that holds a location, or else the first one after it: whole, with 64-bit ends.
///
/// To list a space, start with from = 0 and go on with span->last + 1 until ENXIO, or until
/// span->last is the end of the space.
///
/// Returns EOK, or an error number (errno is not changed, *span not written): ENXIO no region
/// there or after; EINVAL bad gsp, type or from, span NULL.
/// Threads: any, no lock needed, never waits. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_next(
    gsp: *mut guest_system,
    r#type: c_uint,
    from: u64,
    span: *mut gasp_span,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that span, unless NULL, can be written.
        let span = unsafe { args::required_output("span", span)? };
        *span = guest.next_region(r#type, from)?.to_span();
        Ok(())
    })
}

/// Read guest memory as the host sees it: whatever is behind the locations, whether the guest may
/// read it or not. All of it or nothing.
///
/// Returns EOK, or an error number (errno is not changed, *data not written): ENXIO some location
/// has no memory behind it; EINVAL bad gsp, data NULL, a range past the end; ENOMEM. length 0 is EOK.
/// The locations are looked up at once: what is copied is behind them in one state of the map.
/// Threads: any, no lock needed. Bytes that somebody writes meanwhile may be old or new.
/// Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_read(
    gsp: *mut guest_system,
    location: u64,
    data: *mut c_void,
    length: usize,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that data points to `length` bytes that can be written.
        guest.read_memory(location, unsafe { args::buffer_mut(data, length)? })
    })
}

/// Write guest memory as the host sees it: whatever is behind the locations, whether the guest
/// may write it or not (ROM too). All of it or nothing.
///
/// Returns, threads and source: as gasp_guest_read().
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_write(
    gsp: *mut guest_system,
    location: u64,
    data: *const c_void,
    length: usize,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that data points to `length` bytes that can be read.
        guest.write_memory(location, unsafe { args::buffer(data, length)? })
    })
}
