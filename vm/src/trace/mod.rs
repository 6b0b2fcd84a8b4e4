//! Plays a script of accesses in place of a guest, where no vCPU can run.
//!
//! One statement a line. `docs/gasp-vm.md` is the manual.
//!
//! ```text
//! write mem 0x1000 4 0xdeadbeef   # SPACE LOCATION SIZE VALUE
//! read io 0x3f8 1                 # prints what it reads
//! expect mem 0x1000 4 0xdeadbeef  # reads, and fails if it is something else
//! fetch mem 0x7c00 2              # as an instruction is fetched
//! fault write mem 0xf0000 1 0     # fails unless the guest would take an exception
//! text io 0x3f8 "Hello\n"         # one write for each byte
//! repeat 4 4k                     # up to `end`; each round is 4k further
//! wait 10                         # milliseconds
//! interrupt 0x20 500              # waits for one, so many milliseconds at most
//! ```

#![forbid(unsafe_code)]

mod parse;
mod run;
mod step;

#[cfg(test)]
mod tests;

pub(crate) use parse::parse;
pub(crate) use run::{Script, run};
pub(crate) use step::Step;
