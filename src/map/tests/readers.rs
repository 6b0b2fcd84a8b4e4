//! Readers beside a writer that never pauses. Each result has to be of one published version, no
//! batch may be seen in part, and no thread may see an older version after a newer one.

use super::*;

/// Regions in several leaves.
const REGIONS: u64 = 200;
const STRIDE: u64 = 64;

/// The writer. Each change has a higher `stamp`, which is in the `vdev` of the regions it wrote.
struct Writer<'m> {
    map: &'m Map,
    batch: u32,
    stamp: u64,
    random: Random,
}

impl Writer<'_> {
    /// Replaces all regions in one change, with another cookie and another length.
    fn replace_all(&mut self) {
        self.batch += 1;
        self.stamp += 2;
        let mut draft = self.map.draft();
        for n in 0..REGIONS {
            put_in(&mut draft, region(n * STRIDE, (n + 1) * STRIDE - 1, 0)).unwrap();
            put_in(&mut draft, stamped(body(n, self.batch), self.stamp)).unwrap();
        }
        super::commit(draft);
    }

    /// Makes four changes: it sets a mark below a region, sets the region with an odd stamp, then
    /// with an even one, and deletes the mark. So without a mark, the stamp is even.
    fn mark_one(&mut self) {
        let n = self.random.below(REGIONS);
        let at = mark(n);
        self.stamp += 2;
        let body = body(n, self.batch);
        let mut hole = at;
        hole.cookie = 0;
        for change in [at, stamped(body, self.stamp - 1), stamped(body, self.stamp), hole] {
            let mut draft = self.map.draft();
            put_in(&mut draft, change).unwrap();
            super::commit(draft);
        }
    }
}

fn body(n: u64, batch: u32) -> Region {
    let start = n * STRIDE + 16;
    region(start, start + 15 + u64::from(batch % 3) * 8, batch)
}

fn mark(n: u64) -> Region {
    region(n * STRIDE + 5, n * STRIDE + 6, u32::MAX)
}

fn stamped(region: Region, stamp: u64) -> Region {
    Region { vdev: Vdev(stamp), ..region }
}

/// A reader, with the newest batch and stamps that it has seen.
struct Reader<'m> {
    map: &'m Map,
    hint: Hint,
    batch: u32,
    stamps: Vec<u64>,
    random: Random,
}

impl Reader<'_> {
    fn new(map: &Map, seed: u64) -> Reader<'_> {
        let stamps = vec![0; usize::try_from(REGIONS).unwrap()];
        Reader { map, hint: Hint::new(), batch: 0, stamps, random: Random(seed) }
    }

    fn read(&mut self) {
        let n = self.random.below(REGIONS);
        let at = Location::new(n * STRIDE + 20);
        let found = self.map.lookup(at).unwrap();
        self.note(n, found);
        let hinted = self.map.lookup_hinted(at, &self.hint).unwrap();
        self.note(n, hinted);
        let first = self.map.lookup_from(Location::new(n * STRIDE)).unwrap();
        self.note_first(n, first);
        self.read_several(n);
    }

    /// Checks all places in one version, twice. The writer does not pause for that long, so mostly the
    /// version is pinned.
    fn read_all(&mut self) {
        let [first, second] = self.map.snapshot(|map| {
            let body = |n| map.lookup_from(Location::new(n * STRIDE + 16)).unwrap();
            [0, 1].map(|_| (0..REGIONS).map(body).collect::<Vec<_>>())
        });
        assert_eq!(first, second);
        for (n, body) in (0..).zip(first) {
            self.note(n, body);
        }
    }

    /// Checks that a region is one that was written, and not older than those seen before.
    fn note(&mut self, n: u64, found: Region) {
        let stamp = &mut self.stamps[usize::try_from(n).unwrap()];
        assert_eq!(found, stamped(body(n, found.cookie), found.vdev.0));
        assert!(found.cookie >= self.batch, "{found:?} after batch {}", self.batch);
        assert!(found.vdev.0 >= *stamp, "{found:?} after stamp {stamp}");
        (self.batch, *stamp) = (found.cookie, found.vdev.0);
    }

    /// Checks the first region of a place: the mark, or the region in a version without the mark.
    fn note_first(&mut self, n: u64, first: Region) {
        if first != mark(n) {
            assert!(first.vdev.0 & 1 == 0, "no mark before {first:?}");
            self.note(n, first);
        }
    }

    /// Checks several places in one version: all regions are of one batch, and a mark is there or
    /// the stamp is even.
    fn read_several(&mut self, n: u64) {
        let others: [u64; 4] = core::array::from_fn(|_| self.random.below(REGIONS));
        let (first, marked, others) = self.map.snapshot(|map| {
            let lookup = |at| map.lookup(Location::new(at));
            let body = |n| lookup(n * STRIDE + 20).unwrap();
            (body(n), lookup(n * STRIDE + 5).is_some(), others.map(|n| (n, body(n))))
        });
        assert!(marked || first.vdev.0 & 1 == 0, "no mark before {first:?}");
        self.note(n, first);
        for (n, other) in others {
            assert_eq!(other.cookie, first.cookie, "{first:?}, {other:?}");
            self.note(n, other);
        }
    }
}

/// Each of two readers makes about nine lookups a round.
#[test]
fn readers_see_published_states_only() {
    let rounds = number_from("GASP_ROUNDS", 20_000);
    // The counters wrap during the test.
    let map = Map::old(u64::MAX - 20, u64::MAX - 101);
    let mut writer = Writer { map: &map, batch: 0, stamp: 0, random: Random(7) };
    writer.replace_all();
    std::thread::scope(|scope| {
        let readers = [1, 2].map(|seed| {
            let map = &map;
            scope.spawn(move || {
                let mut reader = Reader::new(map, seed);
                for round in 0..rounds {
                    reader.read();
                    if round % 64 == 0 {
                        reader.read_all();
                    }
                }
                reader.batch
            })
        });
        while readers.iter().any(|reader| !reader.is_finished()) {
            writer.replace_all();
            (0..20).for_each(|_| writer.mark_one());
        }
        for reader in readers {
            assert!(reader.join().unwrap() > 1, "the reader saw no change");
        }
    });
    assert!(map.pool.reuse_epoch() < u64::MAX / 2, "the announcements did not wrap");
    map.draft().check_all();
}
