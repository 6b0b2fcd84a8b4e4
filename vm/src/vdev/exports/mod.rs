//! What plugins call. The headers' prototypes and their comments are generated from these files
//! (`tests/headers.rs`); `vdev-symbols.list` has the names that the program exports.
//!
//! Each function checks what it can and calls one function of another module. Those with "..."
//! are in `c/log.c`.

#![allow(unsafe_code)]

mod guest;
mod register;
mod transfer;
mod write;
