//! The lock of a space: it spans calls, knows its owner, and refuses waits that would not end.
//!
//! A thread is known by a number that is never used again, so the lock of a thread that ended
//! stays that thread's. Waiting threads are listed for the whole process: who is about to wait
//! follows the list from owner to owner, and is refused if it comes back to itself.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::space::Kind;
use crate::sys::process::keep_errno;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use parking_lot::{Condvar, Mutex};

/// How often a thread can take a lock without giving it back.
const DEEPEST: u32 = 65_535;
/// The owner of a lock that is free.
const NOBODY: u64 = 0;

/// The number of the calling thread.
#[inline(always)]
pub(crate) fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NOBODY + 1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(NOBODY) };
    }
    NUMBER.with(|number| {
        if number.get() == NOBODY {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}

/// A recursive lock that can be given back by another call than the one that took it.
#[derive(Debug)]
pub(crate) struct Lock {
    owner: AtomicU64,
    /// How often the owner has it; only the owner uses this.
    depth: AtomicU32,
    waiters: AtomicU32,
    /// A waiter that was woken in vain: the lock is handed to it, for fairness.
    heir: AtomicU64,
    sleep: Mutex<()>,
    woken: Condvar,
}

impl Lock {
    /// A free lock.
    pub(crate) const fn new() -> Self {
        Self {
            owner: AtomicU64::new(NOBODY),
            depth: AtomicU32::new(0),
            waiters: AtomicU32::new(0),
            heir: AtomicU64::new(NOBODY),
            sleep: Mutex::new(()),
            woken: Condvar::new(),
        }
    }

    /// Takes the lock, waiting for it if need be. `kind` is for the message.
    #[inline]
    pub(crate) fn lock(&'static self, kind: Kind) -> Result<(), Error> {
        let me = this_thread();
        if self.owner.load(Relaxed) == me {
            let depth = self.depth.load(Relaxed);
            if depth == DEEPEST {
                return Err(Error::TooDeep(kind));
            }
            self.depth.store(depth + 1, Relaxed);
            return Ok(());
        }
        if self.owner.compare_exchange(NOBODY, me, SeqCst, Relaxed).is_err() {
            keep_errno(|| self.wait(me, kind))?;
        }
        self.depth.store(1, Relaxed);
        Ok(())
    }

    /// Gives the lock back once.
    #[inline]
    pub(crate) fn unlock(&self, kind: Kind) -> Result<(), Error> {
        if !self.is_mine() {
            return Err(Error::NotOwner(kind));
        }
        let depth = self.depth.load(Relaxed) - 1;
        self.depth.store(depth, Relaxed);
        if depth == 0 {
            self.release();
        }
        Ok(())
    }

    /// Takes the lock if nobody has it, or this thread has it anyway, until the result is
    /// dropped.
    pub(crate) fn try_hold(&'static self, kind: Kind) -> Option<Held> {
        if self.is_mine() {
            return Some(Held { lock: None, kind });
        }
        self.owner.compare_exchange(NOBODY, this_thread(), SeqCst, Relaxed).ok()?;
        self.depth.store(1, Relaxed);
        Some(Held { lock: Some(self), kind })
    }

    /// Makes the lock free, whoever has it. Nobody may be waiting for it.
    pub(crate) fn reset(&self) {
        self.depth.store(0, Relaxed);
        self.owner.store(NOBODY, SeqCst);
    }

    /// Whether the calling thread has the lock.
    #[inline]
    pub(crate) fn is_mine(&self) -> bool {
        self.owner.load(Relaxed) == this_thread()
    }

    /// Takes the lock until the result is dropped, if the thread does not have it anyway.
    #[inline]
    pub(crate) fn hold(&'static self, kind: Kind) -> Result<Held, Error> {
        if self.is_mine() {
            return Ok(Held { lock: None, kind });
        }
        self.lock(kind)?;
        Ok(Held { lock: Some(self), kind })
    }

    fn release(&self) {
        let heir = match self.waiters.load(SeqCst) {
            0 => NOBODY,
            _ => self.heir.swap(NOBODY, SeqCst),
        };
        self.owner.store(heir, SeqCst);
        // A waiter counts itself before it looks at the owner for the last time: either it sees
        // the new owner, or it is seen here.
        if self.waiters.load(SeqCst) != 0 {
            keep_errno(|| {
                drop(self.sleep.lock());
                self.woken.notify_all();
            });
        }
    }

    #[cold]
    fn wait(&'static self, me: u64, kind: Kind) -> Result<(), Error> {
        let _listed = Wait::enter(me, self, kind)?;
        let mut asleep = self.sleep.lock();
        self.waiters.fetch_add(1, SeqCst);
        while self.owner.load(SeqCst) != me
            && self.owner.compare_exchange(NOBODY, me, SeqCst, Relaxed).is_err()
        {
            self.woken.wait(&mut asleep);
            if self.owner.load(SeqCst) != NOBODY {
                // Somebody was faster; if nobody is heir yet, be it.
                let _ = self.heir.compare_exchange(NOBODY, me, SeqCst, Relaxed);
            }
        }
        let _ = self.heir.compare_exchange(me, NOBODY, SeqCst, Relaxed);
        self.waiters.fetch_sub(1, SeqCst);
        Ok(())
    }
}

/// A lock taken for as long as this lives.
#[derive(Debug)]
pub(crate) struct Held {
    lock: Option<&'static Lock>,
    kind: Kind,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(lock) = self.lock {
            // The only error is that of a thread without the lock, and this one has it.
            let _ = lock.unlock(self.kind);
        }
    }
}

/// Who waits for which lock, in the whole process.
static WAITS: Mutex<Vec<(u64, &'static Lock)>> = Mutex::new(Vec::new());

/// An entry in [`WAITS`] for as long as this lives.
struct Wait {
    thread: u64,
}

impl Wait {
    /// Lists a wait, unless it would close a cycle. Each thread that waits is listed under the
    /// same mutex, so the last one to close a cycle sees all the others.
    fn enter(thread: u64, wanted: &'static Lock, kind: Kind) -> Result<Self, Error> {
        let mut waits = WAITS.lock();
        let mut lock = wanted;
        for _ in 0..=waits.len() {
            let owner = lock.owner.load(SeqCst);
            if owner == thread {
                return Err(Error::Deadlock(kind));
            }
            // A thread that was just given the lock it is listed for waits no more.
            let wait = waits.iter().find(|wait| wait.0 == owner && !ptr::eq(wait.1, lock));
            match wait {
                Some((_, next)) => lock = next,
                None => break,
            }
        }
        waits.try_reserve(1).map_err(|_| Error::NoMemory)?;
        waits.push((thread, wanted));
        Ok(Self { thread })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITS.lock().retain(|wait| wait.0 != self.thread);
    }
}
