//! The maps that are measured, and the locations that are looked up in them.
//!
//! Skewed like a virtual machine's: half of the regions lie from 0 up, a quarter from 4 GiB up (or
//! from where the first half ends), a quarter at 56 TiB, 16 times as long there. Lengths are 3 to
//! 10 pages, and one region in four is followed by a gap of 1 to 4 pages. Every region has a cookie
//! of its own, so that none merge; host memory lies at a fixed distance from the guest location.

use crate::random::Random;
use core::ptr::null_mut;
use gasp_abi::{gasp_region, gasp_region_flags as grf, qvm_state_block, qvm_state_types, vdev_t};

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Flags of the regions.
pub const RAM: u32 = grf::GRF_MEMORY as u32 | grf::GRF_PASS_ANY as u32;
/// Flags of a page that was protected against writing.
pub const READ_ONLY: u32 = RAM & !(grf::GRF_PASS_WR as u32);
/// Flags of a device's region.
const TRAPPED: u32 = grf::GRF_VIRT_RD as u32 | grf::GRF_VIRT_WR as u32;
/// The flag that every answer has besides.
pub const ACTIVE: u32 = grf::GRF_ACTIVE as u32;
/// The type of the space in which everything happens.
pub const MEMORY_SPACE: u16 = qvm_state_types::QST_MEMORY as u16;
/// Bytes of one lookup.
pub const ACCESS: u32 = 8;

const FOUR_GIB: u64 = 4 << 30;
const FAR: u64 = 56 << 40;
const HOST_DISTANCE: u64 = 1 << 46;

/// Stands for a virtual device: only its address is used, and no code dereferences it.
static VDEV: [u64; 64] = [0; 64];

/// The address given as that of the memory behind a guest location. Nothing is there.
pub fn host_of(location: u64) -> u64 {
    location + HOST_DISTANCE
}

