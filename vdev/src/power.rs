//! The power state of a guest's vCPUs, and the functions that vdevs want to have called for it.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use core::sync::atomic::{AtomicUsize, Ordering};
use gasp_abi::{
    GASP_GPSC_FROM, GASP_GPSC_TO, guest_power_state_callback_func_t, guest_power_state_cmd as gpsc,
};
use std::sync::Mutex;

/// The most vCPUs.
pub(crate) const CPUS: u32 = 4096;
const WAIT: u32 = gpsc::GPSC_WAIT as u32;
const OFF: u32 = gpsc::GPSC_OFF as u32;
const WORD: usize = u64::BITS as usize;

/// The next handle of a notification. None is used twice in a process.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// What a vdev wants to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// GPSC_* and GASP_GPSC_*.
    pub(crate) command: u32,
    pub(crate) mask: u64,
    pub(crate) bits: u64,
    pub(crate) function: guest_power_state_callback_func_t,
    pub(crate) data: usize,
    /// The vdev that was called when it was made; or 0.
    pub(crate) vdev: usize,
}

impl Wish {
    /// Whether a change of these bits is what the vdev wants to be told.
    fn is_for(&self, before: u64, after: u64) -> bool {
        let has = |state: u64| (state ^ self.bits) & self.mask == 0;
        let directions = self.command & (GASP_GPSC_TO | GASP_GPSC_FROM);
        let comes = directions != GASP_GPSC_FROM && !has(before) && has(after);
        let goes = directions & GASP_GPSC_FROM != 0 && has(before) && !has(after);
        comes || goes
    }
}

/// The power state of a guest.
#[derive(Debug, Default)]
pub(crate) struct Power(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The two bits of each vCPU, in words; both have as many.
    waiting: Vec<u64>,
    off: Vec<u64>,
    notifications: Vec<(usize, Option<Wish>)>,
}

impl State {
    /// A word of the state.
    fn word(&self, command: u32, index: usize) -> u64 {
        let of = |bit: u32, words: &[u64]| match command & bit {
            0 => 0,
            _ => words.get(index).copied().unwrap_or(0),
        };
        of(WAIT, &self.waiting) | of(OFF, &self.off)
    }

    fn first_words(&self) -> [u64; 4] {
        [0, WAIT, OFF, WAIT | OFF].map(|command| self.word(command, 0))
    }
}

impl Power {
    /// Whether it says which bits are meant, and nothing that is not known.
    pub(crate) fn is_command(command: u32) -> bool {
        command & (WAIT | OFF) != 0 && command & !(WAIT | OFF | GASP_GPSC_TO | GASP_GPSC_FROM) == 0
    }

    /// Sets the bits of a vCPU. Returns the functions that have to be called for it.
    pub(crate) fn set(&self, number: u32, bits: u32) -> Vec<Wish> {
        let mut state = unpoisoned(self.0.lock());
        let (index, bit) = (number as usize / WORD, 1 << (number as usize % WORD));
        let words = state.waiting.len().max(index.saturating_add(1));
        let before = state.first_words();
        state.waiting.resize(words, 0);
        state.off.resize(words, 0);
        state.waiting[index] = with(state.waiting[index], bit, bits & WAIT != 0);
        state.off[index] = with(state.off[index], bit, bits & OFF != 0);
        let after = state.first_words();
        let wishes = state.notifications.iter().filter_map(|(_, wish)| *wish);
        let kind = |wish: &Wish| (wish.command & (WAIT | OFF)) as usize;
        wishes.filter(|wish| wish.is_for(before[kind(wish)], after[kind(wish)])).collect()
    }

    /// Fills in the state. Returns the number of words, or `None` if nobody wants to be told.
    pub(crate) fn current(&self, command: u32, words: &mut [u64]) -> Option<usize> {
        let state = unpoisoned(self.0.lock());
        if !state.notifications.iter().any(|(_, wish)| wish.is_some()) {
            return None;
        }
        let count = words.len().min(state.waiting.len().max(1));
        for (index, word) in words.iter_mut().enumerate().take(count) {
            *word = state.word(command, index);
        }
        Some(count)
    }

    /// Makes a notification without a wish.
    pub(crate) fn create(&self) -> usize {
        let handle = NEXT.fetch_add(1, Ordering::Relaxed);
        unpoisoned(self.0.lock()).notifications.push((handle, None));
        handle
    }

    /// Deletes one. False: it is none of this guest's.
    pub(crate) fn delete(&self, handle: usize) -> bool {
        let notifications = &mut unpoisoned(self.0.lock()).notifications;
        let before = notifications.len();
        notifications.retain(|(other, _)| *other != handle);
        notifications.len() != before
    }

    /// Sets the wish of a notification. False: it is none of this guest's.
    pub(crate) fn register(&self, handle: usize, wish: Wish) -> bool {
        let notifications = &mut unpoisoned(self.0.lock()).notifications;
        let Some(found) = notifications.iter_mut().find(|(other, _)| *other == handle) else {
            return false;
        };
        found.1 = Some(wish);
        true
    }

    /// Forgets the wishes of a vdev.
    pub(crate) fn remove(&self, vdev: usize) {
        let notifications = &mut unpoisoned(self.0.lock()).notifications;
        notifications.retain(|(_, wish)| wish.is_none_or(|wish| wish.vdev != vdev));
    }
}

fn with(word: u64, bit: u64, set: bool) -> u64 {
    if set { word | bit } else { word & !bit }
}
