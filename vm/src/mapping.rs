//! Memory of this process that `pass` gives to a guest.

#![allow(unsafe_code)]

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::{fmt, io};

/// Why a file cannot be mapped.
#[derive(Debug)]
pub(crate) enum MappingError {
    /// Part of the range is past the end of the file.
    TooShort,
    /// The operating system refused.
    Os(io::Error),
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("too short"),
            Self::Os(error) => error.fmt(f),
        }
    }
}

/// A range of this process's memory; unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    /// Zeroed private memory.
    pub(crate) fn zeroed(length: u64) -> Result<Self, MappingError> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Self::map(length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
    }

    /// A part of a file. If it is writable, writes go to the file. If it is not, a regular file is
    /// mapped as a private copy, because `load` may write to it and a vdev may add rights; a device
    /// is mapped read-only.
    pub(crate) fn of_file(
        path: &Path,
        offset: u64,
        length: u64,
        writable: bool,
    ) -> Result<Self, MappingError> {
        let open = OpenOptions::new().read(true).write(writable).open(path);
        let file = open.map_err(MappingError::Os)?;
        long_enough(&file, offset, length)?;
        let copied = !writable && file.metadata().is_ok_and(|about| about.is_file());
        let write = if writable || copied { libc::PROT_WRITE } else { 0 };
        let sharing = if copied { libc::MAP_PRIVATE } else { libc::MAP_SHARED };
        let offset = i64::try_from(offset).map_err(|_| MappingError::TooShort)?;
        let fd = file.as_raw_fd();
        Self::map(length, libc::PROT_READ | write, sharing, fd, offset)
    }

    fn map(length: u64, rights: i32, flags: i32, fd: i32, at: i64) -> Result<Self, MappingError> {
        let too_long = |_| MappingError::Os(io::Error::from_raw_os_error(libc::ENOMEM));
        let length = usize::try_from(length).map_err(too_long)?;
        // SAFETY: the system chooses a place where nothing is.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, rights, flags, fd, at) };
        match NonNull::new(start) {
            Some(start) if start.as_ptr() != libc::MAP_FAILED => Ok(Self { start, length }),
            _ => Err(MappingError::Os(io::Error::last_os_error())),
        }
    }

    /// Its first address.
    pub(crate) fn start(&self) -> u64 {
        u64::try_from(self.start.as_ptr().addr()).unwrap_or(0)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by mmap with this length; its owner drops it after the guest.
        unsafe { libc::munmap(self.start.as_ptr(), self.length) };
    }
}

/// Access past the end of a mapped regular file raises SIGBUS, so the length is checked first.
fn long_enough(file: &File, offset: u64, length: u64) -> Result<(), MappingError> {
    let about = file.metadata().map_err(MappingError::Os)?;
    match offset.checked_add(length) {
        Some(end) if !about.is_file() || end <= about.len() => Ok(()),
        _ => Err(MappingError::TooShort),
    }
}
