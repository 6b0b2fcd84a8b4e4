//! Files that the host brings as guest memory: memory files, files, hugetlbfs, dma-bufs.

use super::failure::SystemError;
use super::mapping::PAGE;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A duplicate of a descriptor of the host. It stays open until this is dropped.
#[derive(Debug)]
pub(crate) struct HostFile {
    descriptor: OwnedFd,
    /// In bytes. Mappings of the file consist of such pages.
    pub(crate) page_size: u64,
    /// The size of a regular file; other files need not have one.
    pub(crate) size: Option<u64>,
    id: Id,
}

/// What two descriptors of one file have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id {
    device: u64,
    inode: u64,
    access: c_int,
    /// Only regular files are known by device and inode.
    is_regular: bool,
}

impl HostFile {
    /// Duplicates a descriptor.
    pub(crate) fn duplicate(file: c_int) -> Result<Self, SystemError> {
        // SAFETY: the call fails for a bad descriptor, and changes none.
        let copy = unsafe { libc::fcntl(file, libc::F_DUPFD_CLOEXEC, 0) };
        if copy < 0 {
            return Err(SystemError::last("fcntl"));
        }
        // SAFETY: the descriptor was just made, and no other code owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(copy) };
        let (id, size) = identify(copy)?;
        Ok(Self {
            descriptor,
            page_size: page_size(copy)?,
            size: size.filter(|_| id.is_regular),
            id,
        })
    }

    /// The descriptor.
    pub(crate) fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
    }

    /// Whether this is certainly the same file, with the same rights.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.id.is_regular && self.id == other.id
    }
}

fn identify(file: c_int) -> Result<(Id, Option<u64>), SystemError> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the structure can be written.
    if unsafe { libc::fstat(file, status.as_mut_ptr()) } != 0 {
        return Err(SystemError::last("fstat"));
    }
    // SAFETY: the call has filled it.
    let status = unsafe { status.assume_init() };
    // SAFETY: the call only reads the flags of a descriptor.
    let flags = unsafe { libc::fcntl(file, libc::F_GETFL) };
    if flags < 0 {
        return Err(SystemError::last("fcntl"));
    }
    let id = Id {
        device: status.st_dev,
        inode: status.st_ino,
        access: flags & libc::O_ACCMODE,
        is_regular: status.st_mode & libc::S_IFMT == libc::S_IFREG,
    };
    Ok((id, u64::try_from(status.st_size).ok()))
}

/// The size of the pages of a file: large ones in hugetlbfs.
fn page_size(file: c_int) -> Result<u64, SystemError> {
    let mut system = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the structure can be written.
    if unsafe { libc::fstatfs(file, system.as_mut_ptr()) } != 0 {
        return Err(SystemError::last("fstatfs"));
    }
    // SAFETY: the call has filled it.
    let system = unsafe { system.assume_init() };
    let large = u64::try_from(system.f_bsize).ok();
    let is_large = system.f_type == libc::HUGETLBFS_MAGIC;
    Ok(large.filter(|size| is_large && size.is_power_of_two()).unwrap_or(PAGE as u64))
}
