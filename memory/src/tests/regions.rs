//! Which regions there are, and finding them.

use super::{guest, ranges, view};
use crate::{View, snapshot};
use gasp_abi::{
    gasp_region, gasp_region_flags as grf, gasp_span, qvm_state_block, qvm_state_types as qst,
};
use gasp_safe::{Guest, Memory, Space, flags};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::mpsc;
use std::time::Duration;
use vm_memory::{
    Address, Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryRegion,
    GuestUsize, MemoryRegionAddress, VolatileMemory,
};

const PASSES: u32 = flags([grf::GRF_MEMORY, grf::GRF_PASS_RD, grf::GRF_PASS_WR, grf::GRF_PASS_EX]);
const DELETED: u32 = grf::GRF_NONE as u32;

/// A page of the map.
fn page(location: u64, host_location: u64, flags: u32) -> gasp_region {
    let r#type = qst::QST_MEMORY as u16;
    let guest = qvm_state_block { location, length: 0x1000, r#type, flags: 0 };
    gasp_region { guest, host_location, vdev: core::ptr::null_mut(), flags, cookie: 0 }
}

fn span(guest: &Guest, at: u64) -> gasp_span {
    guest.next(Space::Memory, at).unwrap()
}

#[test]
fn no_memory() {
    let guest = guest(&[]);
    let ram = view(&guest);
    assert_eq!((ram.num_regions(), ram.last_addr()), (0, GuestAddress(0)));
    assert!(ram.find_region(GuestAddress(0)).is_none());
    assert!(matches!(
        ram.read_obj::<u8>(GuestAddress(0)),
        Err(GuestMemoryError::InvalidGuestAddress(GuestAddress(0)))
    ));
}

/// Memory of two calls is apart in the host, so it is two regions, also where it is adjacent.
#[test]
fn adjacent_in_the_guest_alone() {
    let guest = guest(&[(0, 0x1000), (0x1000, 0x2000), (0x1_0000, 0x1000)]);
    let ram = view(&guest);
    assert_eq!(ranges(&ram), [(0, 0xfff), (0x1000, 0x2fff), (0x1_0000, 0x1_0fff)]);
    assert_eq!(ram.last_addr(), GuestAddress(0x1_0fff));
}

/// The end of the address space is an address like any other.
#[test]
fn up_to_the_last_address() {
    let first = 0xffff_ffff_ffff_f000;
    let guest = guest(&[(first, 0x1000)]);
    let ram = view(&guest);
    assert_eq!(ranges(&ram), [(first, u64::MAX)]);
    ram.write_obj(7_u8, GuestAddress(u64::MAX)).unwrap();
    assert_eq!(ram.read_obj::<u8>(GuestAddress(u64::MAX)).unwrap(), 7);
    assert!(ram.read_obj::<u16>(GuestAddress(u64::MAX)).is_err());
}

/// A trapped page splits the map's region, but not the host's memory behind it.
#[test]
fn a_trapped_page() {
    let guest = guest(&[(0, 0x4000)]);
    let host = span(&guest, 0).host_location;
    guest.set(&[page(0x1000, host + 0x1000, grf::GRF_VIRT_WR as u32)]).unwrap();
    assert_eq!(guest.spans(Space::Memory).len(), 3);
    assert_eq!(ranges(&view(&guest)), [(0, 0x3fff)]);
    let device = snapshot(&guest, View::Device).unwrap();
    assert_eq!(ranges(&device), [(0, 0xfff), (0x2000, 0x3fff)]);
    assert!(device.write_obj(0_u64, GuestAddress(0xffc)).is_err());
    let file = |at| device.find_region(GuestAddress(at)).unwrap().file_offset().unwrap().start();
    assert_eq!([file(0), file(0x2000)], [0, 0x2000]);
}

/// A region can pass what it is read and written for, and trap all the same.
#[test]
fn a_page_that_traps_what_passes() {
    let guest = guest(&[(0, 0x2000)]);
    let host = span(&guest, 0).host_location;
    let rights = flags([grf::GRF_MEMORY, grf::GRF_PASS_RD, grf::GRF_PASS_WR, grf::GRF_VIRT_EX]);
    guest.set(&[page(0x1000, host + 0x1000, rights)]).unwrap();
    assert_eq!(ranges(&snapshot(&guest, View::Device).unwrap()), [(0, 0xfff)]);
}

/// Pages that are adjacent in the guest, but in another order in the host.
#[test]
fn pages_in_another_order() {
    let guest = guest(&[(0, 0x3000)]);
    let host = span(&guest, 0).host_location;
    let [second, third] = [host + 0x1000, host + 0x2000];
    guest.set(&[page(0x1000, 0, DELETED), page(0x2000, 0, DELETED)]).unwrap();
    guest.set(&[page(0x1000, third, PASSES), page(0x2000, second, PASSES)]).unwrap();
    let ram = view(&guest);
    assert_eq!(ranges(&ram), [(0, 0xfff), (0x1000, 0x1fff), (0x2000, 0x2fff)]);
    ram.write_obj(7_u8, GuestAddress(0x1000)).unwrap();
    assert_eq!(ram.get_host_address(GuestAddress(0x1000)).unwrap() as u64, third);
}

/// The second page of another file, right behind the first page of one.
#[test]
fn pages_of_two_files() {
    let guest = guest(&[(0, 0x1000), (0x1_0000, 0x2000)]);
    let host = span(&guest, 0x1_0000).host_location;
    guest.set(&[page(0x1000, host + 0x1000, PASSES)]).unwrap();
    assert_eq!(ranges(&view(&guest)), [(0, 0xfff), (0x1000, 0x1fff), (0x1_0000, 0x1_1fff)]);
}

#[test]
fn rom_is_for_the_host_alone() {
    let guest = guest(&[(0, 0x1000)]);
    guest.add_memory(0x1000, 0x1000, Memory::Rom).unwrap();
    assert_eq!(ranges(&view(&guest)), [(0, 0xfff), (0x1000, 0x1fff)]);
    view(&guest).write_obj(5_u8, GuestAddress(0x1000)).unwrap();
    assert_eq!(ranges(&snapshot(&guest, View::Device).unwrap()), [(0, 0xfff)]);
}

/// Memory that the host supplied is left out: libgasp does not know how long it lives.
#[test]
fn memory_of_the_host() {
    static PAGES: [u8; 0x3000] = [0; 0x3000];
    let guest = guest(&[(0x10_0000, 0x1000)]);
    let host = (PAGES.as_ptr() as u64).next_multiple_of(0x1000);
    guest.set(&[page(0, host, PASSES)]).unwrap();
    assert_eq!(guest.spans(Space::Memory).len(), 2);
    assert_eq!(ranges(&view(&guest)), [(0x10_0000, 0x10_0fff)]);
}

/// A snapshot is of one state, and keeps its memory when the map changes.
#[test]
fn a_snapshot_does_not_follow_the_map() {
    let guest = guest(&[(0, 0x2000)]);
    let before = view(&guest);
    before.write_obj(9_u8, GuestAddress(0x1000)).unwrap();
    guest.set(&[page(0x1000, 0, DELETED)]).unwrap();
    assert_eq!(before.read_obj::<u8>(GuestAddress(0x1000)).unwrap(), 9);
    assert_eq!(ranges(&view(&guest)), [(0, 0xfff)]);
}

/// Several changes under the lock are one: no snapshot is from between them.
#[test]
fn one_state_of_the_map() {
    let guest = guest(&[(0, 0x3000)]);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let _locked = guest.lock(Space::Memory).unwrap();
        guest.set(&[page(0, 0, DELETED)]).unwrap();
        let (guest, sender) = (&guest, &sender);
        scope.spawn(move || sender.send(ranges(&view(guest))));
        assert!(receiver.recv_timeout(Duration::from_millis(100)).is_err());
        guest.set(&[page(0x2000, 0, DELETED)]).unwrap();
    });
    assert_eq!(receiver.recv().unwrap(), [(0x1000, 0x1fff)]);
}

