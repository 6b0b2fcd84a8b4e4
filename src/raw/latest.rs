//! A value that is read often and replaced seldom.

use crate::sys::failure::OutOfMemory;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};
use parking_lot::Mutex;

/// A value that is read with one load. All earlier values are kept until this is dropped, so it is
/// for values that are set a few times only.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    current: AtomicPtr<T>,
    all: Mutex<Vec<NonNull<T>>>,
}

// SAFETY: the pointers are boxes that this owns. Any thread may read their contents (`Sync`) or
// drop them (`Send`).
unsafe impl<T: Send + Sync> Send for Latest<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Latest<T> {}

impl<T> Latest<T> {
    /// No value yet.
    pub(crate) const fn new() -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), all: Mutex::new(Vec::new()) }
    }

    /// The latest value.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: the pointer is null or one of `all`, which are not written, and not dropped
        // before this is.
        unsafe { self.current.load(Acquire).as_ref() }
    }

    /// Replaces the value; `None` removes it.
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
            // SAFETY: `set` made each pointer in `all` from a box of one value, and put it there
            // once.
            drop(unsafe { Box::from_raw(value.as_ptr().cast::<[T; 1]>()) });
        }
    }
}
