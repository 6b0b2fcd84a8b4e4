//! The crate `rangemap` behind a parking_lot RwLock. It splits and merges by itself.

use crate::export::{Peer, export};
use crate::run::{Attrs, Change};
use gasp_abi::gasp_region;
use parking_lot::RwLock;
use rangemap::RangeMap;

#[derive(Default)]
struct Ranges(RwLock<RangeMap<u64, Attrs>>);

impl Peer for Ranges {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let map = self.0.read();
        let (range, attrs) = map.get_key_value(&location)?;
        Some((range.end - 1, *attrs))
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut map = self.0.write();
        for element in elements {
            let change = Change::of(element);
            let range = change.start..change.last + 1;
            match change.attrs {
                Some(attrs) => map.insert(range, attrs),
                None => map.remove(range),
            }
        }
    }
}

export!(Ranges => peer_rangemap_create, peer_rangemap_destroy,
        peer_rangemap_set, peer_rangemap_info);
