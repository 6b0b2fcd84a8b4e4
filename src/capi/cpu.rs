//! `<gasp/host.h>`: vCPUs, accesses, and waiting until they have ended.

use super::{args, ret};
use crate::abi::host::{gasp_backing, gasp_counts, gasp_quiet_function_t, gasp_trap_handler_t};
use crate::abi::types::{gasp_region, qvm_state_block};
use crate::abi::vdev_core::guest_system;
use crate::capi::handles::{self, gasp_cpu};
use crate::vcpu::{Policy, What};
use core::ffi::{c_int, c_uint, c_void};

/// Make a vCPU: the handle through which one thread at a time makes accesses.
///
/// Returns the vCPU, or NULL with errno set: EINVAL bad gsp; ENOMEM.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu {
    ret::pointer(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest_handle` asks for.
        handles::create_cpu(unsafe { args::guest_handle(gsp)? })
    })
}

/// Destroy a vCPU. NULL, and a vCPU that is destroyed already (as all of a guest's are with the
/// guest), are left alone. Its counts stay in the guest's.
///
/// Threads: any, but no other call on this vCPU may run at the same time. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_cpu_destroy(cpu: *mut gasp_cpu) {
    ret::nothing(|| {
        // SAFETY: the caller promises that cpu is NULL or came from gasp_cpu_create(), and that
        // no other call uses it now.
        unsafe { handles::destroy_cpu(cpu) };
        Ok(())
    });
}

/// Look up a region: as gasp_region_info(), but faster if it is the one that this vCPU looked up
/// last (by this or by an access) and nothing has changed since.
///
/// Returns as gasp_region_info(). Threads: one at a time for each vCPU. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_cpu_info(
    cpu: *mut gasp_cpu,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> c_int {
    // SAFETY: the caller's promises are those that `usual_info` asks for.
    let usual = unsafe { usual_info(cpu, blk, rgn) };
    ret::query(usual, move || {
        // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
        let (_, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
        let block = unsafe { args::block(blk, rgn)? };
        let region = cpu.info(&block)?.to_c(&block);
        // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
        unsafe { rgn.write_unaligned(region) };
        Ok(())
    })
}

/// # Safety
/// See [`args`].
#[inline(always)]
unsafe fn usual_info(
    cpu: *mut gasp_cpu,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> Option<()> {
    // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
    let (_, cpu) = unsafe { args::cpu(cpu).ok()? };
    // SAFETY: the caller's promises about blk and rgn are those that `args::block` asks for.
    let block = unsafe { args::block(blk, rgn).ok()? };
    let region = cpu.usual_info(&block)?.to_c(&block);
    // SAFETY: `args::block` refused NULL; the caller promises that rgn can be written.
    unsafe { rgn.write_unaligned(region) };
    Some(())
}

/// Make an access as the guest would.
///
/// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. kind: GASP_READ, GASP_WRITE or GASP_EXECUTE
/// (which reads). data: `length` bytes to be filled or written; location and length in bytes or
/// ports.
///
/// Where the region passes this kind of access, it goes to memory; 1, 2, 4 or 8 bytes at a
/// multiple of their number are read or written at once. Where it traps a read or a write, the
/// trap handler is called. Everything else goes where gasp_guest_set_unsupported() says: nothing
/// there, nothing allowed, no trap handler, and (as QNX has it) trapped fetches. An access over
/// several regions is cut at their boundaries, so that no device sees a byte that is not its own;
/// the pieces are made in ascending order, up to the first that fails.
///
/// An access that starts after a set call has returned never sees what that call removed.
///
/// Returns EOK, or an error number (errno is changed only by trap handlers): what the trap handler
/// returned; EFAULT
/// the access goes nowhere and the policy says so; ELOOP from inside a trap handler, for the same
/// vdev (where that is NULL: the same cookie), or 16 handlers deep; ENOTSUP a port that passes through; EINVAL bad cpu, type or kind,
/// data NULL, length 0, a range past the end of the space.
/// Threads: one at a time for each vCPU; also from inside its own trap handlers. Takes no lock.
/// Source: libgasp's own; the policies are QNX's.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_cpu_access(
    cpu: *mut gasp_cpu,
    r#type: c_uint,
    kind: c_uint,
    location: u64,
    data: *mut c_void,
    length: usize,
) -> c_int {
    ret::quick_code(|| {
        // SAFETY: the caller's promise about cpu is the one that `args::cpu` asks for.
        let (handle, cpu) = unsafe { args::cpu(cpu)? };
        // SAFETY: the caller promises that data points to `length` bytes that can be read and,
        // unless it is written from, written.
        let data = unsafe { args::buffer_mut(data, length)? };
        let access = args::access(r#type, What::from_c(kind)?, location, data)?;
        cpu.access(handle, &access)
    })
}

/// Have a function called for each access that traps, in the thread that makes the access.
/// handler NULL: there is none, and such accesses go where accesses to nothing go.
///
/// Accesses that are under way may still call the handler that was there before.
/// Returns EOK, or an error number (errno is not changed): EINVAL, ENOMEM. Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_set_trap_handler(
    gsp: *mut guest_system,
    handler: gasp_trap_handler_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that handler, unless NULL, can be called with arg.
        guest.set_trap_handler(unsafe { args::trap_handler(handler, arg) })
    })
}

/// Say what accesses to nothing do: GASP_UNSUPPORTED_IGNORE (at first), _FAIL or _ABORT.
///
/// Returns EOK or EINVAL. Threads: any. Source: QNX's `unsupported reference` option; the
/// function is libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_set_unsupported(
    gsp: *mut guest_system,
    policy: c_uint,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.set_policy(Policy::from_c(policy)?);
        Ok(())
    })
}

/// Wait until every access that has started has ended. After a set call has removed a region and
/// this has returned, no trap handler is running for it or will be: its vdev can be unloaded.
///
/// Returns EOK, or an error number (errno is not changed): EDEADLK from inside a trap handler of
/// this guest, or with the lock of one of its spaces held; EINVAL; ENOMEM.
/// Threads: any but those. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.synchronize()
    })
}

/// Have a function called once, when every access that has started has ended: at once, in this
/// thread, if there is none, else in a thread that ends one of them. As
/// gasp_guest_synchronize(), but without waiting, so it can be called from anywhere. The thread may
/// be inside of gasp_cpu_access(): fn must not destroy the guest or that vCPU.
///
/// Returns EOK, or an error number (errno is not changed; fn will not be called): EINVAL bad gsp,
/// fn NULL; ENOMEM.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_call_when_quiet(
    gsp: *mut guest_system,
    r#fn: gasp_quiet_function_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that fn, unless NULL, can be called with arg.
        guest.call_when_quiet(unsafe { args::once(r#fn, arg)? })
    })
}

/// How often the accesses of a guest went where, over all its vCPUs, those that were destroyed
/// included.
///
/// Returns EOK or EINVAL (*counts not written). Threads: any; accesses that are under way may be
/// counted or not. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_counts(
    gsp: *mut guest_system,
    counts: *mut gasp_counts,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that counts, unless NULL, can be written.
        *unsafe { args::required_output("counts", counts)? } = guest.counts();
        Ok(())
    })
}

/// Where the memory behind a location came from: for those who share it with another process
/// (vhost-user) or a device (VFIO).
///
/// Returns EOK, or an error number (errno is not changed, *backing not written): ENXIO nothing
/// is behind the location; ENOTSUP it is memory of the caller's own; EINVAL.
/// Threads: any. Source: libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_guest_backing(
    gsp: *mut guest_system,
    location: u64,
    backing: *mut gasp_backing,
) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: the caller promises that backing, unless NULL, can be written.
        let backing = unsafe { args::required_output("backing", backing)? };
        *backing = guest.backing(location)?;
        Ok(())
    })
}
