//! libgasp's C interface in Rust: types, constants and declarations, without code.
//!
//! It serves vdevs and hosts written in Rust, and libgasp itself. The C headers are generated from
//! it alone (`tests/headers.rs` has the list), so its doc comments are written for C readers.
//! Layouts and numbers are those of QNX's public pages for 7.1. "libgasp's own" marks the parts
//! that those pages leave open.
//!
//! The crate does not link libgasp: a program chooses the shared or the static library itself.
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
//! All functions are C functions, and rely on the same promise of their caller: for the duration
//! of the call, a pointer is NULL, or points to what its type and the function's comment require.

#![no_std]
// The names are C's.
#![allow(non_camel_case_types)]

mod abi;
mod acting;
mod change;
mod copy;
mod cpu;
mod gasp;
mod guest;
mod hold;
mod host;
mod layout;
mod memory;
mod none;
mod outpipe;
mod owner;
mod place;
mod text;
mod types;
mod utils;
mod vdev_core;
mod vdev_host;
mod vio;
mod vpci;
mod wdog;

pub use abi::*;
pub use acting::*;
pub use change::*;
pub use copy::*;
pub use cpu::*;
pub use gasp::*;
pub use guest::*;
pub use hold::*;
pub use host::*;
pub use memory::*;
pub use outpipe::*;
pub use owner::*;
pub use place::*;
pub use text::*;
pub use types::*;
pub use utils::*;
pub use vdev_core::*;
pub use vdev_host::*;
pub use vio::*;
pub use vpci::*;
pub use wdog::*;
