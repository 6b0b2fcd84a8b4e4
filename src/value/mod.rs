//! Values: cut, continue, compare; no side effects.

#![forbid(unsafe_code)]

pub(crate) mod flags;
pub(crate) mod range;
pub(crate) mod region;
