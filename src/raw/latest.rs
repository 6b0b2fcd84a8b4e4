//! A value that is read all the time and replaced seldom.

use crate::sys::mapping::OutOfMemory;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;

/// The latest of some values. All of them are kept until this is dropped, so that reading is one
/// load; so it is for values that are set a few times only.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    current: AtomicPtr<T>,
    all: Mutex<Vec<NonNull<T>>>,
}

// SAFETY: the pointers are boxes that this owns, whose contents are read by any thread.
unsafe impl<T: Send + Sync> Send for Latest<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Latest<T> {}

impl<T> Latest<T> {
    /// No value yet.
    pub(crate) fn new() -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), all: Mutex::new(Vec::new()) }
    }

    /// The latest value.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: null, or one of `all`, none of which is dropped or written before this is
        // dropped.
        unsafe { self.current.load(Acquire).as_ref() }
    }

    /// Sets the value; `None`: there is none any more.
    pub(crate) fn set(&self, value: Option<T>) -> Result<(), OutOfMemory> {
        let mut all = self.all.lock();
        let current = match value {
            None => ptr::null_mut(),
            Some(value) => {
                all.try_reserve(1).map_err(|_| OutOfMemory)?;
                let mut kept = Vec::new();
                kept.try_reserve_exact(1).map_err(|_| OutOfMemory)?;
                kept.push(value);
                let kept = NonNull::from(Box::leak(kept.into_boxed_slice())).cast();
                all.push(kept);
                kept.as_ptr()
            }
        };
        self.current.store(current, Release);
        Ok(())
    }
}

impl<T> Drop for Latest<T> {
    fn drop(&mut self) {
        for value in self.all.get_mut().drain(..) {
            // SAFETY: every pointer in `all` is of a box of one value, and is in it once.
            drop(unsafe { Box::from_raw(value.as_ptr().cast::<[T; 1]>()) });
        }
    }
}
