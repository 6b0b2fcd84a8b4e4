//! System calls that failed.

#![forbid(unsafe_code)]

use super::process;
use core::ffi::c_int;
use core::fmt;

/// There is no memory for an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

/// A system call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SystemError {
    call: &'static str,
    errno: c_int,
}

impl SystemError {
    /// The failure of `call` that this thread's errno describes.
    pub(super) fn last(call: &'static str) -> Self {
        Self::new(call, process::errno())
    }

    /// A failure of `call` with a known number.
    pub(super) fn new(call: &'static str, errno: c_int) -> Self {
        Self { call, errno }
    }

    /// The error number.
    pub(crate) fn errno(&self) -> c_int {
        self.errno
    }

    /// The limit that most likely was reached.
    fn limit(&self) -> Option<&'static str> {
        match (self.call, self.errno) {
            ("memfd_create", libc::EMFILE) => Some("RLIMIT_NOFILE"),
            ("memfd_create", libc::ENFILE) => Some("fs.file-max"),
            ("memfd_create", libc::EACCES) => Some("vm.memfd_noexec"),
            ("ftruncate", libc::EFBIG) => Some("RLIMIT_FSIZE"),
            ("mmap", libc::ENOMEM) => Some("the address space, RLIMIT_AS or vm.max_map_count"),
            ("mmap", libc::EAGAIN) => Some("RLIMIT_MEMLOCK"),
            ("pthread_key_create", libc::EAGAIN) => Some("PTHREAD_KEYS_MAX"),
            (_, libc::EPERM | libc::ENOSYS) => Some("a sandbox or an old kernel"),
            _ => None,
        }
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = std::io::Error::from_raw_os_error(self.errno);
        write!(f, "the system call {} failed: {reason}", self.call)?;
        match self.limit() {
            Some(limit) => write!(f, "; the limit may be {limit}"),
            None => Ok(()),
        }
    }
}
