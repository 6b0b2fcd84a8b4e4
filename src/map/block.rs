//! Blocks of eight keys, in which roots and leaves are searched.

#![allow(unsafe_code)]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Keys in a cache line.
pub(super) const BLOCK: usize = 8;

/// Eight keys, ascending, in a cache line.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [AtomicU64; BLOCK]);

/// The keys of some blocks, one after the other.
pub(super) fn words(blocks: &[Block]) -> &[AtomicU64] {
    const { assert!(size_of::<Block>() == BLOCK * size_of::<AtomicU64>()) };
    let start = blocks.as_ptr().cast();
    // SAFETY: a block is BLOCK words and nothing else, so these are as many words, and borrowed.
    unsafe { core::slice::from_raw_parts(start, blocks.len() * BLOCK) }
}

/// How many of seven ascending keys are below `limit`. Three comparisons without a branch, since
/// nothing about them can be predicted; all keys are in one cache line and loaded together.
/// "Below" rather than "not above": x86 selects by the one in fewer steps than by the other.
#[inline(always)]
pub(super) fn rank(keys: &[AtomicU64; BLOCK - 1], limit: u64) -> usize {
    let [k1, k2, k3, k4, k5, k6, k7] = keys.each_ref().map(|cell| cell.load(Relaxed));
    let upper = k4 < limit;
    let middle = select(upper, k6, k2) < limit;
    let (low, high) = (select(upper, k5, k1), select(upper, k7, k3));
    let last = select(middle, high, low) < limit;
    usize::from(upper) * 4 + usize::from(middle) * 2 + usize::from(last)
}

/// One of two words, without a branch.
#[inline(always)]
fn select(condition: bool, yes: u64, no: u64) -> u64 {
    if condition { yes } else { no }
}

/// Which of eight ascending keys, the first of which is below `limit`, is the last such one.
#[inline(always)]
pub(super) fn last_below(keys: &[AtomicU64; BLOCK], limit: u64) -> usize {
    let [_, rest @ ..] = keys;
    rank(rest, limit)
}

/// Copies words; by blocks, because the compiler makes no loop over atomics any shorter.
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
