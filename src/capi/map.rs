//! `<qvm/gasp.h>`: guest memory mapped into this process.

use super::{args, ret};
use crate::abi::vdev_core::{guest_system, vdev_t};
use core::ffi::{c_int, c_void};

/// Map guest memory for code that acts like the guest itself, such as virtual firmware.
///
/// prot: PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>, at least one; each needs the region's
/// GRF_PASS_*. GMF_MAP_ANY beside them admits memory that is not GRF_MEMORY. guest_paddr, length:
/// in bytes, of any alignment.
///
/// What is contiguous for the guest is contiguous here, even if it is made of several pieces in
/// the host; all views of it are coherent. The pointer stays valid, whatever happens to the
/// regions, until gasp_unmap() or the end of the guest.
///
/// Returns the address, or NULL with errno set: ENXIO a hole, a trapped location or one without
/// memory; EACCES rights missing; ENOTSUP not contiguous in the host, and not given by
/// gasp_guest_add_memory(); EINVAL bad gsp, prot or range; ENOMEM.
/// Threads: any, no lock needed. Source: QNX 7.0; errors, and the meaning of GMF_MAP_ANY, are
/// libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_map_sys(
    gsp: *mut guest_system,
    prot: c_int,
    guest_paddr: u64,
    length: usize,
) -> *mut c_void {
    ret::address(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.map_memory(prot, guest_paddr, length)
    })
}

/// Map guest memory for the DMA of a vdev: as gasp_map_sys(), for vdev->v_gsp.
///
/// QNX sends this through the guest's IOMMU; libgasp has none, so it reaches what the guest does.
///
/// Source: QNX 7.1; errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_map_vdma(
    vdev: *const vdev_t,
    prot: c_int,
    guest_paddr: u64,
    length: usize,
) -> *mut c_void {
    ret::address(|| {
        // SAFETY: the caller promises that vdev, unless NULL, points to a vdev.
        let guest = unsafe { args::guest_of_vdev(vdev)? };
        guest.map_memory(prot, guest_paddr, length)
    })
}

/// Map as much of a range as is contiguous in the host, for the DMA of a vdev.
///
/// In: *ppaddr the guest-physical address, *plength the most that is wanted. Out: *ppaddr the
/// address of it in this process (where QNX gives the host-physical one), *plength how much is
/// mapped; both unchanged on failure. Give back what *plength says.
///
/// Returns the address, or NULL with errno set as by gasp_map_sys().
/// Threads: any, no lock needed. Source: QNX 7.0; errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_map_contig(
    vdev: *const vdev_t,
    prot: c_int,
    ppaddr: *mut u64,
    plength: *mut usize,
) -> *mut c_void {
    ret::address(|| {
        // SAFETY: the caller promises that vdev, unless NULL, points to a vdev.
        let guest = unsafe { args::guest_of_vdev(vdev)? };
        // SAFETY: the caller promises that both, unless NULL, can be read and written.
        let paddr = unsafe { args::required_output("ppaddr", ppaddr)? };
        // SAFETY: as above.
        let plength = unsafe { args::required_output("plength", plength)? };
        let (address, length) = guest.map_contiguous(prot, *paddr, *plength)?;
        (*paddr, *plength) = (address, length);
        Ok(address)
    })
}

/// Give back what a map function returned: the same address and length. Anything else is left
/// alone (gasp_last_error() tells).
///
/// flush: 1 to flush the data cache; caches are coherent here, so it makes no difference.
/// Threads: any. Source: QNX 7.1.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_unmap(
    gsp: *mut guest_system,
    ptr: *const c_void,
    length: usize,
    flush: c_int,
) {
    let _coherent = flush;
    ret::nothing(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.unmap_memory(ptr.addr() as u64, length)
    });
}
