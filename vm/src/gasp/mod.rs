//! libgasp, as safe Rust over its C interface.
//!
//! Errors are the numbers that libgasp returns, with its sentence about them.

mod cpu;
mod guest;
mod listen;
mod numbers;

pub(crate) use cpu::Cpu;
pub(crate) use guest::{Error, Guest};
pub(crate) use listen::{Difference, Listener, Listening};
pub(crate) use numbers::{AccessKind, Memory, PAGE_SIZE, Space, Unsupported, at_pages, flags};
