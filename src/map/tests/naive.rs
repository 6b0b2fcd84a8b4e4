//! Random changes, compared with an array of the cookie of each location.

use super::*;

/// A space of `size` locations from `base` on. Each step makes up to `batch` changes of at most
/// `longest` locations.
struct Setup {
    base: u64,
    size: u64,
    longest: u64,
    batch: u64,
    steps: u64,
}

/// A map, and the array that it has to equal.
struct Pair {
    map: Map,
    setup: Setup,
    cookies: Vec<u32>,
    random: Random,
}

impl Setup {
    /// Runs the steps, and compares everything in the end.
    fn run(self, seed: u64) {
        let steps = number_from("GASP_MODEL_STEPS", self.steps);
        let cookies = vec![0; usize::try_from(self.size).unwrap()];
        let mut pair = Pair { map: Map::new(), setup: self, cookies, random: Random(seed) };
        for _ in 0..steps {
            pair.step();
            pair.compare_some();
        }
        pair.compare_all();
    }
}

impl Pair {
    /// Makes changes in one draft. One draft in eight is dropped, and changes nothing.
    fn step(&mut self) {
        let changes: Vec<Region> =
            (0..=self.random.below(self.setup.batch)).map(|_| self.change()).collect();
        let mut draft = self.map.draft();
        for change in &changes {
            put_in(&mut draft, *change).unwrap();
        }
        if self.random.below(8) == 0 {
            drop(draft);
        } else {
            super::commit(draft);
            changes.iter().for_each(|change| self.note(change));
        }
        self.map.draft().check_all();
    }

    fn change(&mut self) -> Region {
        let Setup { base, size, longest, .. } = self.setup;
        let first = base + self.random.below(size);
        let last = first + self.random.below(longest).min(base + (size - 1) - first);
        let cookie = u32::try_from(self.random.below(5)).unwrap();
        region(first, last, cookie)
    }

    fn note(&mut self, change: &Region) {
        let (first, last) = (change.range.first().get(), change.range.last().get());
        let (first, last) = (self.index(first), self.index(last));
        self.cookies[first..=last].fill(change.cookie);
    }

    fn index(&self, location: u64) -> usize {
        usize::try_from(location - self.setup.base).unwrap()
    }

    fn compare_some(&mut self) {
        for _ in 0..4 {
            let at = self.setup.base + self.random.below(self.setup.size);
            assert_eq!(lookup(&self.map, at), self.expected(at), "{at:#x}");
            let after = (at..=self.end()).find(|at| self.cookies[self.index(*at)] != 0);
            let expected = after.and_then(|at| self.expected(at));
            assert_eq!(self.map.lookup_from(Location::new(at)), expected, "{at:#x}");
        }
    }

    fn compare_all(&self) {
        for at in self.setup.base..=self.end() {
            assert_eq!(lookup(&self.map, at), self.expected(at), "{at:#x}");
        }
        let listed: Vec<Region> = all(&self.map);
        assert!(listed.iter().all(|one| self.expected(one.range.first().get()) == Some(*one)));
    }

    fn end(&self) -> u64 {
        self.setup.base + (self.setup.size - 1)
    }

    /// The region at a location: the longest run of its cookie.
    fn expected(&self, at: u64) -> Option<Region> {
        let index = self.index(at);
        let cookie = self.cookies[index];
        let other = |other: &u32| *other != cookie;
        let first = self.cookies[..index].iter().rposition(other).map_or(0, |other| other + 1);
        let length = self.cookies[index..].iter().position(other);
        let end = length.map_or(self.cookies.len(), |length| index + length);
        let (first, last) = (self.setup.base + first as u64, self.setup.base + (end - 1) as u64);
        (cookie != 0).then(|| region(first, last, cookie))
    }
}

#[test]
fn equals_the_naive_map_at_0() {
    Setup { base: 0, size: 2000, longest: 9, batch: 1, steps: 700 }.run(1);
}

#[test]
fn equals_the_naive_map_at_the_top() {
    Setup { base: u64::MAX - 1999, size: 2000, longest: 9, batch: 3, steps: 700 }.run(2);
}

#[test]
fn equals_the_naive_map_with_long_changes() {
    Setup { base: 1 << 32, size: 3000, longest: 700, batch: 2, steps: 700 }.run(3);
}

/// Thousands of regions in hundreds of leaves, under an index of three levels.
#[test]
fn equals_the_naive_map_with_large_batches() {
    Setup { base: 1 << 40, size: 30_000, longest: 4, batch: 2000, steps: 25 }.run(4);
}
