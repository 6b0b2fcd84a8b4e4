//! What follows a grace period.

#![forbid(unsafe_code)]

use crate::callback::QuietCallback;

/// What is done when the accesses that had started have ended.
#[derive(Debug)]
pub(super) enum Quiet {
    /// A function of the host is called.
    Call(QuietCallback),
    /// Memory that was removed, up to this removal, is freed.
    Free(u64),
}