#[test]
fn addresses_of_a_region() {
    let guest = guest(&[(0x1000, 0x1000)]);
    let ram = view(&guest);
    let region = ram.find_region(GuestAddress(0x1fff)).unwrap();
    assert_eq!((region.len(), region.start_addr().raw_value()), (0x1000, 0x1000));
    assert!(region.address_in_range(MemoryRegionAddress(0xfff)));
    assert_eq!(region.check_address(MemoryRegionAddress(0x1000)), None);
    assert_eq!(region.checked_offset(MemoryRegionAddress(0xffe), 2), None);
    assert_eq!(region.to_region_addr(GuestAddress(0x1800)), Some(MemoryRegionAddress(0x800)));
    assert_eq!(region.to_region_addr(GuestAddress(0xfff)), None);
    assert_eq!(region.is_hugetlbfs(), None);
    assert!(ram.find_region(GuestAddress(0xfff)).is_none());
    assert!(ram.find_region(GuestAddress(0x2000)).is_none());
    assert_eq!(ram.checked_offset(GuestAddress(0x1ff0), 0x10), None);
    assert_eq!(ram.check_address(GuestAddress(0x1ff0)), Some(GuestAddress(0x1ff0)));
}

#[test]
fn host_addresses() {
    let guest = guest(&[(0x1000, 0x1000)]);
    let ram = view(&guest);
    let host = span(&guest, 0x1000).host_location;
    let address = |at| ram.get_host_address(GuestAddress(at)).map(|address| address as u64);
    assert_eq!(address(0x1000).unwrap(), host);
    assert_eq!(address(0x1fff).unwrap(), host + 0xfff);
    assert!(address(0x2000).is_err());
    let region = ram.find_region(GuestAddress(0x1000)).unwrap();
    assert!(region.get_host_address(MemoryRegionAddress(0x1000)).is_err());
}

