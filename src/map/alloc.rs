//! All allocations of the map. They report a lack of memory, and never end the process.

#![forbid(unsafe_code)]

use crate::sys::failure::OutOfMemory;
use crate::sys::mapping::Mapping;

/// Makes room for `more` elements in a list.
pub(super) fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), OutOfMemory> {
    if list.capacity() - list.len() >= more {
        return Ok(());
    }
    attempt()?;
    list.try_reserve(more).map_err(|_| OutOfMemory)
}

/// An empty list with room for `count` elements.
pub(super) fn list<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    attempt()?;
    let mut list = Vec::new();
    list.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
    Ok(list)
}

/// A slice of `count` values on the heap.
pub(super) fn boxed_slice<T>(
    count: usize,
    make: impl FnMut() -> T,
) -> Result<Box<[T]>, OutOfMemory> {
    let mut list = list(count)?;
    list.resize_with(count, make);
    Ok(list.into_boxed_slice())
}

/// A value on the heap.
pub(super) fn boxed<T>(value: T) -> Result<Box<[T; 1]>, OutOfMemory> {
    let mut list = list(1)?;
    list.push(value);
    list.into_boxed_slice().try_into().map_err(|_| OutOfMemory)
}

/// Zeroed pages.
pub(super) fn pages(length: usize) -> Result<Mapping, OutOfMemory> {
    attempt()?;
    Mapping::private(length).map_err(|_| OutOfMemory)
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it can fail")]
fn attempt() -> Result<(), OutOfMemory> {
    Ok(())
}
#[cfg(test)]
use failing::attempt;

/// Allocations that a test lets fail.
#[cfg(test)]
pub(super) mod failing {
    use crate::sys::failure::OutOfMemory;
    use core::cell::Cell;

    thread_local! {
        /// How many more allocations succeed, and how many have failed.
        static LEFT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }

    /// Runs `action` with only its first `count` allocations succeeding. Returns its result, and
    /// how many allocations failed.
    pub(in crate::map) fn after<T>(count: usize, action: impl FnOnce() -> T) -> (T, usize) {
        LEFT.set(Some((count, 0)));
        let result = action();
        (result, LEFT.take().map_or(0, |(_, failed)| failed))
    }

    pub(super) fn attempt() -> Result<(), OutOfMemory> {
        let Some((left, failed)) = LEFT.get() else { return Ok(()) };
        match left.checked_sub(1) {
            Some(left) => LEFT.set(Some((left, failed))),
            None => LEFT.set(Some((0, failed + 1))),
        }
        if left > 0 { Ok(()) } else { Err(OutOfMemory) }
    }
}
