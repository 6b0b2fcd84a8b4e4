//! The two clocks of timers. Both count nanoseconds. The guest's is 0 until the guest starts.

#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use gasp_abi::guest_timer_data;
use std::sync::OnceLock;

/// How often the guest's clock counts in a second.
pub(super) const RESOLUTION: u64 = 1_000_000_000;

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) host: u64,
    pub(super) guest: u64,
}

/// The time of a timer that was activated at `start`.
pub(super) fn times(start: Moment, now: Moment) -> guest_timer_data {
    guest_timer_data {
        host_notify_start: start.host,
        host_current: now.host,
        guest_notify_start: start.guest,
        guest_current: now.guest,
    }
}

/// One guest's clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// When the guest started, by the host's clock.
    started: OnceLock<u64>,
}

impl Clock {
    /// The guest starts now.
    pub(super) fn start(&self) {
        self.started.get_or_init(monotonic);
    }

    /// This moment.
    pub(super) fn now(&self) -> Moment {
        let host = monotonic();
        let guest = self.started.get().map_or(0, |started| host.saturating_sub(*started));
        Moment { host, guest }
    }
}

/// Nanoseconds of the monotonic clock.
fn monotonic() -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the time can be written. It does not fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) };
    // SAFETY: zeros are a valid time.
    let time = unsafe { time.assume_init() };
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    part(time.tv_sec).saturating_mul(RESOLUTION).saturating_add(part(time.tv_nsec))
}
