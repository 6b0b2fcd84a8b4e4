//! libgasp: the guest physical address space of a QNX-style virtual machine, as a C library.
//!
//! `ARCHITECTURE.md` has the layers and the design, `docs/specification.md` the promises to callers.

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
