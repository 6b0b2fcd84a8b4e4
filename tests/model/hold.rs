//! The locks as others see them, and unique generations (specification 4.5, 10.11 and 11.8).

#![allow(unsafe_code)]

use super::library::Guest;
use super::numbers::*;
use super::report::{Check, same};
use super::session::Session;
use super::state::{Errno, Kind};
use gasp_abi::gasp_holder;
use std::ptr::null_mut;

/// What a space had after the last call: its generation, and its unique one.
pub(crate) type Generations = [(u64, u64); 2];

impl Guest {
    fn lock_holder(&self, kind: Kind) -> Result<i32, Errno> {
        let mut holder = gasp_holder { vdev: null_mut(), thread: 0 };
        // SAFETY: the handle is that of a guest; the holder can be written.
        let result = unsafe {
            gasp_abi::gasp_guest_lock_holder(self.handle(), kind.qst().into(), &raw mut holder)
        };
        if result == EOK { Ok(holder.thread) } else { Err(result) }
    }

    fn settle(&self, kind: Kind) -> i32 {
        // SAFETY: the handle is that of a guest.
        unsafe { gasp_abi::gasp_guest_settle(self.handle(), kind.qst().into()) }
    }

    fn unique_generation(&self, kind: Kind) -> u64 {
        // SAFETY: the handle is that of a guest.
        unsafe { gasp_abi::gasp_guest_unique_generation(self.handle(), kind.qst().into()) }
    }
}

impl Session {
    /// The holder of each lock is this thread or none, so nothing has to wait.
    pub(super) fn compare_locks(&self) -> Check {
        // SAFETY: no preconditions.
        let this_thread = unsafe { libc::gettid() };
        for kind in [Kind::Memory, Kind::Ports] {
            let is_held = self.model.space(kind).held != 0;
            let holder = if is_held { Ok(this_thread) } else { Err(ENOENT) };
            same(&format!("the holder of {kind:?}"), holder, self.guest.lock_holder(kind))?;
            same(&format!("waiting for {kind:?}"), EOK, self.guest.settle(kind))?;
        }
        Ok(())
    }

    /// The unique generation grows when the generation does.
    pub(super) fn compare_unique(&mut self) -> Check {
        for (place, kind) in [Kind::Memory, Kind::Ports].into_iter().enumerate() {
            let (generation, unique) = self.last[place];
            let now = (self.generations[place], self.guest.unique_generation(kind));
            let what = format!("whether {kind:?} has a new unique generation");
            same(&what, now.0 > generation || unique == 0, now.1 > unique)?;
            let what = format!("whether {kind:?} has its old unique generation");
            same(&what, now.0 == generation && unique != 0, now.1 == unique)?;
            self.last[place] = now;
        }
        Ok(())
    }
}
