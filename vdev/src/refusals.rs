//! Accesses that are refused: their reasons, and the counters of these.

#![forbid(unsafe_code)]

use crate::bounded::Bounded;
use crate::lock::unpoisoned;
use gasp_abi::{gasp_refusals, gasp_trap};
use gasp_safe::AccessKind;
use std::collections::HashMap;
use std::sync::Mutex;

/// Why an access is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    Absent,
    NoRight,
    Fetch,
    Vanished,
    NoVdev,
    Size,
    NoFunction,
    BusError,
    /// With the error number.
    Error(u32),
    WrongAnswer,
    /// Another thread holds the lock of the space, and was not waited for any longer.
    Held {
        /// The kernel's number of the thread; 0: it has released the lock since.
        thread: i32,
        /// The address of the vdev for which it took the lock; 0: none.
        vdev: usize,
    },
}

/// No access is refused yet.
const NONE: gasp_refusals = gasp_refusals {
    absent: 0,
    no_right: 0,
    fetch: 0,
    vanished: 0,
    no_vdev: 0,
    size: 0,
    no_function: 0,
    bus_error: 0,
    error: 0,
    wrong_answer: 0,
};

impl Reason {
    fn counter(self, counts: &mut gasp_refusals) -> &mut u64 {
        match self {
            Self::Absent | Self::Held { .. } => &mut counts.absent,
            Self::NoRight => &mut counts.no_right,
            Self::Fetch => &mut counts.fetch,
            Self::Vanished => &mut counts.vanished,
            Self::NoVdev => &mut counts.no_vdev,
            Self::Size => &mut counts.size,
            Self::NoFunction => &mut counts.no_function,
            Self::BusError => &mut counts.bus_error,
            Self::Error(_) => &mut counts.error,
            Self::WrongAnswer => &mut counts.wrong_answer,
        }
    }

    /// In words. `name` has the names of vdevs by their addresses.
    pub(crate) fn text(self, access: &gasp_trap, name: impl Fn(usize) -> Option<String>) -> String {
        match self {
            Self::Absent => "nothing is there".into(),
            Self::NoRight => "the region has no right for it".into(),
            Self::Fetch => "no vdev takes fetches".into(),
            Self::Vanished => "the host memory behind it is gone".into(),
            Self::NoVdev => "the region's vdev is none".into(),
            Self::Size => "it does not take this size (acc_sizes)".into(),
            Self::NoFunction if is_kind(access, AccessKind::Read) => "it has no vread".into(),
            Self::NoFunction => "it has no vwrite".into(),
            Self::BusError => "it answered VRS_BUS_ERROR".into(),
            Self::Error(errno) => {
                let errno = i32::try_from(errno).unwrap_or(i32::MAX);
                format!("it answered {}", std::io::Error::from_raw_os_error(errno))
            }
            Self::WrongAnswer => "its answer is no VRS_*".into(),
            Self::Held { thread, vdev } => held(thread, name(vdev)),
        }
    }
}

fn held(thread: i32, vdev: Option<String>) -> String {
    let holder = vdev.map_or_else(String::new, |name| format!(" of {name}"));
    format!(
        "nothing is there, and thread {thread}{holder} holds the lock of the space; it was not \
         waited for any longer"
    )
}

fn is_kind(access: &gasp_trap, kind: AccessKind) -> bool {
    u32::from(access.kind) == kind as u32
}

/// An access, for people.
pub(crate) fn describe(access: &gasp_trap) -> String {
    let verb = match () {
        () if is_kind(access, AccessKind::Read) => "read",
        () if is_kind(access, AccessKind::Write) => "write",
        () => "fetch",
    };
    let gasp_trap { length, location, .. } = *access;
    format!("a {verb} of {length} bytes at {location:#x}")
}

/// The counters of one guest, by vdev; 0 stands for none.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    counts: Mutex<HashMap<usize, gasp_refusals>>,
    /// Lines in the log.
    pub(crate) lines: Bounded<(usize, Reason)>,
}

impl Refusals {
    /// Counts a refusal of a vdev, or of none.
    pub(crate) fn count(&self, vdev: usize, reason: Reason) {
        let mut all = unpoisoned(self.counts.lock());
        let counter = reason.counter(all.entry(vdev).or_insert(NONE));
        *counter = counter.saturating_add(1);
    }

    /// Those of one vdev.
    pub(crate) fn of(&self, vdev: usize) -> gasp_refusals {
        unpoisoned(self.counts.lock()).get(&vdev).copied().unwrap_or(NONE)
    }

    /// Those of all vdevs and of none.
    pub(crate) fn all(&self) -> gasp_refusals {
        unpoisoned(self.counts.lock()).values().fold(NONE, |sum, one| sum_of(&sum, one))
    }
}

fn sum_of(a: &gasp_refusals, b: &gasp_refusals) -> gasp_refusals {
    gasp_refusals {
        absent: a.absent.saturating_add(b.absent),
        no_right: a.no_right.saturating_add(b.no_right),
        fetch: a.fetch.saturating_add(b.fetch),
        vanished: a.vanished.saturating_add(b.vanished),
        no_vdev: a.no_vdev.saturating_add(b.no_vdev),
        size: a.size.saturating_add(b.size),
        no_function: a.no_function.saturating_add(b.no_function),
        bus_error: a.bus_error.saturating_add(b.bus_error),
        error: a.error.saturating_add(b.error),
        wrong_answer: a.wrong_answer.saturating_add(b.wrong_answer),
    }
}
