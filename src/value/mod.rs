//! Values: cut, continue, compare, convert; no side effects.

#![forbid(unsafe_code)]

pub(crate) mod convert;
pub(crate) mod flags;
pub(crate) mod kind;
pub(crate) mod range;
pub(crate) mod region;
