//! Shared objects and their functions.

use crate::error::Error;
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A loaded shared object. It stays loaded until the process ends.
#[derive(Debug)]
pub struct Library {
    path: PathBuf,
    handle: NonNull<c_void>,
}

impl Library {
    /// Load a file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = CString::new(path.as_os_str().as_bytes());
        let name = name.map_err(|_| Error::Library { reason: "a NUL in its name".into() })?;
        // SAFETY: `name` is a C string; the user chose the library, whose constructors run.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let handle = NonNull::new(handle).ok_or_else(|| Error::Library { reason: last_error() })?;
        Ok(Self { path: path.to_owned(), handle })
    }

    /// The address of a function, if there is one of that name.
    pub fn find(&self, name: &str) -> Option<NonNull<c_void>> {
        let name = CString::new(name).ok()?;
        // SAFETY: the handle is that of a loaded object, `name` is a C string.
        NonNull::new(unsafe { libc::dlsym(self.handle.as_ptr(), name.as_ptr()) })
    }

    /// The address of a function that must be there.
    pub fn function(&self, name: &str) -> Result<NonNull<c_void>, Error> {
        let missing = || Error::Symbol { path: self.path.clone(), name: name.to_owned() };
        self.find(name).ok_or_else(missing)
    }
}

fn last_error() -> String {
    // SAFETY: it takes no arguments and returns NULL or a C string.
    let Some(text) = NonNull::new(unsafe { libc::dlerror() }) else {
        return "cannot be loaded".into();
    };
    // SAFETY: the string is valid until the next call of this thread to the loader.
    unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned()
}
