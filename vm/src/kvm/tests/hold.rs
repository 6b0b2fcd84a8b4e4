//! No access and no fetch is lost while another thread holds the lock, takes RAM away page by page,
//! and gives it back: code, data and stacks of the vCPUs are there.

#![allow(unsafe_code)]

use super::counts::{DELETE, RAM};
use super::*;
use gasp_abi::{GASP_GUEST_HOLD_MISSES, qvm_state_types as qst};
use gasp_safe::{Space, Unsupported};
use std::thread;
use std::time::Duration;

/// The pages with code and data.
const PAGES: [u64; 3] = [0x1000, 0x2000, 0x3000];
const CPUS: u32 = 2;

/// `GASP_VM_ROUNDS`, or few.
fn rounds() -> u32 {
    std::env::var("GASP_VM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(100)
}

fn guest_that_counts() -> Guest {
    let guest = Guest::with(GASP_GUEST_HOLD_MISSES).expect("no guest");
    guest.add_memory(0, 0x10000, Memory::Ram).expect("no memory");
    guest.write(0x1000, code::count()).expect("no code");
    guest.set_unsupported(Unsupported::Fail).expect("no policy");
    guest
}

/// Runs `change` with the lock of memory held.
fn locked(guest: &Guest, change: impl FnOnce()) {
    let memory = qst::QST_MEMORY as u16;
    // SAFETY: the handle is a guest's.
    assert_eq!(unsafe { gasp_abi::gasp_lock(guest.handle(), memory) }, 0);
    change();
    // SAFETY: as above.
    assert_eq!(unsafe { gasp_abi::gasp_unlock(guest.handle(), memory) }, 0);
}

/// The page at a location, as it is to be; each page is a call of its own.
fn set(guest: &Guest, location: u64, flags: u32, host_location: u64) {
    let block = qvm_state_block { location, length: 0x1000, r#type: 0, flags: 0 };
    let vdev = core::ptr::null_mut();
    let region = gasp_region { flags, cookie: 0, vdev, host_location, guest: block };
    guest.set(&[region]).expect("not changed");
}

fn take_and_give_back(guest: &Guest, host: u64) {
    locked(guest, || {
        PAGES.iter().for_each(|page| set(guest, *page, DELETE, 0));
        thread::yield_now();
        PAGES.iter().for_each(|page| set(guest, *page, RAM, host + page));
    });
}

/// The counts of a vCPU, in four ways.
fn counted(guest: &Guest, cpu: u32) -> [u32; 4] {
    [0, 4, 8, 12].map(|offset| word(guest, 0x3100 + 32 * u64::from(cpu) + offset))
}

#[test]
fn steps_with_the_lock_held_lose_no_access_and_no_fetch() {
    let guest = guest_that_counts();
    let Some(mut machine) = machine("hold", &guest, &START, CPUS) else { return };
    let host = guest.spans(Space::Memory)[0].host_location;
    thread::scope(|scope| {
        scope.spawn(|| {
            while (0..CPUS).any(|cpu| counted(&guest, cpu)[0] == 0) {
                thread::sleep(Duration::from_millis(1));
            }
            for _ in 0..rounds() {
                take_and_give_back(&guest, host);
            }
            guest.write(0x3000, &[1]).expect("not stopped");
        });
        assert_eq!(machine.run(false, |_, _| ()).expect("the guest failed"), 0);
    });
    for cpu in 0..CPUS {
        let [plain, locked, stack, register] = counted(&guest, cpu);
        assert_eq!([plain, locked, stack], [register; 3], "vCPU {cpu}");
    }
    assert_eq!(guest.counts().unsupported, [0; 3]);
}
