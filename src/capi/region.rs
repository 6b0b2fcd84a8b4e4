//! `<qvm/gasp.h>`: locks, set and info.

use super::{args, ret};
use crate::abi::types::{gasp_region, qvm_state_block};
use crate::abi::vdev_core::guest_system;
use core::ffi::{c_int, c_uint};

/// Take the lock of a space for this thread, waiting for it if need be.
///
/// type: QST_MEMORY (QST_PCI_IO means the same) or QST_X86_IO. The lock is recursive, to a depth
/// of 65,535. Who wants both takes memory first, then ports. Queries and accesses do not wait for
/// the holder of a lock; changes do. A thread that ends with the lock held leaves it held.
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp or type (in strict mode
/// also QST_PCI_IO); EAGAIN recursion count exhausted; ENOMEM; EDEADLK waiting would never end,
/// because the holder waits, directly or through others, for a lock that this thread holds.
/// Threads: any. Source: QNX 7.1 (function, types); errors and recursion are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_lock(gsp: *mut guest_system, r#type: u16) -> c_int {
    ret::quick_code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.lock(r#type)
    })
}

/// Give back the lock of a space: once for each gasp_lock().
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp or type (in strict mode
/// also QST_PCI_IO); EPERM this thread does not hold the lock.
/// Threads: the one that holds the lock. Source: QNX 7.1; errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_unlock(gsp: *mut guest_system, r#type: u16) -> c_int {
    ret::quick_code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.unlock(r#type)
    })
}

/// Set regions; whatever goes wrong ends the process.
///
/// As gasp_region_set_soft(), under the locks of the spaces that the elements name, for code that
/// cannot go on without its regions. A failure prints one line on standard error, calls the
/// host's fatal handler if there is one (no lock is then held by this call), and ends the process
/// by _exit(): with 64 before the guest has started (and where gsp is bad), with 96 after.
///
/// Threads: any. Source: QNX 7.1; the message, the handler and the use of the exit codes are
/// libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_region_set(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
) {
    if num_regions == 0 {
        return;
    }
    ret::nothing(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp) }
            .unwrap_or_else(|error| crate::guest::fatal::die_without_guest(&error.into()));
        // SAFETY: the caller's promise about rgn is the one that `args::array` asks for.
        guest.set_or_die(unsafe { args::array(num_regions, rgn) });
        Ok(())
    });
}

/// Set regions: add, change, delete.
///
/// The elements are taken in order. Where flags is GRF_NONE, what is in the element's guest range
/// is deleted (holes stay holes). Otherwise each location of the range gets the element's flags,
/// cookie and vdev: absent ones are added, present ones changed. A change leaves the flags of
/// GRF_STICKY set and host memory in place: host_location counts only for locations that get
/// GRF_PASS_* or GRF_MEMORY and have nothing behind them yet. To put other memory behind a
/// range, delete and add it in one call. Regions are split and merged as needed: equal
/// neighbours always read as one region. guest.flags, GRF_ACTIVE and GRF_BACKUP_MASK are ignored.
///
/// rgn: array of num_regions elements. Memory ranges with GRF_PASS_* or GRF_MEMORY, and their
/// host_location, are multiples of 4096; ranges that only trap can start and end at any byte.
///
/// Returns num_regions, with errno unchanged. Or the index of the first element that was refused,
/// with errno set: the elements before it are in effect, it and those after it are not.
/// The whole call becomes visible at once in each space.
///
/// errno: EINVAL bad gsp, rgn, type, range, flags, alignment or host_location, or an edge inside
/// of a page of memory; EEXIST a range meets GRF_PRECIOUS; strict mode: EPERM guest started and
/// lock not held, ENOENT nothing there to delete, EINVAL more than one region in a range;
/// index 0 and nothing in effect: ENOMEM, EDEADLK, or the errno of a listener that refuses.
/// gasp_last_error() has the details.
///
/// Threads: any; without the lock the call takes it for its duration. To read and then change,
/// hold gasp_lock() around both. Source: QNX 7.1; the rules of overlap, backing and errors are
/// libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_region_set_soft(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
) -> c_uint {
    if num_regions == 0 {
        return 0;
    }
    ret::count(num_regions, || {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller's promise about rgn is the one that `args::array` asks for.
        guest.set(unsafe { args::array(num_regions, rgn) })
    })
}

/// Look up a region.
///
/// blk: where to look (location, length, type). *rgn becomes the longest run from blk->location
/// with equal attributes, cut to blk->length: guest.location is blk->location, flags has
/// GRF_ACTIVE and, under GRF_BACKUP_MASK, the rights saved when the region was trapped;
/// host_location is what is behind guest.location, or 0. blk may be &rgn->guest.
///
/// Returns EOK, or an error number (errno is not changed, *rgn not written): ENXIO nothing is at
/// that location; EINVAL NULL, bad gsp or type, length 0, a range past the end of the space.
/// Threads: any, no lock needed, never waits. Source: QNX 7.1; the clipping is as its published
/// delete loop needs it; the errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_region_info(
    gsp: *mut guest_system,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> c_int {
    // SAFETY: the caller's promises are those that `usual_info` asks for.
    let usual = unsafe { usual_info(gsp, blk, rgn) };
    ret::query(usual, move || {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
        let block = unsafe { args::block(blk, rgn)? };
        let region = guest.info(&block)?.to_c(&block);
        // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
        unsafe { rgn.write_unaligned(region) };
        Ok(())
    })
}

/// # Safety
/// See [`args`].
#[inline(always)]
unsafe fn usual_info(
    gsp: *mut guest_system,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> Option<()> {
    // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
    let guest = unsafe { args::guest(gsp).ok()? };
    // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
    let block = unsafe { args::block(blk, rgn).ok()? };
    let region = guest.usual_info(&block)?.to_c(&block);
    // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
    unsafe { rgn.write_unaligned(region) };
    Some(())
}
