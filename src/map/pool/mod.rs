//! The memory that leaves and roots live in. With `cell.rs` and `block.rs`, the only part of the
//! map with `unsafe`.
//!
//! # What makes it sound
//!
//! 1. **Type-stable.** A leaf's memory is a `Leaf` from the moment its segment is mapped until
//!    the pool is dropped, a root's a `Root` from its allocation until then. Both consist of
//!    atomics and of fields that never change, so a reference to one is valid for as long as the
//!    pool is borrowed, whatever the writer does with it meanwhile.
//! 2. **Zero is a value.** Fresh memory is zero, and `discard` makes memory zero again behind
//!    the back of readers: a leaf of zeros has no regions, a cell of zeros has no leaf.
//! 3. **Cells point into the pool.** A cell or the published root is only ever set from
//!    a reference that this pool gave out. (Each map has one pool, and its one draft borrows it,
//!    so references of two pools never meet.)
//! 4. **ReuseEpoch is announced.** What was published and then replaced waits in quarantine. Before
//!    any of it is written again, `ReuseEpoch` says so: a reader that saw a word of the new use finds
//!    out, and starts over. (That is for what readers see, not for what is sound.)

#![allow(unsafe_code)]

#[cfg(test)]
mod audit;
mod free;
mod published;
mod writer;

pub(super) use published::Pool;
pub(super) use writer::PoolWriter;
