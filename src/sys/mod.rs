//! What needs the operating system: memory from the kernel, and the process's own ends.

#![allow(unsafe_code)]

pub(crate) mod mapping;
pub(crate) mod membarrier;
pub(crate) mod process;
