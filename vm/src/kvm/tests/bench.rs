//! The benchmark (`make bench-vm`): what gasp-vm adds to KVM.

#![allow(unsafe_code)]

use super::super::start;
use super::counts::{RAM, TRAP, region};
use super::*;
use core::cell::RefCell;
use core::ffi::{c_int, c_ulong, c_void};
use gasp_abi::{gasp_cpu, gasp_region, gasp_trap, qvm_state_block};
use gasp_safe::Space;
use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

const KVM_RUN: c_ulong = 0xae80;
/// Trapped accesses of a guest.
const ACCESSES: u32 = 100_000;
/// The most nanoseconds that a trapped access may take in the process, on average.
const TARGET: f64 = 300.0;

/// When `KVM_RUN` was called and returned, in a thread that measures.
#[derive(Debug, Default)]
struct Times {
    returned: Option<u64>,
    between: Vec<u64>,
}

thread_local! {
    static TIMES: RefCell<Option<Times>> = const { RefCell::new(None) };
}

fn ticks() -> u64 {
    // SAFETY: no preconditions.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Stands before libc's, so that the time outside of `KVM_RUN` can be taken at its very edges.
///
/// # Safety
/// As for the system call.
#[unsafe(no_mangle)]
unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, arg: *mut c_void) -> c_int {
    let measured = request == KVM_RUN;
    if measured {
        let now = ticks();
        TIMES.with_borrow_mut(|times| {
            if let Some(Times { returned: Some(returned), between }) = times {
                between.push(now - *returned);
            }
        });
    }
    // SAFETY: the caller's promise.
    let code = unsafe { libc::syscall(libc::SYS_ioctl, fd, request, arg) };
    if measured {
        TIMES.with_borrow_mut(|times| {
            if let Some(times) = times {
                times.returned = Some(ticks());
            }
        });
    }
    c_int::try_from(code).unwrap_or(-1)
}

/// As long as it lives, this thread measures.
#[derive(Debug)]
struct Measuring<'a>(&'a Mutex<Vec<u64>>);

impl<'a> Measuring<'a> {
    fn new(result: &'a Mutex<Vec<u64>>) -> Self {
        let between = Vec::with_capacity(2 * ACCESSES as usize);
        TIMES.set(Some(Times { returned: None, between }));
        Self(result)
    }
}

impl Drop for Measuring<'_> {
    fn drop(&mut self) {
        let times = TIMES.take().unwrap_or_default();
        self.0.lock().expect("poisoned").extend(times.between);
    }
}

/// Ticks of the time stamp counter in a nanosecond.
fn rate() -> f64 {
    let (start, from) = (Instant::now(), ticks());
    thread::sleep(std::time::Duration::from_millis(50));
    (ticks() - from) as f64 / start.elapsed().as_nanos() as f64
}

/// Says how long it took, and returns the mean in nanoseconds. The slowest hundredth is left out
/// of it: there the thread was interrupted by the host.
fn report(what: &str, samples: &Mutex<Vec<u64>>, rate: f64) -> f64 {
    let mut samples = samples.lock().expect("poisoned").clone();
    samples.sort_unstable();
    let count = samples.len();
    assert!(count >= ACCESSES as usize, "{what}: {count} accesses");
    let at = |percent: usize| samples[count * percent / 100] as f64 / rate;
    let most = &samples[..count * 99 / 100];
    let mean = most.iter().sum::<u64>() as f64 / most.len() as f64 / rate;
    let (median, p90, p99) = (at(50), at(90), at(99));
    println!("{what:24} mean {mean:6.1}  median {median:6.1}  p90 {p90:6.1}  p99 {p99:6.1} ns");
    mean
}

unsafe extern "C" fn nothing(_: *mut c_void, _: *mut gasp_cpu, _: *const gasp_trap) -> c_int {
    0
}

