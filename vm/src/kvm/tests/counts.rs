//! How many ioctls changes take, and whether vCPUs are held for them.

use super::fake::Followed;
use gasp_abi::{gasp_region, gasp_region_flags as grf, qvm_state_block};
use gasp_safe::{Guest, flags};

pub(super) const RAM: u32 = grf::GRF_PASS_ANY as u32;
pub(super) const ROM: u32 = flags([grf::GRF_PASS_RD, grf::GRF_PASS_EX]);
pub(super) const TRAP: u32 = flags([grf::GRF_VIRT_RD, grf::GRF_VIRT_WR]);
pub(super) const WATCH: u32 = flags([grf::GRF_PASS_RD, grf::GRF_VIRT_WR]);
pub(super) const BLIND: u32 = flags([grf::GRF_VIRT_RD, grf::GRF_PASS_WR]);
pub(super) const DELETE: u32 = 0;

/// Pages from a number on, how many, their flags, and the number of the host page behind them.
pub(super) type Pages = (u64, u32, u32, u64);

pub(super) fn region((page, count, flags, host): Pages) -> gasp_region {
    let guest = qvm_state_block { location: page << 12, length: count << 12, r#type: 0, flags: 0 };
    gasp_region { flags, cookie: 0, vdev: core::ptr::null_mut(), host_location: host << 12, guest }
}

pub(super) fn regions(pages: &[Pages]) -> Vec<gasp_region> {
    pages.iter().copied().map(region).collect()
}

/// A map, a change, how many ioctls it takes, and whether vCPUs are held.
type Case = (&'static str, &'static [Pages], &'static [Pages], u32, bool);

const CASES: [Case; 26] = [
    ("add", &[], &[(8, 4, RAM, 0x108)], 1, false),
    ("add apart", &[(0, 4, RAM, 0x100)], &[(8, 4, RAM, 0x108)], 1, false),
    ("add what does not continue", &[(0, 4, RAM, 0x100)], &[(4, 4, RAM, 0x204)], 1, false),
    ("add what continues", &[(0, 4, RAM, 0x100)], &[(4, 4, RAM, 0x104)], 2, true),
    ("add read-only beside", &[(0, 4, RAM, 0x100)], &[(4, 4, ROM, 0x104)], 1, false),
    ("add what traps", &[], &[(8, 4, TRAP, 0)], 0, false),
    ("delete", &[(0, 4, RAM, 0x100)], &[(0, 4, DELETE, 0)], 1, false),
    ("delete the end", &[(0, 4, RAM, 0x100)], &[(3, 1, DELETE, 0)], 2, true),
    ("delete what traps", &[(0, 4, TRAP, 0)], &[(0, 4, DELETE, 0)], 0, false),
    ("split", &[(0, 4, RAM, 0x100)], &[(1, 1, TRAP, 0)], 3, true),
    ("split by a hole", &[(0, 4, RAM, 0x100)], &[(1, 1, DELETE, 0)], 3, true),
    ("split by trapped reads", &[(0, 4, RAM, 0x100)], &[(1, 1, BLIND, 0)], 3, true),
    ("merge", &[(0, 4, RAM, 0x100), (1, 1, TRAP, 0)], &[(1, 1, RAM, 0)], 3, true),
    (
        "merge by a bridge",
        &[(0, 1, RAM, 0x100), (2, 2, RAM, 0x102)],
        &[(1, 1, RAM, 0x101)],
        3,
        true,
    ),
    ("trap all", &[(0, 4, RAM, 0x100)], &[(0, 4, TRAP, 0)], 1, false),
    ("pass all", &[(0, 4, RAM, 0x100), (0, 4, TRAP, 0)], &[(0, 4, RAM, 0)], 1, false),
    ("protect", &[(0, 4, RAM, 0x100)], &[(0, 4, ROM, 0)], 2, true),
    ("trap writes", &[(0, 4, RAM, 0x100)], &[(0, 4, WATCH, 0)], 2, true),
    ("trap writes of a page", &[(0, 4, RAM, 0x100)], &[(1, 1, WATCH, 0)], 4, true),
    ("read-only two ways", &[(0, 4, ROM, 0x100)], &[(1, 1, WATCH, 0)], 0, false),
    ("move", &[(0, 4, RAM, 0x100)], &[(0, 4, DELETE, 0), (8, 4, RAM, 0x100)], 1, false),
    ("slide", &[(0, 4, RAM, 0x100)], &[(0, 4, DELETE, 0), (2, 4, RAM, 0x100)], 1, true),
    (
        "move two in a row",
        &[(0, 4, RAM, 0x100), (4, 4, RAM, 0x200)],
        &[(0, 8, DELETE, 0), (4, 4, RAM, 0x100), (8, 4, RAM, 0x200)],
        2,
        true,
    ),
    (
        "swap",
        &[(0, 4, RAM, 0x100), (4, 4, RAM, 0x200)],
        &[(0, 8, DELETE, 0), (0, 4, RAM, 0x200), (4, 4, RAM, 0x100)],
        3,
        true,
    ),
    (
        "rotate three",
        &[(0, 2, RAM, 0x100), (2, 2, RAM, 0x200), (4, 2, RAM, 0x300)],
        &[(0, 6, DELETE, 0), (0, 2, RAM, 0x300), (2, 2, RAM, 0x100), (4, 2, RAM, 0x200)],
        4,
        true,
    ),
    ("other memory", &[(0, 4, RAM, 0x100)], &[(0, 4, DELETE, 0), (0, 4, RAM, 0x200)], 2, true),
];

#[test]
fn changes_take_the_fewest_ioctls() {
    for (name, before, change, ioctls, held) in CASES {
        let guest = Guest::new().expect("no guest");
        let followed = Followed::new(&guest, 100);
        guest.set(&regions(before)).expect(name);
        let (_, holds) = (followed.fake.calls(), followed.slots.holds());
        let cost = guest.dry_run(&regions(change)).expect(name);
        assert_eq!(followed.fake.calls(), 0, "{name}: a dry run does nothing");
        guest.set(&regions(change)).expect(name);
        assert_eq!(followed.fake.calls(), ioctls, "{name}");
        assert_eq!(cost.ioctls, u64::from(ioctls), "{name}: as it was estimated");
        assert_eq!(cost.slots_left, 100 - followed.fake.slots().len() as u64, "{name}");
        assert_eq!(followed.slots.holds() - holds, u64::from(held), "{name}: held");
        followed.check();
    }
}

#[test]
fn cookies_cost_nothing() {
    let guest = Guest::new().expect("no guest");
    guest.set(&regions(&[(0, 4, RAM, 0x100)])).expect("not added");
    let followed = Followed::new(&guest, 100);
    let marked = gasp_region { cookie: 7, ..region((1, 1, RAM, 0)) };
    guest.set(&[marked]).expect("not changed");
    assert_eq!(followed.fake.calls(), 0);
    followed.check();
}

#[test]
fn the_present_map_is_taken_over_and_given_back() {
    let guest = Guest::new().expect("no guest");
    guest.set(&regions(&[(0, 4, RAM, 0x100), (8, 4, ROM, 0x200), (16, 4, TRAP, 0)])).expect("set");
    let followed = Followed::new(&guest, 100);
    followed.check();
    assert_eq!(followed.fake.slots().len(), 2);
    let fake = std::sync::Arc::clone(&followed.fake);
    drop(followed);
    assert_eq!(fake.slots().len(), 0);
}

#[test]
fn the_limit_is_said_before_it_is_hit() {
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, 3);
    guest.set(&regions(&[(0, 8, RAM, 0x100)])).expect("one slot");
    assert_eq!(guest.dry_run(&regions(&[(1, 1, TRAP, 0)])).expect("two slots").slots_left, 1);
    guest.set(&regions(&[(1, 1, TRAP, 0)])).expect("two slots");
    guest.set(&regions(&[(3, 1, TRAP, 0)])).expect("three slots");
    followed.fake.calls();
    let one_more = regions(&[(5, 1, TRAP, 0)]);
    assert_eq!(guest.dry_run(&one_more).expect_err("four slots").errno, libc::ENOSPC);
    assert_eq!(guest.set(&one_more).expect_err("four slots").errno, libc::ENOSPC);
    assert_eq!(followed.fake.calls(), 0);
    followed.check();
    guest.set(&regions(&[(3, 1, RAM, 0)])).expect("two slots");
    guest.set(&one_more).expect("three slots, with a number that was used before");
    followed.check();
}

#[test]
fn what_is_larger_than_a_slot_is_cut() {
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, 100);
    let run = super::super::runs::Run {
        first: 0x1000,
        last: (5 << 42) - 1,
        host: 0x7000_0000_1000,
        writable: true,
    };
    let areas: Vec<_> = run.areas().collect();
    let fake = &followed.fake;
    for (slot, area) in (0..).zip(&areas) {
        use super::super::memslots::Ioctls;
        fake.set(slot, 0, area.gpa, area.pages << 12, area.host).expect("KVM takes it");
    }
    assert_eq!(areas.len(), 3);
    assert_eq!(areas.iter().map(|area| area.pages).sum::<u64>(), (5 << 30) - 1);
    assert!(areas.is_sorted_by(|one, next| one.last() + 1 == next.gpa));
    assert!(areas.iter().all(|area| area.host - area.gpa == 0x7000_0000_0000));
}
