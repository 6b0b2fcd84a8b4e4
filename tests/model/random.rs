//! The random numbers: splitmix64, so that a seed means the same sequence everywhere and for ever.

use std::ops::Range;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0 .. n-1.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// As `below`, for indices.
    pub(crate) fn index(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).expect("usize has 64 bits");
        usize::try_from(self.below(n)).expect("usize has 64 bits")
    }

    pub(crate) fn between(&mut self, range: Range<u128>) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        range.start + wide % (range.end - range.start)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::try_from(self.next() >> 32).expect("32 bits are left")
    }
}
