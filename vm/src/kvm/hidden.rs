//! The pages that KVM needs in the guest's memory on Intel's oldest processors: one for page
//! tables, and three for a task state segment. They take no part in the guest's map.

#![forbid(unsafe_code)]

use super::error::KvmError;
use gasp_safe::{Guest, PAGE_SIZE, Space};
use kvm_ioctls::VmFd;

const LENGTH: u64 = 4 * PAGE_SIZE;
/// Where the pages can be, from the best place on: below 16 MiB of firmware and above the ranges
/// of APICs, then in the range of devices, then anywhere above the first MiB.
const RANGES: [(u64, u64); 4] = [
    (0xfeff_c000, 0xfeff_ffff),
    (0xfef0_0000, 0xfeff_ffff),
    (0xe000_0000, 0xfebf_ffff),
    (0x10_0000, 0xffff_ffff),
];

/// A place where the guest has nothing. `None`: it has something everywhere below 4 GiB.
fn place(guest: &Guest) -> Option<u64> {
    RANGES.into_iter().find_map(|(first, last)| {
        guest.find_free_range(Space::Memory, LENGTH, PAGE_SIZE, first, last).ok()
    })
}

/// Gives KVM its pages. Call it before vCPUs are created. Vdevs do not get the place when they
/// search for one. Without a place KVM has no such pages; most processors need none.
pub(super) fn place_pages(vm: &VmFd, guest: &Guest) -> Result<(), KvmError> {
    let Some(place) = place(guest) else { return Ok(()) };
    guest.reserve(Space::Memory, place, LENGTH).map_err(KvmError::Map)?;
    vm.set_identity_map_address(place).map_err(KvmError::Create)?;
    let tss = usize::try_from(place.saturating_add(PAGE_SIZE)).unwrap_or(usize::MAX);
    vm.set_tss_address(tss).map_err(KvmError::Create)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasp_safe::Memory;

    fn guest(memory: &[(u64, u64)]) -> Guest {
        let guest = Guest::new().expect("no guest");
        for &(location, length) in memory {
            guest.add_memory(location, length, Memory::Rom).expect("no memory");
        }
        guest
    }

    #[test]
    fn below_firmware() {
        assert_eq!(place(&guest(&[(0xff00_0000, 0x100_0000)])), Some(0xfeff_c000));
    }

    #[test]
    fn never_inside_of_the_map() {
        assert_eq!(place(&guest(&[(0xfeff_f000, 0x1000)])), Some(0xfef0_0000));
        assert_eq!(place(&guest(&[(0xfe00_0000, 0x200_0000)])), Some(0xe000_0000));
        assert_eq!(place(&guest(&[(0xc000_0000, 0x4000_0000)])), Some(0x10_0000));
        assert_eq!(place(&guest(&[(0, 0x1_0000_0000)])), None);
    }

    #[test]
    fn never_where_something_is_reserved() {
        let guest = guest(&[]);
        guest.reserve(Space::Memory, 0xfeff_d000, 1).expect("not reserved");
        assert_eq!(place(&guest), Some(0xfef0_0000));
    }
}
