//! Reads and writes of all kinds.

use super::{guest, view};
use crate::GuestRam;
use gasp_safe::Guest;
use std::sync::atomic::Ordering;
use vm_memory::{
    Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryRegion,
    MemoryRegionAddress,
};

const BOUNDARY: GuestAddress = GuestAddress(0x2000);

/// Two adjacent regions, and one behind a hole.
fn pieces() -> Guest {
    guest(&[(0x1000, 0x1000), (0x2000, 0x1000), (0x4000, 0x1000)])
}

fn at(address: u64) -> GuestAddress {
    GuestAddress(address)
}

#[test]
fn the_bytes_are_the_guests() {
    let guest = pieces();
    let ram = view(&guest);
    guest.write(0x1234, b"from the guest").unwrap();
    let mut bytes = [0; 14];
    assert_eq!(ram.read(&mut bytes, at(0x1234)).unwrap(), 14);
    assert_eq!(&bytes, b"from the guest");
    assert_eq!(ram.write(b"to the guest", at(0x4321)).unwrap(), 12);
    guest.read(0x4321, &mut bytes[..12]).unwrap();
    assert_eq!(&bytes[..12], b"to the guest");
}

#[test]
fn across_a_boundary() {
    let guest = pieces();
    let ram = view(&guest);
    let sample = [1, 2, 3, 4, 5];
    for first in 0x1ffb..=0x2000 {
        ram.write_slice(&sample, at(first)).unwrap();
        let mut bytes = [0; 5];
        ram.read_slice(&mut bytes, at(first)).unwrap();
        assert_eq!(bytes, sample, "{first:#x}");
        guest.read(first, &mut bytes).unwrap();
        assert_eq!(bytes, sample, "{first:#x}");
    }
}

#[test]
fn values_across_a_boundary() {
    let guest = pieces();
    let ram = view(&guest);
    let value = 0x1122_3344_5566_7788_u64;
    for first in 0x1ff9..=0x2000 {
        ram.write_obj(value, at(first)).unwrap();
        assert_eq!(ram.read_obj::<u64>(at(first)).unwrap(), value, "{first:#x}");
    }
}

