//! `<qvm/gasp.h>`: mappings of guest memory.

use super::{args, ret};
use core::ffi::{c_int, c_void};
use gasp_abi::{guest_system, vdev_t};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_map_sys(
    gsp: *mut guest_system,
    prot: c_int,
    guest_paddr: u64,
    length: usize,
) -> *mut c_void {
    ret::address(c"gasp_map_sys", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.map_memory(prot, guest_paddr, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_map_vdma(
    vdev: *const vdev_t,
    prot: c_int,
    guest_paddr: u64,
    length: usize,
) -> *mut c_void {
    ret::address(c"gasp_map_vdma", || {
        // SAFETY: promise 2.
        let guest = unsafe { args::guest_of_vdev(vdev)? };
        guest.map_memory(prot, guest_paddr, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_map_contig(
    vdev: *const vdev_t,
    prot: c_int,
    ppaddr: *mut u64,
    plength: *mut usize,
) -> *mut c_void {
    ret::address(c"gasp_map_contig", || {
        // SAFETY: promise 2.
        let guest = unsafe { args::guest_of_vdev(vdev)? };
        // SAFETY: promise 2.
        let paddr = unsafe { args::required_output("ppaddr", ppaddr)? };
        // SAFETY: promise 2.
        let plength = unsafe { args::required_output("plength", plength)? };
        let (address, length) = guest.map_contiguous(prot, *paddr, *plength)?;
        (*paddr, *plength) = (address, length);
        Ok(address)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_unmap(
    gsp: *mut guest_system,
    ptr: *const c_void,
    length: usize,
    flush: c_int,
) {
    let _coherent = flush;
    ret::nothing(c"gasp_unmap", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.unmap_memory(ptr.addr() as u64, length)
    });
}
