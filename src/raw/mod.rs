//! Unsafe building blocks that make no system call of their own.

#![allow(unsafe_code)]

pub(crate) mod bytes;
#[cfg_attr(not(target_arch = "x86_64"), path = "unguarded.rs")]
pub(crate) mod guarded;
pub(crate) mod latest;
pub(crate) mod owned_lock;
pub(crate) mod prefetch;
pub(crate) mod slots;