/// A run of locations.
pub const fn block(location: u64, length: u32) -> qvm_state_block {
    qvm_state_block { location, length, r#type: MEMORY_SPACE, flags: 0 }
}

/// The region that a lookup writes over.
pub const NO_REGION: gasp_region =
    gasp_region { flags: 0, cookie: 0, vdev: null_mut(), host_location: 0, guest: block(0, 0) };

/// A region as a set call takes it.
pub fn region(location: u64, pages: u64, flags: u32, cookie: u32) -> gasp_region {
    let length = u32::try_from(pages * PAGE).expect("shorter than 4 GiB");
    gasp_region {
        flags,
        cookie,
        vdev: (&raw const VDEV).cast_mut().cast::<vdev_t>(),
        host_location: host_of(location),
        guest: block(location, length),
    }
}

/// One map of `n` regions.
#[derive(Debug)]
pub struct Layout {
    /// In ascending order.
    pub regions: Vec<gasp_region>,
}

// SAFETY: the pointer of a region to its vdev is a mere number here; no code dereferences it.
unsafe impl Sync for Layout {}

impl Layout {
    /// The map of `n` regions: always the same for the same `n`.
    pub fn new(n: usize) -> Self {
        let mut random = Random::new(n as u64);
        let mut layout = Self { regions: Vec::with_capacity(n) };
        let (low, high) = (n.div_ceil(2), n / 4);
        let end = layout.extend(low, 0, 1, &mut random);
        layout.extend(high, end.max(FOUR_GIB), 1, &mut random);
        layout.extend(n - low - high, FAR, 16, &mut random);
        layout
    }

    /// The same map with a device in the place of each region.
    pub fn trapped(mut self) -> Self {
        self.regions.iter_mut().for_each(|region| region.flags = TRAPPED);
        self
    }

    /// Add `n` regions from a location up; returns where the last one ends.
    fn extend(&mut self, n: usize, from: u64, factor: u64, random: &mut Random) -> u64 {
        let mut at = from;
        for _ in 0..n {
            let pages = (3 + random.below(8)) * factor;
            let cookie = u32::try_from(self.regions.len()).expect("fewer than 2^32 regions");
            self.regions.push(region(at, pages, RAM, cookie));
            at += pages * PAGE;
            if random.below(4) == 0 {
                at += (1 + random.below(4)) * PAGE;
            }
        }
        at
    }

    /// Random locations in random regions; one in about twenty lies past the end of its region, in
    /// the next one or in a gap.
    pub fn uniform(&self, count: usize) -> Vec<u64> {
        self.uniform_of(count, Random::new(1))
    }

    /// As `uniform`, for a second reader.
    pub fn other_uniform(&self, count: usize) -> Vec<u64> {
        self.uniform_of(count, Random::new(7))
    }

    fn uniform_of(&self, count: usize, mut random: Random) -> Vec<u64> {
        let mut pick = || {
            let guest = &self.regions[random.index(self.regions.len())].guest;
            let length = u64::from(guest.length);
            guest.location + random.below(length + length / 20)
        };
        (0..count).map(|_| pick()).collect()
    }

    /// Random locations in one region.
    pub fn same_region(&self, count: usize) -> Vec<u64> {
        let mut random = Random::new(2);
        let guest = &self.regions[self.regions.len() / 3].guest;
        let length = u64::from(guest.length);
        (0..count).map(|_| guest.location + random.below(length)).collect()
    }

    /// Random registers (of 8 bytes) of one device: `device` is a part of the map, 0 the first region
    /// and 1 the last.
    pub fn registers(&self, count: usize, device: f64) -> Vec<u64> {
        let mut random = Random::new(9);
        let region = &self.regions[((self.regions.len() - 1) as f64 * device) as usize];
        (0..count).map(|_| register(region, &mut random)).collect()
    }

    /// Random registers of random devices.
    pub fn all_registers(&self, count: usize) -> Vec<u64> {
        let mut random = Random::new(10);
        let mut pick = || {
            let region = &self.regions[random.index(self.regions.len())];
            register(region, &mut random)
        };
        (0..count).map(|_| pick()).collect()
    }

    /// Changes of one page in the middle of random regions: to read-only, and back.
    pub fn flips(&self, count: usize) -> Vec<[gasp_region; 2]> {
        let mut random = Random::new(3);
        let mut pick = || {
            let whole = &self.regions[random.index(self.regions.len())];
            let pages = u64::from(whole.guest.length) / PAGE;
            let location = whole.guest.location + pages / 2 * PAGE;
            [READ_ONLY, RAM].map(|flags| region(location, 1, flags, whole.cookie))
        };
        (0..count).map(|_| pick()).collect()
    }

    /// The regions in random order.
    pub fn shuffled(&self) -> Vec<gasp_region> {
        let mut regions = self.regions.clone();
        Random::new(4).shuffle(&mut regions);
        regions
    }

    /// The right answer to a lookup.
    pub fn expected(&self, block: &qvm_state_block) -> Option<gasp_region> {
        let after = self.regions.partition_point(|r| r.guest.location <= block.location);
        let whole = &self.regions[after.checked_sub(1)?];
        let last = whole.guest.location + u64::from(whole.guest.length) - 1;
        (block.location <= last).then(|| clipped(whole.flags, whole.cookie, last, block))
    }
}

/// A random register of a device.
fn register(region: &gasp_region, random: &mut Random) -> u64 {
    let width = u64::from(ACCESS);
    region.guest.location + random.below(u64::from(region.guest.length) / width) * width
}

/// The answer from a region that ends at `last`.
pub fn clipped(flags: u32, cookie: u32, last: u64, block: &qvm_state_block) -> gasp_region {
    let rest = last - block.location + 1;
    let length = rest.min(u64::from(block.length));
    gasp_region {
        flags: flags | ACTIVE,
        guest: qvm_state_block { length: length as u32, flags: 0, ..*block },
        ..region(block.location, 1, flags, cookie)
    }
}
