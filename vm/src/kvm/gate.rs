//! Keeps vCPUs out of the guest while slots are replaced, or their registers are read.
//!
//! Each vCPU has a door with two words: `inside` is set while its thread is in `KVM_RUN`, or about
//! to enter it; `attention` has a bit for each request to it. The two sides follow Dekker's
//! algorithm:
//!
//! | the vCPU | a thread with a request |
//! |---|---|
//! | `inside` = 1; read `attention`; `KVM_RUN` | set a bit of `attention`; read `inside`: kick if 1 |
//! | `inside` = 0; read `attention` | set `HELD`; read `inside`: wait while 1 |
//!
//! All accesses are sequentially consistent. So either the vCPU sees the bit, or it is kicked; and
//! either the waiting thread sees that the vCPU is outside, or the vCPU sees `HELD` and wakes the
//! thread. Without requests a vCPU touches only its own door.
//!
//! A vCPU's own thread may change the map during an exit: then that vCPU is not inside.
//!
//! A thread that changes the map without pause would kick each vCPU right after it has entered. So
//! a vCPU that a hold sends back to the gate is *owed* a turn, and the next hold waits until it has
//! entered, and then for about as long as the last hold has lasted. A vCPU that handles an access is owed
//! none: it may wait for a lock of the thread that holds.

#![forbid(unsafe_code)]

use super::kick;
use crate::lock::unpoisoned;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// The shortest turn. An entry takes some microseconds, and the kernel's timers are no finer.
const TURN: Duration = Duration::from_micros(50);
/// The longest: a hold that lasted longer has waited for the host to run some thread.
const LONGEST_TURN: Duration = Duration::from_micros(500);

const HELD: u32 = 1 << 0;
const ENDED: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 2;

/// Aligned to two cache lines, because they are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Door {
    inside: AtomicBool,
    attention: AtomicU32,
    /// A hold has sent the vCPU back to the gate, and it has not entered since.
    owed: AtomicBool,
    /// The thread to kick.
    thread: AtomicI32,
}

/// The result of entering the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The vCPU is inside now.
    Inside,
    /// The vCPU is inside now, and has to check its interrupts before `KVM_RUN`.
    Interrupt,
    /// The guest has ended; the vCPU is outside.
    Ended,
}

/// The doors of all vCPUs.
#[derive(Debug)]
pub(super) struct Gate {
    doors: Box<[Door]>,
    /// The number of waiting threads.
    sleepers: Mutex<usize>,
    changed: Condvar,
    /// A thread holds.
    taken: AtomicBool,
    turns: Mutex<Turns>,
}

/// The times of holds.
#[derive(Debug)]
struct Turns {
    /// The start of the present hold.
    held: Instant,
    /// When the last hold ended, or the last vCPU that it had sent back entered.
    free: Instant,
    /// How long vCPUs run from then on before the next hold.
    turn: Duration,
}

impl Gate {
    pub(super) fn new(cpus: u32) -> Self {
        let doors = (0..cpus).map(|_| Door::default()).collect();
        let now = Instant::now();
        let turns = Mutex::new(Turns { held: now, free: now, turn: Duration::ZERO });
        let taken = AtomicBool::new(false);
        Self { doors, sleepers: Mutex::default(), changed: Condvar::new(), taken, turns }
    }

    fn door(&self, cpu: u32) -> &Door {
        &self.doors[cpu as usize]
    }

    /// Registers this thread as the thread of a vCPU, before its first entry.
    pub(super) fn register(&self, cpu: u32) {
        self.door(cpu).thread.store(kick::this_thread(), SeqCst);
    }

