//! Interrupts that wait for the guest.
//!
//! There is no interrupt controller: each vector is a line of vCPU 0. An asserted line is delivered
//! once, even if it has been deasserted meanwhile (an edge). While it is asserted, it is delivered
//! again whenever the guest takes interrupts (a level). Higher vectors go first.
//!
//! So a device lowers its line when the guest acknowledges the interrupt. If it does not, the guest
//! takes the next one right after `iret`, and its program stands still, as on hardware.

#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

/// The lines of a machine.
#[derive(Debug, Default)]
pub(super) struct Lines {
    asserted: [AtomicU64; 4],
    /// Lines that were asserted since their last delivery.
    edges: [AtomicU64; 4],
}

impl Lines {
    /// Sets the level of a line.
    pub(super) fn set(&self, vector: u8, asserted: bool) {
        let (word, bit) = (usize::from(vector >> 6), 1 << (vector & 63));
        if asserted {
            self.asserted[word].fetch_or(bit, SeqCst);
            self.edges[word].fetch_or(bit, SeqCst);
        } else {
            self.asserted[word].fetch_and(!bit, SeqCst);
        }
    }

    fn word(&self, word: usize) -> u64 {
        self.asserted[word].load(SeqCst) | self.edges[word].load(SeqCst)
    }

    /// Whether any interrupt waits.
    pub(super) fn any(&self) -> bool {
        (0..4).any(|word| self.word(word) != 0)
    }

    /// Takes the next vector; it counts as delivered.
    pub(super) fn take(&self) -> Option<u8> {
        for word in (0..4u8).rev() {
            if let Some(bit) = self.word(usize::from(word)).checked_ilog2() {
                self.edges[usize::from(word)].fetch_and(!(1 << bit), SeqCst);
                return u8::try_from(bit).ok().map(|bit| word << 6 | bit);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_delivered_once() {
        let lines = Lines::default();
        lines.set(32, true);
        lines.set(32, false);
        assert!(lines.any());
        assert_eq!(lines.take(), Some(32));
        assert_eq!(lines.take(), None);
        assert!(!lines.any());
    }

    #[test]
    fn a_level_is_delivered_while_it_is_asserted() {
        let lines = Lines::default();
        lines.set(200, true);
        lines.set(63, true);
        assert_eq!([lines.take(), lines.take()], [Some(200), Some(200)]);
        lines.set(200, false);
        assert_eq!([lines.take(), lines.take()], [Some(63), Some(63)]);
    }

    #[test]
    fn every_vector_is_a_line_of_its_own() {
        let lines = Lines::default();
        for vector in 0..=u8::MAX {
            lines.set(vector, true);
            lines.set(vector, false);
        }
        let taken: Vec<u8> = std::iter::from_fn(|| lines.take()).collect();
        assert_eq!(taken, (0..=u8::MAX).rev().collect::<Vec<_>>());
    }
}
