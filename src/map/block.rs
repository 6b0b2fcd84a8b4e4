//! Blocks of eight keys. A block is a cache line, and the unit in which nodes are searched.

#![allow(unsafe_code)]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Keys in a cache line.
pub(super) const BLOCK: usize = 8;

/// Eight ascending keys in one cache line.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [AtomicU64; BLOCK]);

/// The keys of consecutive blocks as one array.
pub(super) fn words(blocks: &[Block]) -> &[AtomicU64] {
    const { assert!(size_of::<Block>() == BLOCK * size_of::<AtomicU64>()) };
    let start = blocks.as_ptr().cast();
    // SAFETY: a block is BLOCK words without padding (asserted above), so `blocks`, which the
    // result borrows, is an array of `blocks.len() * BLOCK` words.
    unsafe { core::slice::from_raw_parts(start, blocks.len() * BLOCK) }
}

/// How many of seven ascending keys are below `limit`. It makes three comparisons and no branch,
/// because no branch could be predicted here, and loads all keys at once, because they are in one
/// cache line. ("Below" takes x86 fewer instructions than "not above".)
#[inline(always)]
pub(super) fn rank(keys: &[AtomicU64; BLOCK - 1], limit: u64) -> usize {
    let [k1, k2, k3, k4, k5, k6, k7] = keys.each_ref().map(|cell| cell.load(Relaxed));
    let upper = k4 < limit;
    let middle = select(upper, k6, k2) < limit;
    let (low, high) = (select(upper, k5, k1), select(upper, k7, k3));
    let last = select(middle, high, low) < limit;
    usize::from(upper) * 4 + usize::from(middle) * 2 + usize::from(last)
}

/// One of two words. The compiler makes a conditional move of it, not a branch, because each
/// condition in [`rank`] has a second use.
#[inline(always)]
fn select(condition: bool, yes: u64, no: u64) -> u64 {
    if condition { yes } else { no }
}

/// The index of the last of eight ascending keys that is below `limit`. The first one has to be.
#[inline(always)]
pub(super) fn last_below(keys: &[AtomicU64; BLOCK], limit: u64) -> usize {
    let [_, rest @ ..] = keys;
    rank(rest, limit)
}

/// Copies words, in blocks, because the compiler does not unroll a loop over atomics.
#[inline]
pub(super) fn copy(to: &[AtomicU64], from: &[AtomicU64]) {
    let (to, from) = (to.chunks_exact(BLOCK), from.chunks_exact(BLOCK));
    for (to, from) in to.clone().zip(from.clone()) {
        for index in 0..BLOCK {
            to[index].store(from[index].load(Relaxed), Relaxed);
        }
    }
    for (to, from) in to.remainder().iter().zip(from.remainder()) {
        to.store(from.load(Relaxed), Relaxed);
    }
}
