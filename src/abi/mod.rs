//! What C sees: the structures and constants of the public headers, and nothing that acts.
//!
//! Each file here is the source of one generated header (`tests/headers.rs` says which); the
//! doc comments are written for C readers because they end up there. Layouts and numbers are
//! those that QNX's public pages document for 7.1. What those pages leave open is marked
//! "libgasp's own".

// The names are C's.
#![allow(non_camel_case_types)]

pub mod change;
pub mod guest;
pub mod host;
pub mod log;
pub mod types;
pub mod vdev_core;
pub mod walk;

mod layout;
