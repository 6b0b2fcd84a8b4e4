//! Accesses that reach a device: the C functions of the designs that have them.
//!
//! As libgasp's, they end in a handler in C, which is told the region, the location and the data. A
//! vCPU is the map itself here: these designs keep nothing for one.

use crate::export::{EOK, Peer};
use crate::run::Attrs;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{gasp_trap, gasp_trap_handler_t, vdev_t};
use std::sync::OnceLock;

/// An access, as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) cpu: *mut c_void,
    pub(crate) space: c_uint,
    pub(crate) kind: c_uint,
    pub(crate) location: u64,
    pub(crate) data: *mut c_void,
    pub(crate) length: usize,
}

/// The handler and its argument. Every device has a copy, set when it is plugged in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target {
    handler: gasp_trap_handler_t,
    arg: usize,
}

impl Target {
    /// Call the handler with an access to a device.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) fn call(self, attrs: &Attrs, access: &Access) -> c_int {
        let Some(handler) = self.handler else { return EOK };
        let trap = gasp_trap {
            vdev: attrs.vdev as *mut vdev_t,
            location: access.location,
            data: access.data,
            length: access.length,
            cookie: attrs.cookie,
            kind: access.kind as u16,
            r#type: access.space as u16,
        };
        // SAFETY: the handler's registration promised that it can be called with this argument; the
        // trap outlives the call.
        unsafe { handler(self.arg as *mut c_void, access.cpu.cast(), &raw const trap) }
    }
}

/// A map's handler. It has to be set before the first region.
#[derive(Debug, Default)]
pub(crate) struct Registered(OnceLock<Target>);

impl Registered {
    pub(crate) fn get(&self) -> Target {
        self.0.get().copied().unwrap_or_default()
    }
}

/// A design that devices can be reached through.
pub(crate) trait Dispatch: Peer {
    /// Where the handler is kept.
    fn registered(&self) -> &Registered;

    /// Make an access; `EOK` without one where nothing is.
    fn access(&self, access: &Access) -> c_int;
}

/// The body of `peer_<design>_set_trap_handler`.
///
/// # Safety
/// `map` came from `create::<D>` and lives.
#[allow(unsafe_code)]
pub(crate) unsafe fn set_trap_handler<D: Dispatch>(
    map: *mut c_void,
    handler: gasp_trap_handler_t,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that the map lives; it is only ever borrowed shared.
    let peer = unsafe { &*map.cast::<D>() };
    let target = Target { handler, arg: arg as usize };
    c_int::from(peer.registered().0.set(target).is_err())
}

/// The body of `peer_<design>_cpu_access`.
///
/// # Safety
/// `access.cpu` is a map that came from `create::<D>` and lives.
#[allow(unsafe_code)]
#[inline(always)]
pub(crate) unsafe fn access<D: Dispatch>(access: &Access) -> c_int {
    // SAFETY: the caller promises that the map lives; it is only ever borrowed shared.
    let peer = unsafe { &*access.cpu.cast::<D>() };
    peer.access(access)
}

/// Exports a design's accesses under the four names given.
macro_rules! export_dispatch {
    ($peer:ty => $create:ident, $destroy:ident, $set_handler:ident, $access:ident) => {
        #[allow(unsafe_code)]
        #[allow(missing_docs)] // The crate's own comment describes all functions of these names.
        mod exported_dispatch {
            use super::*;
            use core::ffi::{c_int, c_uint, c_void};
            use gasp_abi::gasp_trap_handler_t;

            #[unsafe(no_mangle)]
            extern "C" fn $create(map: *mut c_void) -> *mut c_void {
                map
            }

            #[unsafe(no_mangle)]
            extern "C" fn $destroy(_cpu: *mut c_void) {}

            #[unsafe(no_mangle)]
            unsafe extern "C" fn $set_handler(
                map: *mut c_void,
                handler: gasp_trap_handler_t,
                arg: *mut c_void,
            ) -> c_int {
                // SAFETY: the caller's promises are those asked for.
                unsafe { $crate::dispatch::set_trap_handler::<$peer>(map, handler, arg) }
            }

            #[unsafe(no_mangle)]
            unsafe extern "C" fn $access(
                cpu: *mut c_void,
                space: c_uint,
                kind: c_uint,
                location: u64,
                data: *mut c_void,
                length: usize,
            ) -> c_int {
                let access = $crate::dispatch::Access { cpu, space, kind, location, data, length };
                // SAFETY: the caller's promises are those asked for.
                unsafe { $crate::dispatch::access::<$peer>(&access) }
            }
        }
    };
}
pub(crate) use export_dispatch;
