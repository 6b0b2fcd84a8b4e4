//! An access that goes straight to the handler, for every location: the cost of the two calls that are
//! part of every dispatch.

use crate::dispatch::{Access, Dispatch, Registered, export_dispatch};
use crate::export::{Peer, export};
use crate::run::Attrs;
use core::ffi::c_int;
use gasp_abi::gasp_region;

const NOWHERE: Attrs = Attrs { flags: 0, cookie: 0, vdev: 0, bias: 0 };

#[derive(Default)]
struct Direct(Registered);

impl Peer for Direct {
    fn find(&self, _location: u64) -> Option<(u64, Attrs)> {
        None
    }

    fn set(&self, _elements: &[gasp_region]) {}
}

impl Dispatch for Direct {
    fn registered(&self) -> &Registered {
        &self.0
    }

    #[inline(always)]
    fn access(&self, access: &Access) -> c_int {
        self.0.get().call(&NOWHERE, access)
    }
}

export!(Direct => peer_direct_create, peer_direct_destroy, peer_direct_set, peer_direct_info);
export_dispatch!(Direct => peer_direct_cpu_create, peer_direct_cpu_destroy,
                 peer_direct_set_trap_handler, peer_direct_cpu_access);
