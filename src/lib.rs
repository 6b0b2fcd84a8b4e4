//! libgasp: the guest physical address space of a QNX-style virtual machine, as a C library.
//!
//! ```text
//!   C          include/qvm/*.h, include/gasp/host.h      generated from abi and capi
//!   ──────────────────────────────────────────────
//!   capi       exported functions: convert, call, convert back
//!   registry   handles
//!   cpu        what an access does, and waiting until accesses have ended
//!   guest      the safe API: two spaces, set, find, gram, memory, mapping
//!   walk, runs walks over memory
//!   space      one space: lock, map, reservations
//!   map        which region is where; lock-free lookups
//!   region, flags, range   values
//!   ──────────────────────────────────────────────
//!   sys        memory and errno from the operating system
//! ```
//!
//! Each layer uses those below it. `unsafe` is in capi, registry, map/pool and sys only.
//! `ARCHITECTURE.md` is the longer story, `docs/specification.md` what is promised.

mod callback;
mod capi;
mod error;
mod guest;
mod map;
mod raw;
mod space;
mod sys;
mod value;
mod vcpu;
