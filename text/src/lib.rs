//! The words of qvm's configurations, and of the options of vdevs: numbers, and locations.
//!
//! It is apart, so that a configuration and a vdev read one number in one way.
//!
//! A configuration is a sequence of words ([`tokens()`]), a script a sequence of lines ([`lines()`]). A
//! `#` outside of quotation marks comments out the rest of its line. Every error names its position
//! and the expected text. `docs/gasp-vm.md` marks which parts are QNX's and which are libgasp's own.

mod lines;
mod nearest;
mod number;
mod place;
mod position;
mod quotes;
pub mod readings;
mod sources;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

pub use lines::lines;
pub use nearest::{did_you_mean, nearest};
pub use number::{boolean, c_number, is_ambiguous, leading_number, length, number, size};
pub use place::{Place, address, inside, leading_place, location, place};
pub use position::{ParseError, Position, decode};
pub use sources::{Sources, Spot};
pub use tokens::{Find, Token, tokens};
pub use words::Word;
