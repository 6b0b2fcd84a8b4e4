//! Keeps vCPUs out of the guest while slots are made anew.
//!
//! Each vCPU has a door with two words: `inside` says that its thread is, or is about to be, in
//! `KVM_RUN`; `attention` says what it has to look at first. They meet as in Dekker's algorithm:
//!
//! | a vCPU | who wants something of it |
//! |---|---|
//! | `inside` = 1; look at `attention`; `KVM_RUN` | set a bit of `attention`; look at `inside`: kick if 1 |
//! | `inside` = 0; look at `attention` | set `HELD`; look at `inside`: wait while 1 |
//!
//! All are sequentially consistent. So either the vCPU sees the bit, or it is kicked; and either
//! the one who waits sees that it is outside, or the vCPU sees `HELD` and wakes the one. A vCPU
//! that nobody wants anything of touches its own door only.
//!
//! A thread that changes the map may be a vCPU's own, in an exit: then it is not inside.

#![forbid(unsafe_code)]

use super::kick;
use crate::lock::unpoisoned;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32};
use std::sync::{Condvar, Mutex, MutexGuard};

const HELD: u32 = 1 << 0;
const ENDED: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 2;

/// In cache lines of its own: two, because they are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Door {
    inside: AtomicBool,
    attention: AtomicU32,
    /// Who to kick.
    thread: AtomicI32,
}

/// Whether a vCPU may enter the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is inside now.
    Inside,
    /// It is inside now; interrupts are to be looked at first.
    Interrupt,
    /// The guest has ended; it is outside.
    Ended,
}

/// The doors of all vCPUs.
#[derive(Debug)]
pub(super) struct Gate {
    doors: Box<[Door]>,
    /// How many threads wait.
    sleepers: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    pub(super) fn new(cpus: u32) -> Self {
        let doors = (0..cpus).map(|_| Door::default()).collect();
        Self { doors, sleepers: Mutex::default(), changed: Condvar::new() }
    }

    fn door(&self, cpu: u32) -> &Door {
        &self.doors[cpu as usize]
    }

    /// Says that this thread runs a vCPU. Before its first entry.
    pub(super) fn register(&self, cpu: u32) {
        self.door(cpu).thread.store(kick::this_thread(), SeqCst);
    }

    /// Goes into the guest, once it may.
    pub(super) fn enter(&self, cpu: u32) -> Entry {
        let door = self.door(cpu);
        loop {
            door.inside.store(true, SeqCst);
            match door.attention.load(SeqCst) {
                0 => return Entry::Inside,
                INTERRUPT => {
                    door.attention.fetch_and(!INTERRUPT, SeqCst);
                    return Entry::Interrupt;
                }
                other => {
                    self.leave(cpu);
                    if other & ENDED != 0 {
                        return Entry::Ended;
                    }
                    self.wait(|| door.attention.load(SeqCst) & HELD == 0);
                }
            }
        }
    }

    /// Has left the guest.
    pub(super) fn leave(&self, cpu: u32) {
        let door = self.door(cpu);
        door.inside.store(false, SeqCst);
        if door.attention.load(SeqCst) & HELD != 0 {
            self.wake();
        }
    }

    /// Waits outside until the guest has ended or, if it wants that, there is an interrupt.
    pub(super) fn halt(&self, cpu: u32, interruptible: bool) {
        let bits = if interruptible { ENDED | INTERRUPT } else { ENDED };
        self.wait(|| self.door(cpu).attention.load(SeqCst) & bits != 0);
    }

    /// Gets all vCPUs out and keeps them out. One thread at a time.
    pub(super) fn hold(&self) {
        for door in &self.doors {
            door.attention.fetch_or(HELD, SeqCst);
        }
        self.kick_inside();
        self.wait(|| self.doors.iter().all(|door| !door.inside.load(SeqCst)));
    }

    /// Whether any is kept out.
    #[cfg(test)]
    pub(super) fn held(&self) -> bool {
        self.doors.iter().any(|door| door.attention.load(SeqCst) & HELD != 0)
    }

    /// Lets them go on.
    pub(super) fn release(&self) {
        for door in &self.doors {
            door.attention.fetch_and(!HELD, SeqCst);
        }
        self.wake();
    }

    /// The guest has ended: nobody enters any more.
    pub(super) fn end(&self) {
        for door in &self.doors {
            door.attention.fetch_or(ENDED, SeqCst);
        }
        self.kick_inside();
        self.wake();
    }

    /// Has a vCPU look at its interrupts.
    pub(super) fn interrupt(&self, cpu: u32) {
        let door = self.door(cpu);
        if door.attention.fetch_or(INTERRUPT, SeqCst) & INTERRUPT != 0 {
            return;
        }
        if door.inside.load(SeqCst) {
            kick::kick(door.thread.load(SeqCst));
        } else {
            self.wake();
        }
    }

    fn kick_inside(&self) {
        for door in self.doors.iter().filter(|door| door.inside.load(SeqCst)) {
            kick::kick(door.thread.load(SeqCst));
        }
    }

    fn sleepers(&self) -> MutexGuard<'_, usize> {
        unpoisoned(self.sleepers.lock())
    }

    fn wait(&self, done: impl Fn() -> bool) {
        let mut sleepers = self.sleepers();
        *sleepers = sleepers.saturating_add(1);
        while !done() {
            sleepers = unpoisoned(self.changed.wait(sleepers));
        }
        *sleepers = sleepers.saturating_sub(1);
    }

    /// What others wait for may have happened. Who waits looks with the lock held, so nobody
    /// falls asleep between looking and this.
    fn wake(&self) {
        if *self.sleepers() > 0 {
            self.changed.notify_all();
        }
    }
}
