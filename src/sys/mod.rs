//! The operating system: memory, threads, fences, errno, and the end of the process.

#![allow(unsafe_code)]

pub(crate) mod acting;
pub(crate) mod failure;
#[cfg(target_arch = "x86_64")]
pub(crate) mod fault;
pub(crate) mod host_file;
pub(crate) mod mapping;
pub(crate) mod membarrier;
pub(crate) mod process;
pub(crate) mod thread;
pub(crate) mod thread_end;
