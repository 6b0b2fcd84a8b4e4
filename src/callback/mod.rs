//! Functions of the host that the library calls.

#![allow(unsafe_code)]

pub(crate) mod listener;
pub(crate) mod trap;
