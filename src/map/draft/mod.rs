//! A change of the map that no reader sees yet. [`Draft`] makes it (`edit.rs`); `view.rs` and
//! `window.rs` read what it has made so far.

#![forbid(unsafe_code)]

mod edit;
mod view;
mod window;

pub(crate) use edit::Draft;
pub(crate) use window::Window;
