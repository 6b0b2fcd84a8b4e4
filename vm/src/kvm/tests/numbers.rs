//! Slot numbers and their limit, over many changes.

use super::counts::{DELETE, RAM, TRAP, regions};
use super::fake::Followed;
use gasp_safe::{Guest, Space};

/// A limit that is barely enough: numbers that leak would reach it at once.
#[test]
fn fault_24_slot_numbers_leak() {
    const MOST: usize = 3;
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, MOST);
    guest.set(&regions(&[(0, 8, RAM, 0x100)])).expect("RAM");
    for round in 0..5000 {
        let page = 1 + round % 6;
        guest.set(&regions(&[(page, 1, TRAP, 0)])).expect("split");
        assert_eq!(followed.fake.slots().len(), 2);
        guest.set(&regions(&[(page, 1, RAM, 0)])).expect("merge");
        let numbers: Vec<u32> = followed.fake.slots().into_keys().collect();
        assert_eq!(numbers, [0], "round {round}");
    }
    followed.check();
}

#[test]
fn too_few_slots_are_reported_before_anything_is_done() {
    let guest = Guest::new().expect("no guest");
    let followed = Followed::new(&guest, 2);
    guest.set(&regions(&[(0, 8, RAM, 0x100)])).expect("RAM");
    guest.set(&regions(&[(1, 1, TRAP, 0)])).expect("split");
    followed.fake.calls();
    let before = guest.spans(Space::Memory);
    let refused = guest.set(&regions(&[(4, 1, TRAP, 0)])).expect_err("a third slot");
    assert_eq!(refused.errno, libc::ENOSPC);
    assert_eq!(followed.fake.calls(), 0);
    assert_eq!(guest.spans(Space::Memory), before);
    guest.set(&regions(&[(0, 2, DELETE, 0)])).expect("one less");
    guest.set(&regions(&[(4, 1, TRAP, 0)])).expect("now there is room");
    followed.check();
}
