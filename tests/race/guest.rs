//! A guest through the C interface, and the regions that the tests make.

#![allow(unsafe_code)]

use gasp_abi::{
    GWS_HOST, gasp_region, gasp_span, gasp_walk_state, guest_system, qvm_state_block, vdev_t,
};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut, without_provenance_mut};

/// An address of host memory that is never touched.
pub(crate) const HOST: u64 = 1 << 44;

/// One space, and regions of it: the n-th starts at `n * stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    pub(crate) kind: u16,
    pub(crate) stride: u64,
    pub(crate) length: u32,
    pub(crate) flags: u32,
}

impl Space {
    pub(crate) fn region(&self, n: u64, cookie: u32) -> gasp_region {
        let location = n * self.stride;
        gasp_region {
            flags: self.flags,
            cookie,
            vdev: self.vdev(n, cookie),
            host_location: self.host(location),
            guest: self.block(location, self.length),
        }
    }

    /// The host of a location: the same in all regions, so that it stays when they change.
    pub(crate) fn host(&self, location: u64) -> u64 {
        if self.kind == 0 { HOST + location } else { 0 }
    }

    pub(crate) fn vdev(&self, n: u64, cookie: u32) -> *mut vdev_t {
        let number = n << 32 | u64::from(cookie);
        without_provenance_mut(usize::try_from(number).expect("a 64-bit system"))
    }

    pub(crate) fn hole(&self, n: u64) -> gasp_region {
        gasp_region { flags: 0, ..self.region(n, 0) }
    }

    /// A hole in place of all regions.
    pub(crate) fn everything(&self) -> gasp_region {
        let length = if self.kind == 0 { 0xffff_f000 } else { 0x1_0000 };
        gasp_region { guest: self.block(0, length), ..self.hole(0) }
    }

    fn block(&self, location: u64, length: u32) -> qvm_state_block {
        qvm_state_block { location, length, r#type: self.kind, flags: 0 }
    }
}

/// A guest.
#[derive(Debug)]
pub(crate) struct Guest(*mut guest_system);

// SAFETY: the functions may be called by any thread; destroying needs the owner.
unsafe impl Sync for Guest {}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: the guest is one of the library, and no other thread uses it any more.
        unsafe { gasp_abi::gasp_guest_destroy(self.0) };
    }
}

impl Guest {
    pub(crate) fn create() -> Self {
        // SAFETY: NULL means the defaults.
        let gsp = unsafe { gasp_abi::gasp_guest_create(null()) };
        assert!(!gsp.is_null());
        Self(gsp)
    }

    pub(crate) fn handle(&self) -> *mut guest_system {
        self.0
    }

    /// Waits until the accesses that have started have ended.
    pub(crate) fn synchronize(&self) {
        // SAFETY: the guest exists.
        assert_eq!(unsafe { gasp_abi::gasp_guest_synchronize(self.0) }, 0);
    }

    pub(crate) fn set(&self, regions: &[gasp_region]) {
        let count = u32::try_from(regions.len()).expect("not too many");
        // SAFETY: the guest exists, the array lives through the call and has so many elements.
        let done = unsafe { gasp_abi::gasp_region_set_soft(self.0, count, regions.as_ptr()) };
        assert_eq!(done, count);
    }

    pub(crate) fn info(&self, space: &Space, at: u64) -> Option<gasp_region> {
        let block = space.block(at, 1);
        let mut region = MaybeUninit::uninit();
        // SAFETY: the guest exists, the block can be read and the region written.
        let code = unsafe { gasp_abi::gasp_region_info(self.0, &block, region.as_mut_ptr()) };
        // SAFETY: after a success the region was written.
        (code == 0).then(|| unsafe { region.assume_init() })
    }

    /// The region at a location or after it; its length is 1 in any case.
    pub(crate) fn next(&self, space: &Space, from: u64) -> Option<gasp_region> {
        let mut span = MaybeUninit::<gasp_span>::uninit();
        // SAFETY: the guest exists, and the span can be written.
        let code = unsafe {
            gasp_abi::gasp_guest_next(self.0, space.kind.into(), from, span.as_mut_ptr())
        };
        // SAFETY: after a success the span was written.
        let span = (code == 0).then(|| unsafe { span.assume_init() })?;
        let gasp_span { location, last, host_location, vdev, flags, cookie } = span;
        assert!(last >= from && location <= last);
        Some(gasp_region { flags, cookie, vdev, host_location, guest: space.block(location, 1) })
    }

    pub(crate) fn find_free(&self, space: &Space, size: u64, align: u64) -> u64 {
        // SAFETY: the guest exists.
        unsafe { gasp_abi::gasp_find_free(self.0, space.kind.into(), size, align) }
    }

    /// The memory's entries: location, host's location, length.
    pub(crate) fn walk(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let mut state = gasp_walk_state {
            span: null_mut(),
            gsp: null_mut(),
            guest_loc: 0,
            host_loc: 0,
            length: 0,
            max_length: 0,
            flags: 0,
        };
        // SAFETY: the guest exists, and the state can be written.
        unsafe { gasp_abi::gasp_walk_init(&mut state, self.0, 0, GWS_HOST) };
        std::iter::from_fn(move || {
            // SAFETY: the state was initialised for a guest that exists.
            let more = unsafe { gasp_abi::gasp_walk_next(&mut state) } != 0;
            more.then_some((state.guest_loc, state.host_loc, state.length))
        })
    }

    pub(crate) fn walk_count(&self) -> u32 {
        // SAFETY: the guest exists.
        unsafe { gasp_abi::gasp_walk_count(self.0, 0, 0) }
    }

    /// Does something with the lock of a space held.
    pub(crate) fn locked(&self, space: &Space, action: impl FnOnce()) {
        // SAFETY: the guest exists.
        assert_eq!(unsafe { gasp_abi::gasp_lock(self.0, space.kind) }, 0);
        action();
        // SAFETY: as above.
        assert_eq!(unsafe { gasp_abi::gasp_unlock(self.0, space.kind) }, 0);
    }
}
