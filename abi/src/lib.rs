//! libgasp's C interface in Rust: types, constants and declarations, and nothing that acts.
//!
//! For vdevs and hosts written in Rust, for libgasp itself, and the one source of the C headers:
//! `tests/headers.rs` says which
//! file goes into which header. So the doc comments are written for C readers. Layouts and numbers are those that QNX's public
//! pages document for 7.1. What those pages leave open is marked "libgasp's own".
//!
//! The crate links nothing: a program chooses the shared or the static library itself.
//!
//! ```no_run
//! use gasp_abi::{GASP_RAM, gasp_guest_add_memory, gasp_guest_create, gasp_guest_destroy};
//!
//! // SAFETY: NULL asks for the default options; the handle is destroyed once, and then not used.
//! unsafe {
//!     let guest = gasp_guest_create(core::ptr::null());
//!     assert_eq!(gasp_guest_add_memory(guest, 0, 0x10_0000, GASP_RAM, 0), 0);
//!     gasp_guest_destroy(guest);
//! }
//! ```
//!
//! # Safety
//!
//! All functions are C functions, and rely on the same promises of their caller: a pointer is NULL,
//! or it is what its type and the function's comment say, for the duration of the call.

#![no_std]
// The names are C's.
#![allow(non_camel_case_types)]

mod change;
mod cpu;
mod gasp;
mod guest;
mod host;
mod layout;
mod log;
mod none;
mod text;
mod types;
mod vdev_core;

pub use change::*;
pub use cpu::*;
pub use gasp::*;
pub use guest::*;
pub use host::*;
pub use log::*;
pub use text::*;
pub use types::*;
pub use vdev_core::*;
