//! Empty values of C structures for Rust; C has `{0}`.

use crate::{gasp_cost, gasp_span};

impl gasp_cost {
    /// The cost of a change for no listener: 0, without a limit.
    pub const NOTHING: Self = Self { slots: 0, slots_left: u64::MAX, ioctls: 0 };
}

impl gasp_span {
    /// The span that stands for "no region".
    pub const NONE: Self = Self {
        location: 0,
        last: 0,
        host_location: 0,
        vdev: core::ptr::null_mut(),
        flags: 0,
        cookie: 0,
    };
}
