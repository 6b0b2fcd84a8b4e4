//! A function that runs when a thread ends.
//!
//! It is called by a key of the C library. A thread-local variable with a destructor would keep the
//! library from being unloaded; the key is deleted when that happens.

use super::failure::SystemError;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

const NO_KEY: u32 = 0;

/// The key plus 1, or [`NO_KEY`].
static KEY: AtomicU32 = AtomicU32::new(NO_KEY);

/// Called in each thread that called [`watch`] when it ends.
pub(crate) type AtEnd = unsafe extern "C" fn(*mut c_void);

/// Makes the key. All calls in the process must name the same function.
pub(crate) fn prepare(function: AtEnd) -> Result<(), SystemError> {
    if KEY.load(Relaxed) != NO_KEY {
        return Ok(());
    }
    let mut key = 0;
    // SAFETY: the key is this function's own. `forget` deletes it before the function is unloaded.
    match unsafe { libc::pthread_key_create(&raw mut key, Some(function)) } {
        0 => {}
        errno => return Err(SystemError::new("pthread_key_create", errno)),
    }
    // Another thread may have been faster.
    if KEY.compare_exchange(NO_KEY, key + 1, Relaxed, Relaxed).is_err() {
        // SAFETY: the key was just made, and no other code knows it.
        unsafe { libc::pthread_key_delete(key) };
    }
    Ok(())
}

/// Has the function called when this thread ends. Where the C library has no memory for that, the
/// process ends: nobody could wait for the thread.
pub(super) fn watch() {
    let Some(key) = KEY.load(Relaxed).checked_sub(1) else {
        return; // the process is ending
    };
    let not_null = ptr::from_ref(&KEY).cast();
    // SAFETY: the key exists; its value is never dereferenced.
    if unsafe { libc::pthread_setspecific(key, not_null) } != 0 {
        std::process::abort();
    }
}

/// Deletes the key, when the library is unloaded or the process exits.
extern "C" fn forget() {
    if let Some(key) = KEY.swap(NO_KEY, Relaxed).checked_sub(1) {
        // SAFETY: `prepare` made the key, and the swap lets only one call delete it.
        unsafe { libc::pthread_key_delete(key) };
    }
}

// SAFETY: the section holds pointers to functions without arguments.
#[unsafe(link_section = ".fini_array")]
#[used]
static FORGET: extern "C" fn() = forget;
