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

pub mod abi;
pub mod capi;
mod cpu;
mod error;
mod fatal;
mod flags;
mod guest;
mod lock;
mod map;
mod range;
mod region;
mod registry;
mod runs;
mod space;
mod sys;
mod walk;
