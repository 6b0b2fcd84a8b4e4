//! The two clocks of timers. Both count nanoseconds. The guest's is 0 until the guest starts.

#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU64, Ordering};
use gasp_abi::guest_timer_data;
use std::sync::OnceLock;

/// How often the guest's clock counts in a second.
pub(crate) const RESOLUTION: u64 = 1_000_000_000;

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) host: u64,
    pub(crate) guest: u64,
}

/// The time of a timer that was activated at `start`.
pub(crate) fn times(start: Moment, now: Moment) -> guest_timer_data {
    guest_timer_data {
        host_notify_start: start.host,
        host_current: now.host,
        guest_notify_start: start.guest,
        guest_current: now.guest,
    }
}

/// One guest's clock.
#[derive(Debug)]
pub(crate) enum Clock {
    /// When the guest started, by the host's clock.
    Real(OnceLock<u64>),
    /// Both clocks, as the host moves them.
    Simulated(AtomicU64),
}

impl Clock {
    pub(crate) fn new(is_simulated: bool) -> Self {
        if is_simulated { Self::Simulated(AtomicU64::new(0)) } else { Self::Real(OnceLock::new()) }
    }

    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// The guest starts now.
    pub(crate) fn start(&self) {
        if let Self::Real(started) = self {
            started.get_or_init(monotonic);
        }
    }

    /// This moment.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::Real(started) => {
                let host = monotonic();
                let guest = started.get().map_or(0, |started| host.saturating_sub(*started));
                Moment { host, guest }
            }
            Self::Simulated(now) => {
                let now = now.load(Ordering::SeqCst);
                Moment { host: now, guest: now }
            }
        }
    }

    /// Moves a simulated clock.
    pub(crate) fn set(&self, moment: u64) {
        if let Self::Simulated(now) = self {
            now.store(moment, Ordering::SeqCst);
        }
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
