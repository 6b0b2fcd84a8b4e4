//! The words of qvm's configurations, and of the options of vdevs: numbers, and locations.
//!
//! It is apart, so that a configuration and a vdev read one number in one way.
//!
//! A file is a sequence of words; a `#` where a word could begin comments out the rest of the line.
//! Every error names its position and the expected text. `docs/gasp-vm.md` marks which parts are
//! QNX's and which are libgasp's own.

mod number;
mod place;
mod position;
mod words;

#[cfg(test)]
mod tests;

pub use number::{leading_number, length, number};
pub use place::{Place, address, inside, leading_place, location, place};
pub use position::{ParseError, Position};
pub use words::{Word, decode, lines};
