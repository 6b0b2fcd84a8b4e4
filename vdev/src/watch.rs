//! What a host can have watched around each call of a vdev: locks that stay held, how long it takes,
//! and crashes.

#![allow(unsafe_code)]

use crate::call::{Call, Callback};
use crate::shared::Shared;
use crate::threads::{self, Entered};
use crate::{ending, log};
use core::ptr;
use gasp_abi::{
    GASP_VDEVS_CATCH_CRASHES, GASP_VDEVS_CHECK_LOCKS, GASP_VDEVS_WATCH_HANDLERS, guest_system,
    vdev_t,
};
use gasp_safe::Space;

/// What needs the record of the thread.
const RECORDED: u32 = GASP_VDEVS_WATCH_HANDLERS | GASP_VDEVS_CATCH_CRASHES;

/// Whether calls are watched in any way.
pub(crate) fn is_on(shared: &Shared) -> bool {
    shared.host.has(RECORDED | GASP_VDEVS_CHECK_LOCKS)
}

/// A call of a vdev's function.
pub(crate) fn call(
    shared: &Shared,
    vdev: *const vdev_t,
    callback: Callback,
    (number, length): (u64, usize),
) -> Call {
    Call { set: ptr::from_ref(shared).addr(), vdev: vdev.addr(), callback, number, length }
}

/// A call that is watched. It has no destructor, because the vdev need not return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    call: Call,
    before: Option<[u32; SPACES.len()]>,
    entered: Option<Entered>,
}

/// Calls a vdev, which need not return. `run` has nothing to drop.
pub(crate) fn around<T>(shared: &Shared, call: &Call, run: impl FnOnce() -> T) -> T {
    let watched = begin(shared, call);
    let answer = run();
    watched.end(shared);
    answer
}

/// A call begins.
pub(crate) fn begin(shared: &Shared, call: &Call) -> Watched {
    let before = shared.host.has(GASP_VDEVS_CHECK_LOCKS).then(|| locks(shared));
    let entered = if shared.host.has(RECORDED) { threads::enter(call) } else { None };
    Watched { call: *call, before, entered }
}

impl Watched {
    /// The vdev has returned, or was left.
    pub(crate) fn end(self, shared: &Shared) {
        if let Some(entered) = self.entered {
            entered.leave();
        }
        if let Some(before) = self.before {
            check(shared, &self.call, before);
        }
    }
}

/// This thread is one of a vdev's.
pub(crate) fn belong_to(shared: &Shared, vdev: *const vdev_t) {
    if shared.host.has(RECORDED) {
        threads::belong_to(&call(shared, vdev, Callback::Thread, (0, 0)));
    }
}

const SPACES: [(Space, &str); 2] = [(Space::Memory, "memory"), (Space::Ports, "ports")];

/// How often this thread holds the locks of the guest.
fn locks(shared: &Shared) -> [u32; SPACES.len()] {
    let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest);
    // SAFETY: a handle; libgasp recognises handles of destroyed guests.
    SPACES.map(|(space, _)| unsafe { gasp_abi::gasp_guest_locks_held(guest, space.number()) })
}

/// Says that a vdev has kept a lock.
fn check(shared: &Shared, call: &Call, before: [u32; SPACES.len()]) {
    let held = locks(shared);
    for ((now, before), (_, name)) in held.iter().zip(before).zip(SPACES) {
        // One that was left is not to blame.
        let is_kept = *now > before && !ending::is_pending();
        if is_kept && shared.kept.is_first((call.vdev, call.callback)) {
            let function = call.callback.name();
            let text = format!("{function} has returned with the lock of {name} (gasp_lock)");
            log::warn(&shared.host, ptr::without_provenance(call.vdev), &text);
        }
    }
}