/// Into a hole: `read` and `write` do what they can, the others fail with what was done.
#[test]
fn partly_in_a_hole() {
    let guest = pieces();
    let ram = view(&guest);
    let mut bytes = [0xff; 8];
    assert_eq!(ram.write(&[7; 8], at(0x2ffd)).unwrap(), 3);
    assert_eq!(ram.read(&mut bytes, at(0x2ffd)).unwrap(), 3);
    assert_eq!(bytes, [7, 7, 7, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let partial = |result: Result<(), GuestMemoryError>| match result {
        Err(GuestMemoryError::PartialBuffer { expected, completed }) => (expected, completed),
        other => panic!("{other:?}"),
    };
    assert_eq!(partial(ram.write_slice(&[8; 8], at(0x2ffd))), (8, 3));
    assert_eq!(partial(ram.read_slice(&mut bytes, at(0x2ffd))), (8, 3));
    assert_eq!(partial(ram.write_obj(0_u32, at(0x2ffe))), (4, 2));
}

#[test]
fn out_of_range() {
    let guest = pieces();
    let ram = view(&guest);
    let mut byte = [0];
    for address in [0, 0xfff, 0x3000, 0x3fff, 0x5000, u64::MAX] {
        let invalid = |result: Result<usize, GuestMemoryError>| {
            matches!(result, Err(GuestMemoryError::InvalidGuestAddress(GuestAddress(found)))
                if found == address)
        };
        assert!(invalid(ram.read(&mut byte, at(address))), "{address:#x}");
        assert!(invalid(ram.write(&byte, at(address))), "{address:#x}");
        assert!(ram.load::<u8>(at(address), Ordering::Relaxed).is_err());
        assert!(ram.store(0_u8, at(address), Ordering::Relaxed).is_err());
        assert!(ram.read_obj::<u8>(at(address)).is_err());
    }
}

#[test]
fn out_of_a_region() {
    let guest = pieces();
    let ram = view(&guest);
    let region = ram.find_region(at(0x1000)).unwrap();
    let address = MemoryRegionAddress;
    // Unlike the whole memory, a region ends where it ends.
    assert_eq!(region.write(&[1, 2], address(0xfff)).unwrap(), 1);
    assert!(region.write_slice(&[1, 2], address(0xfff)).is_err());
    assert!(region.read_obj::<u16>(address(0xfff)).is_err());
    assert!(region.read(&mut [0], address(0x1000)).is_err());
    assert!(region.get_slice(address(u64::MAX), 1).is_err());
}

#[test]
fn nothing() {
    let guest = pieces();
    let ram = view(&guest);
    assert_eq!(ram.write(&[], BOUNDARY).unwrap(), 0);
    assert_eq!(ram.read(&mut [], BOUNDARY).unwrap(), 0);
    ram.write_slice(&[], BOUNDARY).unwrap();
    ram.read_slice(&mut [], BOUNDARY).unwrap();
    let mut sink = Vec::new();
    assert_eq!(ram.write_volatile_to(BOUNDARY, &mut sink, 0).unwrap(), 0);
    ram.write_all_volatile_to(BOUNDARY, &mut sink, 0).unwrap();
    assert_eq!(ram.read_volatile_from(BOUNDARY, &mut &[1_u8][..], 0).unwrap(), 0);
    ram.read_exact_volatile_from(BOUNDARY, &mut &[1_u8][..], 0).unwrap();
    assert!(sink.is_empty());
    assert_eq!(ram.read_obj::<u64>(BOUNDARY).unwrap(), 0);
}

/// From and to streams, across a boundary.
#[test]
fn streams() {
    let guest = pieces();
    let ram = view(&guest);
    let image: Vec<u8> = (0..=255).collect();
    let start = at(0x1f80);
    ram.read_exact_volatile_from(start, &mut image.as_slice(), 256).unwrap();
    let mut sink = Vec::new();
    ram.write_all_volatile_to(start, &mut sink, 256).unwrap();
    assert_eq!(sink, image);
    // The source ends first, or the memory does.
    assert_eq!(ram.read_volatile_from(start, &mut &image[..3], 256).unwrap(), 3);
    assert!(ram.read_exact_volatile_from(start, &mut &image[..3], 256).is_err());
    assert!(ram.read_exact_volatile_from(at(0x2fff), &mut image.as_slice(), 256).is_err());
    assert!(ram.write_all_volatile_to(at(0x2fff), &mut Vec::new(), 256).is_err());
}

fn atomics(ram: &GuestRam<'_>) {
    let order = Ordering::SeqCst;
    ram.store(0x12_u8, at(0x1001), order).unwrap();
    ram.store(0x1234_u16, at(0x1002), order).unwrap();
    ram.store(0x1234_5678_u32, at(0x1004), order).unwrap();
    ram.store(0x1122_3344_5566_7788_u64, at(0x1ff8), order).unwrap();
    assert_eq!(ram.load::<u8>(at(0x1001), order).unwrap(), 0x12);
    assert_eq!(ram.load::<u16>(at(0x1002), order).unwrap(), 0x1234);
    assert_eq!(ram.load::<u32>(at(0x1004), order).unwrap(), 0x1234_5678);
    assert_eq!(ram.load::<u64>(at(0x1ff8), order).unwrap(), 0x1122_3344_5566_7788);
}

#[test]
fn aligned_atomics() {
    let guest = pieces();
    atomics(&view(&guest));
}

/// Not at multiples of their length, nor across a boundary.
#[test]
fn unaligned_atomics() {
    let guest = pieces();
    let ram = view(&guest);
    let order = Ordering::Relaxed;
    assert!(ram.store(0_u16, at(0x1001), order).is_err());
    assert!(ram.load::<u32>(at(0x1002), order).is_err());
    assert!(ram.load::<u64>(at(0x1ffc), order).is_err());
    assert!(ram.store(0_u64, at(0x1ffc), order).is_err());
}

/// A value is read and written as one, also where it ends a region.
#[test]
fn values_are_not_torn() {
    let guest = pieces();
    let ram = view(&guest);
    let place = at(0x1ff8);
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            for value in [0, u64::MAX].into_iter().cycle().take(100_000) {
                ram.write_obj(value, place).unwrap();
            }
        });
        while !writes.is_finished() {
            let value = ram.read_obj::<u64>(place).unwrap();
            assert!(value == 0 || value == u64::MAX, "{value:#x}");
        }
    });
}
