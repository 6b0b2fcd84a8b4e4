//! The protocol between accesses that find nothing and threads that change the map step by step.
//!
//! A thread that changes a part of the map in several steps has the lock from before the first one
//! until after the last. An access that sees a state in between finds nothing. It then takes the
//! lock, and looks again while it has the lock: so no thread is between two steps. The lock orders
//! what it sees, and hands itself to those who wait: it need not be free for the access by chance.
//!
//! The loom tests run this file in every order that the memory model allows.

#![forbid(unsafe_code)]

/// What `look` finds; if that is a miss, what it finds while the lock is held, which `hold` takes
/// and its result releases. If `hold` fails, the miss and the error.
pub(super) fn look_twice<T, H, E>(
    look: impl Fn() -> T,
    is_miss: impl FnOnce(&T) -> bool,
    hold: impl FnOnce() -> Result<H, E>,
) -> (T, Option<E>) {
    let first = look();
    if !is_miss(&first) {
        return (first, None);
    }
    match hold() {
        Ok(held) => {
            let second = look();
            drop(held);
            (second, None)
        }
        Err(error) => (first, Some(error)),
    }
}
