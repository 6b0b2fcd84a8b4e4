//! Peers of libgasp, re-created small, in one shared object of their own.
//!
//! Every design is reached by four C functions named `peer_<design>_create`, `_destroy`, `_set` and
//! `_info`, with the signatures of `gasp_guest_create`, `gasp_guest_destroy`,
//! `gasp_region_set_soft` and `gasp_region_info`; so a call costs the same for them and for
//! libgasp. A lookup copies a whole `gasp_region` out, clipped as libgasp clips it. A set adds,
//! changes and deletes with splitting, and merges equal neighbours.
//!
//! Those that devices can be reached through have four more, `_cpu_create`, `_cpu_destroy`,
//! `_set_trap_handler` and `_cpu_access` (see [`dispatch`]), with the signatures of libgasp's.
//!
//! So that no ratio flatters libgasp, the peers do less: they check no arguments, keep no error text,
//! and take an element's attributes as they are (libgasp keeps sticky flags and host memory).
//!
//! | module | design |
//! |---|---|
//! | [`empty`] | nothing at all: the cost of the call and the harness |
//! | [`direct`] | an access that calls the handler at once: a dispatch without a map |
//! | [`plain`] | a sorted array without synchronisation: a floor, nothing to build a VMM on |
//! | [`btree`] | `BTreeMap` under a `std` Mutex and under a parking_lot RwLock |
//! | [`range_map`] | the crate `rangemap` under a parking_lot RwLock |
//! | [`vm_memory`] | the crate `vm-memory`: `GuestMemoryAtomic` over a collection of regions |
//! | [`cloud`], [`crosvm`], [`firecracker`] | the `Bus` of three VMMs |
//! | [`qemu`] | QEMU's radix tree of sections, rebuilt by every change |
//!
//! The VMM shapes are written from descriptions (`docs/performance.md` says of which version); they
//! are not the originals.

mod btree;
mod bus;
mod cloud;
mod crosvm;
mod direct;
mod dispatch;
mod empty;
mod export;
mod firecracker;
mod flat;
mod ordered;
mod plain;
mod qemu;
mod radix;
mod range_map;
mod run;
mod vm_memory;

#[cfg(test)]
mod tests;
