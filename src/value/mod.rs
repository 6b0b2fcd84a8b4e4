//! Values: locations, ranges, flags, spaces, regions, and their C forms. Nothing here has a side
//! effect.

#![forbid(unsafe_code)]

pub(crate) mod convert;
pub(crate) mod element;
pub(crate) mod flags;
pub(crate) mod holder;
pub(crate) mod kind;
pub(crate) mod range;
pub(crate) mod region;
