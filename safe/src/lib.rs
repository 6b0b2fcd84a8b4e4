//! A safe wrapper of libgasp's C interface.
//!
//! An error is the error number that libgasp returned, with its message.

mod cpu;
mod guest;
mod listen;
mod lock;
mod numbers;

pub use cpu::Cpu;
pub use guest::{Backing, Error, FatalHandler, Guest, flags_text};
pub use listen::{Difference, Listener, Listening};
pub use lock::Locked;
pub use numbers::{AccessKind, Memory, PAGE_SIZE, Space, Unsupported, at_pages, flags};
