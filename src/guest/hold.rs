//! Waiting until no other thread holds the lock of a space, for accesses that find nothing there.

#![forbid(unsafe_code)]

use super::patience::Patience;
use super::state::Guest;
use crate::error::Error;
use crate::space::Held;
use crate::value::holder::{GaveUp, Stuck};
use crate::value::kind::SpaceKind;
use gasp_abi::gasp_holder;
use std::time::Instant;

impl Guest {
    /// Sets the longest wait, in milliseconds.
    pub(crate) fn set_hold_limit(&self, limit: u32) {
        self.hold.set_limit(limit);
    }

    /// The time that an access can wait; `None`: accesses of this guest do not wait.
    pub(crate) fn patience(&self) -> Option<Patience> {
        self.hold.of_access()
    }

    /// Waits until no other thread holds the lock of a space, and takes it until the result is
    /// dropped.
    pub(crate) fn hold_still(
        &self,
        kind: SpaceKind,
        patience: &mut Patience,
    ) -> Result<Held, Stuck> {
        let space = self.space(kind);
        if let Some(held) = space.try_hold() {
            return Ok(held);
        }
        if self.listeners.is_inside() {
            return Err(space.stuck(GaveUp::InListener));
        }
        let start = Instant::now();
        let held = space.hold_for(patience.rest, patience.limit);
        patience.rest = patience.rest.saturating_sub(start.elapsed());
        held
    }

    /// Waits until no other thread holds the lock of a space.
    pub(crate) fn settle(&self, kind: u32) -> Result<(), Error> {
        let kind = self.space_of(kind)?.kind;
        let held = self.hold_still(kind, &mut self.hold.of_call());
        held.map(drop).map_err(|stuck| Error::NotSettled(kind, stuck))
    }

    /// The thread that holds the lock of a space.
    pub(crate) fn lock_holder(&self, kind: u32) -> Result<gasp_holder, Error> {
        let holder = self.space_of(kind)?.holder()?;
        let thread = i32::try_from(holder.thread).unwrap_or(0);
        Ok(gasp_holder { vdev: holder.vdev.to_c(), thread })
    }
}
