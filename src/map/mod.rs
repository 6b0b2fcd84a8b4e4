//! The map of one space: it finds the region at a location. Readers take no lock, write to no
//! memory that is shared, and are never blocked by the writer.
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
//! There are two levels: the root has a sorted array of separators with one leaf for each, and the
//! leaves have the regions. Holes are not stored. Each region is in one leaf, and lies between the
//! separator of that leaf and the next separator. Roots and leaves ("nodes") come from a [`pool`],
//! whose memory is never used for anything else.
//!
//! # Reading
//!
//! A lookup loads the published root, finds the leaf (one cache line for each level of the root's
//! index), finds the region in the leaf (two cache lines of keys), copies it, and checks that no
//! node was reused meanwhile; if one was, it starts again. It executes no store, no locked
//! instruction, and on x86 no fence. It has to start again only if a change ended a quarantine
//! meanwhile, which not every change does.
//!
//! # Changing
//!
//! There is one [`Draft`] at a time. [`Draft::splice`] replaces the regions in a range by others.
//! It copies the leaf of that range with the change applied. If leaves have to be split, merged or
//! [balanced](rebalance), it copies the root too. Nodes that the draft itself made are edited in
//! place. No reader sees any of this until [`Draft::commit`], which is one store: of the new root,
//! or, if only one leaf was replaced, of that leaf in the published root. So a lookup sees all of a
//! draft or none of it. Replaced nodes stay in quarantine, because readers may still be in them,
//! until there are enough of them to be reused together.
//!
//! # Caches
//!
//! A map of some thousand leaves is larger than the caches near a processor. In a large root, all
//! lines of a leaf that a search or a copy needs are therefore prefetched together
//! (`prefetch_keys`, `prefetch_all`), and a set call announces the location of its next element
//! ([`Draft::prefetch`]).
//!
//! # Versions
//!
//! `version` grows by two with each commit, and is odd while a commit is being published. A reader
//! that kept a region may use it again as long as it finds the even version of its lookup. A query
//! of several lookups ([`Map::snapshot`]) is repeated until it finds the same even version before
//! and after it. If that takes too long, it pins the published root (`pool/pin.rs`): the next change
//! then publishes another root, even if it replaces one leaf only, and nodes of the pinned root are
//! not reused until the query has ended.

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
mod snapshot;
#[cfg(test)]
mod tests;
mod unique;

pub(crate) use draft::{Draft, Window};
pub(crate) use hint::Hint;
pub(crate) use lookup::Map;
pub(crate) use snapshot::Snapshot;
