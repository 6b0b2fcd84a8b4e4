//! The timed loops. Each is compiled once for every kind of call and is the same for all designs.
//!
//! Why this driver and not criterion: a ratio between two designs is only worth something if both
//! were measured in the same seconds, on the same pages of the same process. criterion finishes
//! one benchmark before it starts the next, so on a shared machine a ratio of its figures contains
//! whatever the neighbours did in between. Here a round asks every design once, in an order that
//! moves on by one each round, and the median over the rounds is taken. criterion cannot measure
//! two threads, a reader beside a writer, tails, or memory either, and those decide here.

use crate::clock::{fence, start, stop};
use crate::layout::{ACCESS, NO_REGION, block};
use core::ffi::c_int;
use gasp_abi::{gasp_region, qvm_state_block};

/// One lookup at a time: nothing overlaps with the one before or after. Returns ticks.
#[inline(never)]
pub fn isolated(
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int,
    locations: &[u64],
) -> u64 {
    let mut region = NO_REGION;
    let from = start();
    for &location in locations {
        let block = block(location, ACCESS);
        fence();
        call(&block, &mut region);
        fence();
    }
    stop() - from
}

/// Independent lookups, as fast as they go. Returns ticks.
#[inline(never)]
pub fn back_to_back(
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int,
    locations: &[u64],
) -> u64 {
    let mut region = NO_REGION;
    let from = start();
    for &location in locations {
        call(&block(location, ACCESS), &mut region);
    }
    stop() - from
}

/// Parts of a round that are timed on their own.
const PARTS: usize = 8;

/// Ticks of one call in the median part of a round: where the kernel took the CPU away for a
/// while, one part is lost and not the round.
pub fn each_in_parts<T>(arguments: &[T], mut part: impl FnMut(&[T]) -> u64) -> f64 {
    let length = arguments.len().div_ceil(PARTS);
    let mut each: Vec<f64> = arguments
        .chunks(length)
        .map(|arguments| part(arguments) as f64 / arguments.len() as f64)
        .collect();
    each.sort_by(f64::total_cmp);
    each[each.len() / 2]
}

/// How many lookups happen between two looks at the clock.
const CHUNK: usize = 256;

/// Independent lookups from one tick to another. Returns how many there were, and the ticks.
#[inline(never)]
pub fn between(
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int,
    locations: &[u64],
    from: u64,
    until: u64,
) -> (u64, u64) {
    let mut region = NO_REGION;
    let mut count = 0;
    wait_for(from);
    let begun = start();
    for chunk in locations.chunks_exact(CHUNK).cycle() {
        for &location in chunk {
            call(&block(location, ACCESS), &mut region);
        }
        count += CHUNK as u64;
        if start() >= until {
            break;
        }
    }
    (count, stop() - begun)
}

/// Lookups timed one by one, from one tick to another or until `samples` is full.
#[inline(never)]
pub fn one_by_one(
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int,
    locations: &[u64],
    (from, until): (u64, u64),
    samples: &mut Vec<u64>,
) {
    let mut region = NO_REGION;
    wait_for(from);
    for &location in locations.iter().cycle() {
        let block = block(location, ACCESS);
        let before = start();
        call(&block, &mut region);
        let after = stop();
        samples.push(after - before);
        if after >= until || samples.len() == samples.capacity() {
            break;
        }
    }
}

/// Ticks of one call.
#[inline(always)]
pub fn once(call: impl FnOnce()) -> u64 {
    let before = start();
    call();
    stop() - before
}

/// Spin until a tick.
pub fn wait_for(tick: u64) {
    while start() < tick {
        core::hint::spin_loop();
    }
}

/// Ask `one(design, round)` of every design in every round, in an order that moves on by one each
/// round. Returns the answers by design.
pub fn interleave<T, E>(
    designs: usize,
    rounds: usize,
    mut one: impl FnMut(usize, usize) -> Result<T, E>,
) -> Result<Vec<Vec<T>>, E> {
    let mut answers: Vec<Vec<T>> = (0..designs).map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        for turn in 0..designs {
            let design = (turn + round) % designs;
            answers[design].push(one(design, round)?);
        }
    }
    Ok(answers)
}
