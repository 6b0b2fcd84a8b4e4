//! What each thread does for vdevs, for those who cannot ask the thread: the watchdog and the crash
//! handler.
//!
//! Each thread that calls a watched vdev has a record, which stays when the thread ends, for the next
//! one. A signal handler finds its own by the number of the thread, because thread-local variables
//! can allocate memory.

#![allow(unsafe_code)]

use crate::call::{Call, Callback};
use crate::stack::Stack;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
    fence,
};

/// A call that other threads can read.
#[derive(Debug)]
struct Shown {
    set: AtomicUsize,
    vdev: AtomicUsize,
    callback: AtomicU32,
    number: AtomicU64,
    length: AtomicUsize,
}

impl Shown {
    const fn new() -> Self {
        Self {
            set: AtomicUsize::new(0),
            vdev: AtomicUsize::new(0),
            callback: AtomicU32::new(0),
            number: AtomicU64::new(0),
            length: AtomicUsize::new(0),
        }
    }

    fn store(&self, call: &Call) {
        self.set.store(call.set, Relaxed);
        self.vdev.store(call.vdev, Relaxed);
        self.callback.store(call.callback as u32, Relaxed);
        self.number.store(call.number, Relaxed);
        self.length.store(call.length, Relaxed);
    }

    fn load(&self) -> Call {
        let callback = self.callback.load(Relaxed) as usize;
        Call {
            set: self.set.load(Relaxed),
            vdev: self.vdev.load(Relaxed),
            callback: Callback::of(callback),
            number: self.number.load(Relaxed),
            length: self.length.load(Relaxed),
        }
    }
}

/// What one thread does.
#[derive(Debug)]
struct Record {
    next: AtomicPtr<Record>,
    /// The number of the thread; 0: no thread has the record.
    thread: AtomicI32,
    /// Odd while a vdev is called. Each outermost call counts twice.
    sequence: AtomicU64,
    /// How many calls are inside of each other.
    depth: AtomicU32,
    /// The outermost call. It does not change while the sequence is odd.
    outer: Shown,
    /// The innermost call or, outside of all, the vdev to which the thread belongs.
    inner: Shown,
    /// Whether the innermost call makes an access, which libgasp may let fault.
    is_accessing: AtomicBool,
}

static FIRST: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

/// All records.
fn all() -> impl Iterator<Item = &'static Record> {
    // SAFETY: records are never freed.
    let at = |record: &AtomicPtr<Record>| unsafe { record.load(Acquire).as_ref() };
    core::iter::successors(at(&FIRST), move |record| at(&record.next))
}

/// A thread's record. It is given back when the thread ends.
struct Own {
    record: &'static Record,
    _stack: Option<Stack>,
}

thread_local! {
    static OWN: Own = Own { record: acquire(), _stack: Stack::new() };
}

impl Drop for Own {
    fn drop(&mut self) {
        self.record.forget();
        self.record.thread.store(0, Release);
    }
}

/// The number of this thread.
fn this_thread() -> i32 {
    // SAFETY: no preconditions.
    unsafe { libc::gettid() }
}

/// A record for this thread.
fn acquire() -> &'static Record {
    let me = this_thread();
    let free = |record: &&Record| record.thread.compare_exchange(0, me, AcqRel, Relaxed).is_ok();
    if let Some(record) = all().find(free) {
        return record;
    }
    let record: &'static Record = Box::leak(Box::new(Record {
        next: AtomicPtr::new(ptr::null_mut()),
        thread: AtomicI32::new(me),
        sequence: AtomicU64::new(0),
        depth: AtomicU32::new(0),
        outer: Shown::new(),
        inner: Shown::new(),
        is_accessing: AtomicBool::new(false),
    }));
    let this = ptr::from_ref(record).cast_mut();
    // The closure always has a value.
    let _ = FIRST.fetch_update(AcqRel, Acquire, |first| {
        record.next.store(first, Relaxed);
        Some(this)
    });
    record
}

impl Record {
    fn forget(&self) {
        self.inner.store(&Call::NONE);
        self.is_accessing.store(false, Relaxed);
        self.depth.store(0, Relaxed);
        let sequence = self.sequence.load(Relaxed);
        self.sequence.store(sequence.next_multiple_of(2), Release);
    }

    fn step(&self) {
        // Only this thread writes it.
        self.sequence.store(self.sequence.load(Relaxed).wrapping_add(1), Release);
    }
}

/// A call that is under way. It has no destructor, because the vdev need not return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entered {
    record: &'static Record,
    depth: u32,
    before: Call,
    was_accessing: bool,
}

/// This thread calls a vdev. `None`: the thread is about to end.
pub(crate) fn enter(call: &Call) -> Option<Entered> {
    let record = OWN.try_with(|own| own.record).ok()?;
    let depth = record.depth.load(Relaxed);
    let was_accessing = record.is_accessing.swap(false, Relaxed);
    let entered = Entered { record, depth, before: record.inner.load(), was_accessing };
    record.inner.store(call);
    record.depth.store(depth.saturating_add(1), Relaxed);
    if depth == 0 {
        // Who sees the new call sees that the earlier one has ended.
        fence(Release);
        record.outer.store(call);
        record.step();
    }
    Some(entered)
}

impl Entered {
    /// The vdev has returned.
    pub(crate) fn leave(self) {
        let Self { record, depth, before, was_accessing } = self;
        record.inner.store(&before);
        record.is_accessing.store(was_accessing, Relaxed);
        record.depth.store(depth, Relaxed);
        if depth == 0 {
            record.step();
        }
    }
}

/// This thread belongs to a vdev from now on.
pub(crate) fn belong_to(call: &Call) {
    // A thread that ends calls nothing here.
    let _ = OWN.try_with(|own| own.record.inner.store(call));
}

/// This thread returns to none of its calls.
pub(crate) fn forget() {
    if !FIRST.load(Relaxed).is_null() {
        let _ = OWN.try_with(|own| own.record.forget());
    }
}

/// Makes an access of a vdev's, during which libgasp may let a fault happen.
#[inline]
pub(crate) fn accessing<T>(access: impl FnOnce() -> T) -> T {
    if FIRST.load(Relaxed).is_null() {
        return access();
    }
    let set = |value| {
        let _ = OWN.try_with(|own| own.record.is_accessing.store(value, Relaxed));
    };
    set(true);
    let answer = access();
    set(false);
    answer
}

/// What this thread does, for a signal handler: the call, and whether libgasp makes an access.
pub(crate) fn here() -> Option<(Call, bool)> {
    let me = this_thread();
    let record = all().find(|record| record.thread.load(Relaxed) == me)?;
    let call = record.inner.load();
    (call.vdev != 0).then(|| (call, record.is_accessing.load(Relaxed)))
}

/// A thread that calls a vdev.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Busy {
    pub(crate) thread: i32,
    /// Another number is another call.
    pub(crate) sequence: u64,
    pub(crate) call: Call,
    /// The vdev that is called inside of it; often the same.
    pub(crate) innermost: usize,
}

/// The threads that call vdevs of a set.
pub(crate) fn busy(set: usize) -> impl Iterator<Item = Busy> {
    all().filter_map(move |record| {
        let sequence = record.sequence.load(Acquire);
        let (thread, call) = (record.thread.load(Relaxed), record.outer.load());
        let innermost = record.inner.vdev.load(Relaxed);
        fence(Acquire);
        let is_one = sequence % 2 == 1 && record.sequence.load(Relaxed) == sequence;
        (is_one && call.set == set).then_some(Busy { thread, sequence, call, innermost })
    })
}