/// A guest that makes trapped accesses.
fn busy(code: &[u8]) -> Guest {
    let guest = guest(0x10000, code);
    guest.write(0x2000, &ACCESSES.to_le_bytes()).expect("no memory");
    let ports = qvm_state_block { location: 0x80, length: 1, r#type: 0x8000, flags: 0 };
    let ports = gasp_region { guest: ports, ..region((0, 1, TRAP, 0)) };
    guest.set(&[region((8, 1, TRAP, 0)), ports]).expect("no traps");
    // SAFETY: the function looks at nothing.
    unsafe { guest.set_trap_handler(Some(nothing), core::ptr::null_mut()) }.expect("no handler");
    guest
}

/// The same code without gasp-vm: the loop that does nothing for an exit.
fn bare(guest: &Guest, samples: &Mutex<Vec<u64>>) {
    let vm = Kvm::new().expect("KVM").create_vm().expect("a VM");
    for (slot, span) in (0..).zip(guest.spans(Space::Memory)) {
        if span.flags & TRAP == 0 {
            let size = span.last - span.location + 1;
            set(&vm, slot, span.location, size, span.host_location);
        }
    }
    let mut vcpu = vm.create_vcpu(0).expect("a vCPU");
    start::apply(&START, 0, &vcpu).expect("registers");
    let _measuring = Measuring::new(samples);
    while goes_on(&mut vcpu) {}
}

fn goes_on(vcpu: &mut VcpuFd) -> bool {
    match vcpu.run().expect("KVM_RUN") {
        VcpuExit::MmioRead(_, data) => data.fill(0),
        VcpuExit::IoOut(..) => {}
        VcpuExit::Hlt => return false,
        other => panic!("{other:?}"),
    }
    true
}

fn set(vm: &VmFd, slot: u32, gpa: u64, size: u64, host: u64) {
    let region = kvm_userspace_memory_region {
        slot,
        flags: 0,
        guest_phys_addr: gpa,
        memory_size: size,
        userspace_addr: host,
    };
    // SAFETY: memory of a guest that lives longer than the VM.
    unsafe { vm.set_user_memory_region(region) }.expect("a slot");
}

#[test]
#[ignore = "a benchmark: make bench-vm"]
fn bench_accesses() {
    let rate = rate();
    println!("\nin the process, between two KVM_RUN (target {TARGET} ns):");
    for (name, code) in [("port write", code::port_writes()), ("memory read", code::memory_reads())]
    {
        let guest = busy(code);
        let (own, other) = (Mutex::default(), Mutex::default());
        let Some(mut machine) = machine("bench_accesses", &guest, &START, 1) else { return };
        machine.run(false, |_, _| Measuring::new(&own)).expect("failed");
        bare(&guest, &other);
        report(&format!("{name}, bare loop"), &other, rate);
        let mean = report(&format!("{name}, gasp-vm"), &own, rate);
        println!("{name}: {}", if mean <= TARGET { "reached" } else { "NOT REACHED" });
    }
}

/// How many changes are timed.
const CHANGES: u32 = 200;
/// Four pages that are split and merged.
const SPLIT: u64 = 0x800;

/// A guest with this many slots more, and the four pages.
fn slots(count: u32) -> Guest {
    let guest = guest(0x10000, code::count());
    guest.add_memory(SPLIT << 12, 0x4000, Memory::Ram).expect("no memory");
    guest.add_memory(0x100_0000, u64::from(count) << 13, Memory::Ram).expect("no memory");
    for page in 0..u64::from(count) {
        guest.set(&[region((0x1001 + 2 * page, 1, TRAP, 0))]).expect("not split");
    }
    guest
}

/// Microseconds of each ioctl of a split and a merge: the median of many. `ready` comes before
/// each of them, and is not timed.
fn timed(ready: &dyn Fn(), split: impl Fn(), merge: impl Fn()) -> f64 {
    let time = |change: &dyn Fn()| {
        ready();
        let start = Instant::now();
        change();
        start.elapsed()
    };
    let mut times: Vec<_> = (0..CHANGES).map(|_| time(&split) + time(&merge)).collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6 / 6.0
}

/// The same six ioctls, and nothing else.
fn floor(vm: &VmFd, host: u64, slot: u32, ready: &dyn Fn()) -> f64 {
    let gpa = SPLIT << 12;
    let make = |slot, first: u64, pages: u64| {
        set(vm, slot, gpa + (first << 12), pages << 12, host + (first << 12));
    };
    let delete = |slot, first: u64| set(vm, slot, gpa + (first << 12), 0, host + (first << 12));
    let split = || {
        delete(slot, 0);
        make(slot, 0, 1);
        make(slot + 1, 2, 2);
    };
    let merge = || {
        delete(slot, 0);
        delete(slot + 1, 2);
        make(slot, 0, 4);
    };
    let time = timed(ready, split, merge);
    delete(slot, 0);
    time
}

fn own(guest: &Guest, ready: &dyn Fn()) -> f64 {
    timed(
        ready,
        || guest.set(&[region((SPLIT + 1, 1, TRAP, 0))]).expect("not split"),
        || guest.set(&[region((SPLIT + 1, 1, RAM, 0))]).expect("not merged"),
    )
}

/// Runs `work` while a guest counts, and stops the guest. The argument of `work` waits until the
/// guest has counted on, so that a vCPU is in the guest during a change.
fn beside(guest: &Guest, run: impl FnOnce() + Send, work: impl FnOnce(&dyn Fn()) -> f64) -> f64 {
    let gone_on = || {
        let before = word(guest, 0x3004);
        while word(guest, 0x3004) == before {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(run);
        let time = work(&gone_on);
        guest.write(0x3000, &[1]).expect("not stopped");
        time
    })
}

/// A VM without gasp-vm, with the slots of this map. The last slot is the one to be split.
fn bare_vm(guest: &Guest) -> (VmFd, VcpuFd, u64, u32) {
    let vm = Kvm::new().expect("KVM").create_vm().expect("a VM");
    let mut spans = guest.spans(Space::Memory);
    spans.retain(|span| span.flags & TRAP == 0);
    spans.sort_by_key(|span| span.location == SPLIT << 12);
    for (slot, span) in (0..).zip(&spans) {
        set(&vm, slot, span.location, span.last - span.location + 1, span.host_location);
    }
    let vcpu = vm.create_vcpu(0).expect("a vCPU");
    start::apply(&START, 0, &vcpu).expect("registers");
    let last = u32::try_from(spans.len() - 1).expect("few slots");
    (vm, vcpu, spans[spans.len() - 1].host_location, last)
}

#[test]
#[ignore = "a benchmark: make bench-vm"]
fn bench_changes() {
    println!("\nus for each ioctl of a split and a merge (3 each), median of {CHANGES}:");
    for count in [1, 64, 1024] {
        for running in [false, true] {
            let guest = slots(count);
            let Some(mut machine) = machine("bench_changes", &guest, &START, 1) else { return };
            let run = || assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0);
            let ours = |ready: &dyn Fn()| own(&guest, ready);
            let ours = if running { beside(&guest, run, ours) } else { ours(&|| ()) };
            drop(machine);
            guest.write(0x3000, &[0]).expect("not reset");
            let (vm, mut vcpu, host, slot) = bare_vm(&guest);
            let run = || while goes_on(&mut vcpu) {};
            let least = |ready: &dyn Fn()| floor(&vm, host, slot, ready);
            let least = if running { beside(&guest, run, least) } else { least(&|| ()) };
            let vcpu = if running { "a running vCPU" } else { "no running vCPU" };
            let rest = ours / least;
            println!("{count:5} slots, {vcpu:15} gasp-vm {ours:7.1}  bare {least:7.1}  {rest:.2}x");
        }
    }
}
