//! A change of the map that nobody sees yet.

#![forbid(unsafe_code)]

mod edit;
mod view;
mod window;

pub(crate) use edit::Draft;
pub(crate) use window::Window;
