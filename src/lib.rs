//! libgasp: the guest physical address space of a QNX-style virtual machine, as a C library.
//!
//! ```text
//!   capi       the exported C functions: convert, call, convert back; handles
//!   vcpu       a guest with its vCPUs: accesses, grace periods
//!   guest      the safe API: set, find, walk, memory, mappings, listeners
//!   space      one space: lock, map, reservations
//!   map        the regions of a space; lock-free lookups
//!   error      why a call failed
//!   callback   functions of the host
//!   raw        unsafe building blocks
//!   value      locations, ranges, flags, regions
//!   sys        the operating system
//!   gasp-abi   a crate of its own: C types and declarations, the source of include/
//! ```
//!
//! Each layer uses only those below it. `unsafe` is in capi, callback, map/pool, raw and sys.
//! `ARCHITECTURE.md` explains the design, `docs/specification.md` has the promises to callers.

mod callback;
mod capi;
mod error;
mod guest;
mod map;
mod raw;
mod space;
mod sync;
mod sys;
mod value;
mod vcpu;
