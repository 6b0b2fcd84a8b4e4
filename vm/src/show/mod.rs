//! Prints the map and the hits as tables.

#![forbid(unsafe_code)]

mod flags;
mod hits;
mod map;
mod words;

pub(crate) use hits::{counts, hits};
pub(crate) use map::{Rows, changes, map};
pub(crate) use words::words;
