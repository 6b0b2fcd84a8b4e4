//! The lock of a space.

#![allow(unsafe_code)]

use super::guest::{Error, Guest, check};
use super::numbers::Space;
use core::marker::PhantomData;

/// The lock of a space, held by this thread until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Locked<'g> {
    guest: &'g Guest,
    space: Space,
    /// Only the thread that took the lock can release it.
    thread: PhantomData<*const ()>,
}

impl Guest {
    /// Waits for the lock of a space, and takes it. Until it is released no other thread changes the
    /// space.
    pub fn lock(&self, space: Space) -> Result<Locked<'_>, Error> {
        // SAFETY: the handle is a guest's.
        check(unsafe { gasp_abi::gasp_lock(self.handle(), space as u16) })?;
        Ok(Locked { guest: self, space, thread: PhantomData })
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is a guest's.
        unsafe { gasp_abi::gasp_unlock(self.guest.handle(), self.space as u16) };
    }
}
