//! Locks without poisoning.

#![forbid(unsafe_code)]

use std::sync::{LockResult, PoisonError};

/// The content of a lock. A panic ends the process, so nobody sees content that is half done.
pub(crate) fn unpoisoned<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
