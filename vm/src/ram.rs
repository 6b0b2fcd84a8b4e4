//! Compares the memory of the guest with that of the host.

#![allow(unsafe_code)]

use crate::log;
use core::mem::MaybeUninit;
use gasp_abi::gasp_region_flags as grf;
use gasp_safe::{Guest, Space};

/// Warns of a guest that has more memory than the host. It may run, as long as it does not use it.
pub(crate) fn check(guest: &Guest) {
    if let Some(warning) = host().and_then(|host| warning(of(guest), host)) {
        log::warn("", &warning);
    }
}

/// The bytes of a guest's memory.
fn of(guest: &Guest) -> u64 {
    let spans = guest.spans(Space::Memory);
    let memory = spans.iter().filter(|span| span.flags & grf::GRF_MEMORY as u32 != 0);
    // Saturating, and so inexact by a byte: a region can have 2^64 of them.
    memory.fold(0, |sum: u64, span| {
        sum.saturating_add(span.last.saturating_sub(span.location).saturating_add(1))
    })
}

/// The bytes of the host's memory.
fn host() -> Option<u64> {
    let mut info = MaybeUninit::<libc::sysinfo>::zeroed();
    // SAFETY: the structure can be written.
    if unsafe { libc::sysinfo(info.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: written above.
    let info = unsafe { info.assume_init() };
    Some(info.totalram.saturating_mul(info.mem_unit.into()))
}

fn warning(guest: u64, host: u64) -> Option<String> {
    let mib = |bytes: u64| bytes >> 20;
    (guest > host).then(|| {
        format!(
            "the guest has {} MiB of memory, more than the host ({} MiB): when it has used so \
             much, the host's kernel ends gasp-vm",
            mib(guest),
            mib(host)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasp_safe::Memory;

    #[test]
    fn only_more_than_the_host_has_is_a_mistake() {
        assert_eq!(warning(1 << 30, 1 << 30), None);
        let text = warning((1 << 30) + 1, 1 << 30).expect("more");
        assert!(text.contains("1024 MiB of memory, more than the host (1024 MiB)"), "{text}");
    }

    #[test]
    fn all_memory_counts_and_nothing_else() {
        let guest = Guest::new().expect("no guest");
        assert_eq!(of(&guest), 0);
        guest.add_memory(0, 0x3000, Memory::Ram).expect("no memory");
        guest.add_memory(0x10_0000, 0x1000, Memory::Rom).expect("no memory");
        assert_eq!(of(&guest), 0x4000);
    }

    #[test]
    fn the_host_has_memory() {
        assert!(host().expect("unknown") > 1 << 20);
    }
}
