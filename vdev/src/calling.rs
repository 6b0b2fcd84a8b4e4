//! How a function of a vdev is called that need not return: marked, watched, and left if it fails.

#![forbid(unsafe_code)]

use crate::acting::{GuestCpu, Mark};
use crate::call::Callback;
use crate::shared::Shared;
use crate::{ending, watch};
use gasp_abi::vdev_t;

/// Calls a vdev with this vCPU or none; `None` if its error is fatal. `number` is what the function
/// is called for.
pub(crate) fn make<T: Copy>(
    shared: &Shared,
    (vdev, cpu): (*const vdev_t, *const GuestCpu),
    (callback, number): (Callback, u64),
    run: impl FnOnce() -> T + Copy,
) -> Option<T> {
    let call = watch::call(shared, vdev, callback, (number, 0));
    let mark = Mark::set(vdev, cpu);
    let answer = watch::around(shared, &call, || ending::leavable(run));
    mark.remove();
    answer
}

/// Calls a vdev for another one or for the host: the vCPU stays. `None` if its error is fatal.
pub(crate) fn make_within<T: Copy>(
    shared: &Shared,
    vdev: *const vdev_t,
    (callback, number): (Callback, u64),
    run: impl FnOnce() -> T + Copy,
) -> Option<T> {
    let call = watch::call(shared, vdev, callback, (number, 0));
    let mark = Mark::within(vdev);
    let answer = watch::around(shared, &call, || ending::leavable(run));
    mark.remove();
    answer
}
