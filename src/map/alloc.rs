//! Memory that may not be there. All allocations of the map are here: none of them ends the
//! process.

#![forbid(unsafe_code)]

use crate::sys::failure::OutOfMemory;
use crate::sys::mapping::Mapping;

/// Makes room for `more` in a list.
pub(super) fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), OutOfMemory> {
    if list.capacity() - list.len() >= more {
        return Ok(());
    }
    attempt()?;
    list.try_reserve(more).map_err(|_| OutOfMemory)
}

/// An empty list with room for `count`.
pub(super) fn list<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    attempt()?;
    let mut list = Vec::new();
    list.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
    Ok(list)
}

/// `count` values in a place of their own.
pub(super) fn boxed_slice<T>(
    count: usize,
    make: impl FnMut() -> T,
) -> Result<Box<[T]>, OutOfMemory> {
    let mut list = list(count)?;
    list.resize_with(count, make);
    Ok(list.into_boxed_slice())
}

/// A value in a place of its own.
pub(super) fn boxed<T>(value: T) -> Result<Box<[T; 1]>, OutOfMemory> {
    let mut list = list(1)?;
    list.push(value);
    list.into_boxed_slice().try_into().map_err(|_| OutOfMemory)
}

/// Pages of zeros.
pub(super) fn pages(length: usize) -> Result<Mapping, OutOfMemory> {
    attempt()?;
    Mapping::private(length).map_err(|_| OutOfMemory)
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "the tests have one that fails")]
fn attempt() -> Result<(), OutOfMemory> {
    Ok(())
}
#[cfg(test)]
use failing::attempt;

/// Allocations that fail because a test says so.
#[cfg(test)]
pub(super) mod failing {
    use crate::sys::mapping::OutOfMemory;
    use core::cell::Cell;

    thread_local! {
        /// How many allocations succeed yet, and how many failed.
        static LEFT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }

    /// Runs something in which only the first `count` allocations succeed. How many failed, beside
    /// the result.
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
