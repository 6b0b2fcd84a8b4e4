//! The factory that a plugin registered: checked once, then read as ordinary values.

#![allow(unsafe_code)]

use core::ffi::{CStr, c_char, c_int, c_uint};
use gasp_abi::{vdev_factory, vdev_factory_flags as vff, vdev_t};

/// The first character of the name of an option without an argument.
const NO_ARGUMENT: char = '0';

/// The function that is told of each step of a vdev's life.
type Control = unsafe extern "C" fn(*mut vdev_t, c_uint, *const c_char) -> c_int;

/// A plugin's factory. It lives as long as the process and does not change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factory(&'static vdev_factory);

// SAFETY: the factory and its parts do not change; its functions may be called from any thread.
unsafe impl Send for Factory {}
// SAFETY: as above.
unsafe impl Sync for Factory {}

impl Factory {
    /// Checks a factory. The error says why gasp-vm cannot use it.
    pub(crate) fn new(factory: &'static vdev_factory) -> Result<Self, String> {
        if factory.control.is_none() {
            return Err("its factory has no control function".into());
        }
        // SAFETY: it points to the functions of a controller, or is NULL.
        let pic = unsafe { factory.pic.as_ref() };
        if pic.is_some_and(|pic| pic.signal.is_none()) {
            return Err("its interrupt controller has no signal function".into());
        }
        Ok(Self(factory))
    }

    /// The factory for C.
    pub(crate) fn pointer(self) -> *const vdev_factory {
        self.0
    }

    /// The name of its vdevs; `None`: the name of the file.
    pub(crate) fn name(self) -> Option<String> {
        // SAFETY: it points to a string, or is NULL.
        (!self.0.name.is_null()).then(|| unsafe { text(self.0.name) })
    }

    /// Its options: names, and whether each takes an argument.
    pub(crate) fn options(self) -> Vec<(String, bool)> {
        let mut options = Vec::new();
        let mut entry = self.0.option_list;
        // SAFETY: it points to an array with NULL at the end, or is NULL.
        while let Some(&name) = unsafe { entry.as_ref() } {
            if name.is_null() {
                break;
            }
            // SAFETY: it points to a string.
            let name = unsafe { text(name) };
            options.push(match name.strip_prefix(NO_ARGUMENT) {
                Some(name) => (name.to_owned(), false),
                None => (name, true),
            });
            entry = entry.wrapping_add(1);
        }
        options
    }

    /// Whether a flag is set or, for a flag of several bits, any of the bits.
    pub(crate) fn has(self, flag: vff) -> bool {
        self.0.factory_flags & flag as c_uint != 0
    }

    /// Whether its vdevs can be in this kind of place. Without any such flag they can be in each.
    pub(crate) fn can_be(self, flag: vff) -> bool {
        self.has(flag) || !self.has(vff::VFF_VDEV_LOC_TYPES)
    }

    /// The number of bytes of private data of each vdev.
    pub(crate) fn extra_space(self) -> usize {
        self.0.extra_space as usize
    }

    /// The control function; [`Factory::new`] has checked that there is one.
    pub(crate) fn control(self) -> Option<Control> {
        self.0.control
    }
}

/// # Safety
/// It points to a string.
unsafe fn text(string: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}
