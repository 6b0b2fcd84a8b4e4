//! Uses of guest memory by the host that are not accesses: copies, and lookups whose result is an
//! address. Memory that is removed stays until they have ended.
//!
//! Nothing ever waits for a use: what cannot be freed now is freed at the end of a later use.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};
use parking_lot::RwLock;

/// The uses that are under way.
#[derive(Debug, Default)]
pub(super) struct Copying {
    uses: RwLock<()>,
    /// A use was under way when something was to be freed.
    pending: AtomicBool,
}

impl Copying {
    /// Makes a use. The second result is whether [`Copying::free`] is due.
    pub(super) fn during<T>(&self, with: impl FnOnce() -> T) -> (T, bool) {
        let using = self.uses.read_recursive();
        let result = with();
        drop(using);
        // Pairs with that in `free`: either this sees what is pending, or that sees no use.
        fence(SeqCst);
        (result, self.pending.load(SeqCst))
    }

    /// Frees what `take` takes out of a list, one by one, as long as no use is under way. It is dropped
    /// when later uses may go on, because they do not find it any more.
    pub(super) fn free<T>(&self, take: impl Fn() -> Option<T>) {
        loop {
            self.pending.store(true, SeqCst);
            fence(SeqCst);
            let Some(nobody) = self.uses.try_write() else { return };
            self.pending.store(false, SeqCst);
            let taken = take();
            drop(nobody);
            if taken.is_none() {
                return;
            }
        }
    }
}
