//! Unsafe building blocks that need no operating system.

#![allow(unsafe_code)]

pub(crate) mod bytes;
pub(crate) mod latest;
pub(crate) mod prefetch;
