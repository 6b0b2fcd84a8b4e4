//! The memory of leaves and roots. With `cell.rs` and `block.rs`, this is the only part of the map
//! with `unsafe`.
//!
//! # What makes it sound
//!
//! 1. **Type-stable.** The memory of a leaf is a `Leaf` from the moment its segment is mapped until
//!    the pool is dropped, that of a root a `Root` from its allocation until then. Both consist of
//!    atomics and of fields that never change. So a reference to one is valid for as long as the
//!    pool is borrowed, whatever the writer stores meanwhile.
//! 2. **Zero is a value.** Fresh memory is zero, and `discard` makes memory zero again while
//!    readers may be in it. A leaf of zeros has no regions, a cell of zeros has no leaf.
//! 3. **Cells point into the pool.** A cell, and the pointer to the published root, are only ever
//!    set from a reference that this pool gave out. (Each map has one pool, and its one draft
//!    borrows that pool, so references of two pools never meet.)
//! 4. **Reuse is announced.** Nodes that were published and then replaced wait in quarantine.
//!    Before one is written again, `ReuseEpoch` is incremented, so a reader that read a word of its
//!    next use notices, and retries. Nodes of a pinned root are not reused. (Soundness does not need
//!    this; correct results do.)

#![allow(unsafe_code)]

#[cfg(test)]
mod audit;
mod free;
mod pin;
mod published;
mod writer;

#[cfg(test)]
pub(super) use pin::PinnedRoot;
pub(super) use published::Pool;
pub(super) use writer::PoolWriter;
