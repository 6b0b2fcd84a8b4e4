//! The designs against one another, on random changes of a small space of pages.

use crate::ordered::Ordered;
use crate::run::{Attrs, Change, Run, replacement};

const PAGE: u64 = 4096;
const PAGES: usize = 96;

/// A generator that needs no crate (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn attrs(random: &mut Random) -> Option<Attrs> {
    let kind = random.below(4) as u32;
    (kind > 0).then_some(Attrs { flags: kind, cookie: 7, vdev: 0, bias: 1 << 40 })
}

fn change(random: &mut Random) -> Change {
    let first = random.below(PAGES);
    let count = 1 + random.below((PAGES - first).min(9));
    let start = first as u64 * PAGE;
    Change { start, last: start + count as u64 * PAGE - 1, attrs: attrs(random) }
}

fn paint(pages: &mut [Option<Attrs>], change: &Change) {
    let pages = &mut pages[(change.start / PAGE) as usize..=(change.last / PAGE) as usize];
    pages.fill(change.attrs);
}

/// The last location of the run of equal pages around page `at`.
fn expected(pages: &[Option<Attrs>], at: usize) -> Option<(u64, Attrs)> {
    let attrs = pages[at]?;
    let equal = pages[at..].iter().take_while(|&&page| page == Some(attrs)).count();
    Some(((at + equal) as u64 * PAGE - 1, attrs))
}

#[test]
fn ordered_agrees_with_pages_after_every_change() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut map = Ordered::default();
    let mut pages = [None; PAGES];
    for _ in 0..20_000 {
        let change = change(&mut random);
        map.change(&change);
        paint(&mut pages, &change);
        for at in 0..PAGES {
            assert_eq!(map.find(at as u64 * PAGE), expected(&pages, at), "{change:?}");
        }
    }
}

#[test]
fn replacement_of_a_middle_page_gives_three_runs_and_back_one() {
    let rest = Attrs { flags: 1, cookie: 0, vdev: 0, bias: 0 };
    let page = Attrs { flags: 2, ..rest };
    let whole = Run { start: 0, last: 5 * PAGE - 1, attrs: rest };
    let out = Change { start: PAGE, last: 2 * PAGE - 1, attrs: Some(page) };
    let back = Change { attrs: Some(rest), ..out };

    let three = replacement(&[whole], &out);

    assert_eq!(three.len(), 3);
    assert_eq!(replacement(&three, &back), [whole]);
}
