//! The map of one space: which region is at a location. Readers take no lock, write nothing
//! that others share, and are never stopped by the writer.
//!
//! # Structure
//!
//! ```text
//!              Root                         Leaf (up to 64 regions)
//!   published ─▶ separators │ leaves        ┌ fences: first key of each block of 8
//!                0          │ ●────────────▶│ keys:   first location of each region
//!                0x40000    │ ●──▶          └ values: last location, flags, cookie, vdev, host
//! ```
//!
//! Two levels: a sorted array of separators with a leaf for each, and the leaves. Holes are not
//! stored. A region is in one leaf only, and lies between its leaf's separator and the next.
//! Leaves and roots come from a [`pool`] whose memory never becomes anything else.
//!
//! # Reading
//!
//! Load the root, find the leaf (one cache line of each level of the root's index), find the
//! region (two cache lines of keys), copy it, and check that no node was reused meanwhile; if one
//! was, do it again. No store, no locked instruction, and on x86 no fence. A reader has to repeat
//! only for a change that ends a quarantine, which not every change does.
//!
//! # Changing
//!
//! One [`Draft`] at a time. It replaces what is in a range by other regions ([`Draft::splice`]):
//! the leaf that the range is in is copied with the change; if leaves have to be split or merged,
//! or share their regions with a neighbour that has room ([`rebalance`]), so is the root. Nodes that the
//! draft made are edited in place. Nothing of it is visible until
//! [`Draft::commit`], which is one store: the new root, or, if only one leaf changed, that leaf's
//! place in the published root. So a lookup sees all of a draft or nothing. What was replaced is
//! kept in quarantine, for no reader to stumble over, until enough has come together.
//!
//! # Caches
//!
//! A map of some thousand leaves is larger than the caches near a processor. So what is needed of a
//! leaf of a large root is asked for at once (`prefetch_keys`, `prefetch_all`) and not line by line
//! as the search comes to it; and a set call says where its next element will be
//! ([`Draft::prefetch`]).
//!
//! # Versions
//!
//! `version` grows by two with each commit and is odd while one is being published. A reader that
//! kept a region, and finds the same even version as when it looked it up, may use it again.

mod alloc;
mod block;
mod cell;
#[cfg(any(test, debug_assertions))]
mod check;
mod draft;
mod gate;
mod hint;
mod leaf;
mod lookup;
#[cfg(all(test, loom))]
mod loom;
mod pool;
mod rebalance;
mod root;
pub(crate) mod runs;
#[cfg(test)]
mod tests;

pub(crate) use draft::{Draft, Window};
pub(crate) use hint::Hint;
pub(crate) use lookup::Map;
