//! The thread that holds the lock of a space, and why a wait for it has ended.

#![forbid(unsafe_code)]

use super::region::Vdev;
use core::fmt;

/// The thread that holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The kernel's number of the thread; 0: it has just released the lock.
    pub(crate) thread: u32,
    /// The vdev for which it acted when it took the lock.
    pub(crate) vdev: Vdev,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", self.thread)?;
        match self.vdev {
            Vdev(0) => Ok(()),
            Vdev(address) => write!(f, " for the vdev at {address:#x}"),
        }
    }
}

/// Why a wait for a lock has ended without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GaveUp {
    /// It took as many milliseconds as the guest allows.
    Limit(u32),
    /// The holder waits, directly or through others, for a lock of the waiting thread.
    Cycle,
    /// The waiting thread is inside a listener callback of the guest.
    InListener,
    /// There is no memory for the list of waits.
    NoMemory,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(limit) => {
                write!(f, "was waited for as long as the limit allows ({limit} ms)")
            }
            Self::Cycle => f.write_str("its holder waits for a lock of this thread"),
            Self::InListener => f.write_str("a listener callback does not wait for it"),
            Self::NoMemory => f.write_str("there is no memory to wait for it"),
        }
    }
}

/// A wait that has ended without the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// The thread that holds the lock.
    pub(crate) holder: Holder,
    /// Why the wait has ended.
    pub(crate) why: GaveUp,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is held by {}, and {}", self.holder, self.why)
    }
}