    /// Waits until the vCPU may enter the guest, and enters it.
    pub(super) fn enter(&self, cpu: u32) -> Entry {
        let door = self.door(cpu);
        loop {
            door.inside.store(true, SeqCst);
            match door.attention.load(SeqCst) {
                0 => {
                    self.take_turn(door);
                    return Entry::Inside;
                }
                INTERRUPT => {
                    door.attention.fetch_and(!INTERRUPT, SeqCst);
                    self.take_turn(door);
                    return Entry::Interrupt;
                }
                other => {
                    self.leave(cpu, true);
                    if other & ENDED != 0 {
                        return Entry::Ended;
                    }
                    self.wait(|| door.attention.load(SeqCst) & HELD == 0);
                }
            }
        }
    }

    /// The vCPU has entered.
    fn take_turn(&self, door: &Door) {
        if door.owed.load(SeqCst) {
            unpoisoned(self.turns.lock()).free = Instant::now();
            door.owed.store(false, SeqCst);
            self.wake();
        }
    }

    /// Marks the vCPU as outside. `returns`: it goes back to [`Gate::enter`] at once, and waits for
    /// no other thread before.
    pub(super) fn leave(&self, cpu: u32, returns: bool) {
        let door = self.door(cpu);
        if returns && door.attention.load(SeqCst) & HELD != 0 {
            // Before `inside`: the thread that holds may release, and hold again, right after it.
            door.owed.store(true, SeqCst);
        }
        door.inside.store(false, SeqCst);
        if door.attention.load(SeqCst) & HELD != 0 {
            self.wake();
        }
    }

    /// Waits outside until the guest has ended or, if `interruptible`, an interrupt arrives.
    pub(super) fn halt(&self, cpu: u32, interruptible: bool) {
        let bits = if interruptible { ENDED | INTERRUPT } else { ENDED };
        self.wait(|| self.door(cpu).attention.load(SeqCst) & bits != 0);
    }

    /// Stops all vCPUs and holds them outside. One thread at a time: another one waits for
    /// [`Gate::release`].
    pub(super) fn hold(&self) {
        self.wait(|| !self.taken.swap(true, SeqCst));
        self.give_turns();
        unpoisoned(self.turns.lock()).held = Instant::now();
        for door in &self.doors {
            door.attention.fetch_or(HELD, SeqCst);
        }
        self.kick_inside();
        self.wait(|| self.doors.iter().all(|door| !door.inside.load(SeqCst)));
    }

    /// Waits until vCPUs that the last hold has sent back have run.
    fn give_turns(&self) {
        let over =
            |door: &Door| !door.owed.load(SeqCst) || door.attention.load(SeqCst) & ENDED != 0;
        if !self.doors.iter().all(over) {
            self.wait(|| self.doors.iter().all(over));
        }
        let left = {
            let turns = unpoisoned(self.turns.lock());
            turns.turn.saturating_sub(turns.free.elapsed())
        };
        if !left.is_zero() {
            thread::sleep(left);
        }
    }

    /// Whether any vCPU is held outside.
    #[cfg(test)]
    pub(super) fn held(&self) -> bool {
        self.doors.iter().any(|door| door.attention.load(SeqCst) & HELD != 0)
    }

    /// Releases the vCPUs.
    pub(super) fn release(&self) {
        let sent_back = self.doors.iter().any(|door| door.owed.load(SeqCst));
        {
            let mut turns = unpoisoned(self.turns.lock());
            turns.free = Instant::now();
            turns.turn = match sent_back {
                true => turns.held.elapsed().clamp(TURN, LONGEST_TURN),
                false => Duration::ZERO,
            };
        }
        for door in &self.doors {
            door.attention.fetch_and(!HELD, SeqCst);
        }
        self.taken.store(false, SeqCst);
        self.wake();
    }

    /// Ends the guest: no vCPU enters it any more.
    pub(super) fn end(&self) {
        for door in &self.doors {
            door.attention.fetch_or(ENDED, SeqCst);
        }
        self.kick_inside();
        self.wake();
    }

    /// Makes a vCPU check its interrupts.
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

    /// Wakes the waiting threads. They check their conditions with the lock held, so no wake-up is
    /// lost between the check and the sleep.
    fn wake(&self) {
        if *self.sleepers() > 0 {
            self.changed.notify_all();
        }
    }
}
