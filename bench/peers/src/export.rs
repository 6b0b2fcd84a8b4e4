//! The C functions of a design: the only place of this crate that meets C's pointers.

use crate::run::{Attrs, answer};
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{gasp_region, qvm_state_block};
use libc::ENXIO;

/// The answer of a call that succeeded.
pub(crate) const EOK: c_int = 0;

/// A design: shared by threads, so it synchronises itself (where it says that it does).
pub(crate) trait Peer: Default + Sync {
    /// The last location and the attributes of the region that holds `location`, copied out.
    fn find(&self, location: u64) -> Option<(u64, Attrs)>;

    /// Apply the elements in order.
    fn set(&self, elements: &[gasp_region]);
}

/// The body of `peer_<design>_create`.
pub(crate) fn create<P: Peer>() -> *mut c_void {
    Box::into_raw(Box::new(P::default())).cast()
}

/// The body of `peer_<design>_destroy`.
///
/// # Safety
/// `map` came from `create::<P>`, and this is its last use.
#[allow(unsafe_code)]
pub(crate) unsafe fn destroy<P: Peer>(map: *mut c_void) {
    // SAFETY: the caller promises that this is the box that `create` gave away.
    drop(unsafe { Box::from_raw(map.cast::<P>()) });
}

/// The body of `peer_<design>_set`.
///
/// # Safety
/// `map` came from `create::<P>` and lives; `regions` points to `n` elements.
#[allow(unsafe_code)]
pub(crate) unsafe fn set<P: Peer>(
    map: *mut c_void,
    n: c_uint,
    regions: *const gasp_region,
) -> c_uint {
    // SAFETY: the caller promises that the map lives; it is only ever borrowed shared.
    let peer = unsafe { &*map.cast::<P>() };
    // SAFETY: the caller promises `n` elements.
    peer.set(unsafe { core::slice::from_raw_parts(regions, n as usize) });
    n
}

/// The body of `peer_<design>_info`.
///
/// # Safety
/// `map` came from `create::<P>` and lives; `block` and `region` point to their types.
#[allow(unsafe_code)]
#[inline(always)]
pub(crate) unsafe fn info<P: Peer>(
    map: *mut c_void,
    block: *const qvm_state_block,
    region: *mut gasp_region,
) -> c_int {
    // SAFETY: the caller promises that the map lives; it is only ever borrowed shared.
    let peer = unsafe { &*map.cast::<P>() };
    // SAFETY: the caller promises a readable block.
    let block = unsafe { *block };
    let Some((last, attrs)) = peer.find(block.location) else { return ENXIO };
    // SAFETY: the caller promises a writable region.
    unsafe { region.write(answer(last, &attrs, &block)) };
    EOK
}

/// Exports a design under the four names given.
macro_rules! export {
    ($peer:ty => $create:ident, $destroy:ident, $set:ident, $info:ident) => {
        #[allow(unsafe_code)]
        #[allow(missing_docs)] // The crate's own comment describes all functions of these names.
        mod exported {
            use super::*;
            use core::ffi::{c_int, c_uint, c_void};
            use gasp_abi::{gasp_region, qvm_state_block};

            #[unsafe(no_mangle)]
            extern "C" fn $create(_options: *const c_void) -> *mut c_void {
                $crate::export::create::<$peer>()
            }

            #[unsafe(no_mangle)]
            unsafe extern "C" fn $destroy(map: *mut c_void) {
                // SAFETY: the caller's promise is the one asked for.
                unsafe { $crate::export::destroy::<$peer>(map) }
            }

            #[unsafe(no_mangle)]
            unsafe extern "C" fn $set(
                map: *mut c_void,
                n: c_uint,
                regions: *const gasp_region,
            ) -> c_uint {
                // SAFETY: the caller's promises are those asked for.
                unsafe { $crate::export::set::<$peer>(map, n, regions) }
            }

            #[unsafe(no_mangle)]
            unsafe extern "C" fn $info(
                map: *mut c_void,
                block: *const qvm_state_block,
                region: *mut gasp_region,
            ) -> c_int {
                // SAFETY: the caller's promises are those asked for.
                unsafe { $crate::export::info::<$peer>(map, block, region) }
            }
        }
    };
}
pub(crate) use export;