#[test]
fn slices() {
    let guest = guest(&[(0x1000, 0x1000), (0x2000, 0x1000), (0x4000, 0x1000)]);
    let ram = view(&guest);
    let slice = |at, count| ram.get_slice(GuestAddress(at), count);
    assert_eq!(slice(0x1000, 0x1000).unwrap().len(), 0x1000);
    assert_eq!(slice(0x1fff, 1).unwrap().len(), 1);
    assert_eq!(slice(0x1fff, 0).unwrap().len(), 0);
    // Not across a boundary, not past an end, not before a start.
    assert!(slice(0x1fff, 2).is_err() && slice(0x4fff, 2).is_err());
    assert!(slice(0xfff, 1).is_err() && slice(0x3000, 0).is_err());
    assert!(slice(0x1000, usize::MAX).is_err());
    let region = ram.find_region(GuestAddress(0x1000)).unwrap();
    assert_eq!(region.as_volatile_slice().unwrap().len(), 0x1000);
    let lengths = |at, count| -> Result<Vec<usize>, _> {
        ram.get_slices(GuestAddress(at), count)
            .map(|slice| slice.map(|slice| slice.len()))
            .collect()
    };
    assert_eq!(lengths(0x1800, 0x1000).unwrap(), [0x800, 0x800]);
    assert!(lengths(0x2800, 0x1000).is_err());
    assert!(ram.check_range(GuestAddress(0x1000), 0x2000));
    assert!(!ram.check_range(GuestAddress(0x1000), 0x2001));
}

/// A slice and the memory are the same bytes.
#[test]
fn a_slice_is_the_memory() {
    let guest = guest(&[(0x1000, 0x1000)]);
    let ram = view(&guest);
    let slice = ram.get_slice(GuestAddress(0x1ffc), 4).unwrap();
    slice.get_ref::<u32>(0).unwrap().store(0x4433_2211);
    let mut bytes = [0; 4];
    guest.read(0x1ffc, &mut bytes).unwrap();
    assert_eq!(bytes, [0x11, 0x22, 0x33, 0x44]);
    assert!(slice.get_ref::<u32>(1).is_err());
}

/// For vhost-user: the file and the place in it.
#[test]
fn the_file_of_a_region() {
    let guest = guest(&[(0, 0x1000), (0x1000, 0x2000)]);
    let ram = view(&guest);
    ram.write_slice(b"abc", GuestAddress(0x1800)).unwrap();
    let region = ram.find_region(GuestAddress(0x1800)).unwrap();
    let file = region.file_offset().unwrap();
    let mut bytes = [0; 3];
    file.file().read_exact_at(&mut bytes, file.start() + 0x800).unwrap();
    assert_eq!(&bytes, b"abc");
    assert_eq!(GuestUsize::from(file.start()), 0);
    let original = guest.backing(0x1800).unwrap().file.as_raw_fd();
    assert_ne!(file.file().as_raw_fd(), original);
}
