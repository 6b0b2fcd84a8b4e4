//! The exported C functions: convert, call one method of the safe API, convert back.
//!
//! [`args`] is the only place that turns C pointers into references, [`ret`] the only place that
//! turns results into return values and errno. The doc comments of the exported functions are
//! written for C readers: the headers are generated from them.

#![allow(unsafe_code)]

mod args;
pub mod change;
mod convert;
pub mod cpu;
pub mod find;
pub mod gram;
pub(crate) mod handles;
pub mod host;
pub mod map;
pub mod region;
mod ret;
mod sized;
pub mod walk;
