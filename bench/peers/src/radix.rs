//! A radix tree from page numbers to sections, as QEMU's dispatch has one.
//!
//! 64-bit locations, 4096-byte pages, 9 bits a level, hence 6 levels of 512-way nodes. An entry is
//! 32 bits: how many levels it leads down (6 bits; 0 is a leaf) and the number of a node or of a
//! section. After the build, a node with one used entry is skipped: the entry that led to it leads
//! to where the one inside leads. Skipped bits are not compared, so a lookup must check that
//! the section it found holds the location. (QEMU keeps section numbers in 16 bits; they are
//! wider here, or a map would end at 4096 regions. Pages that hold more than one section are left
//! out: no region here starts inside of a page.)

#![allow(unsafe_code)]

const BITS: u32 = 9;
const FANOUT: usize = 1 << BITS;
const LEVELS: u32 = 6;
const PAGE_SHIFT: u32 = 12;
/// The number that no node has.
const NIL: u32 = u32::MAX >> 6;
/// The section of everything that is not mapped.
pub(crate) const UNASSIGNED: u32 = 0;

/// Number in the upper 26 bits, levels to go down in the lower 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(u32);

impl Entry {
    const NONE: Self = Self::down(1, NIL);

    const fn leaf(section: u32) -> Self {
        Self(section << 6)
    }

    const fn down(levels: u32, node: u32) -> Self {
        Self(node << 6 | levels)
    }

    #[inline(always)]
    const fn levels(self) -> u32 {
        self.0 & 0x3f
    }

    #[inline(always)]
    const fn number(self) -> u32 {
        self.0 >> 6
    }
}

type Node = [Entry; FANOUT];

/// The tree.
#[derive(Debug)]
pub(crate) struct Radix {
    root: Entry,
    nodes: Vec<Node>,
}

impl Radix {
    /// An empty tree.
    pub(crate) fn new() -> Self {
        Self { root: Entry::down(1, NIL), nodes: Vec::new() }
    }

    /// The number of the section that may hold the location; [`UNASSIGNED`] where none does.
    #[inline(always)]
    pub(crate) fn find(&self, location: u64) -> u32 {
        let index = location >> PAGE_SHIFT;
        let mut at = self.root;
        let mut level = LEVELS;
        while at.levels() != 0 {
            if at.number() == NIL {
                return UNASSIGNED;
            }
            level -= at.levels();
            let slot = (index >> (level * BITS)) as usize % FANOUT;
            // SAFETY: an entry that leads down carries NIL or the number of a node that exists
            // (`map_level` makes no others, nodes never go away). C checks nothing here either.
            at = unsafe { self.nodes.get_unchecked(at.number() as usize) }[slot];
        }
        at.number()
    }

    /// Let the locations from `start` to `last` (whole pages) lead to a section.
    pub(crate) fn map(&mut self, start: u64, last: u64, section: u32) {
        let (mut page, end) = (start >> PAGE_SHIFT, (last >> PAGE_SHIFT) + 1);
        let mut root = self.root;
        self.map_level(&mut root, &mut page, end, section, LEVELS - 1);
        self.root = root;
    }

    /// Fill what this entry covers, from `*page` on: whole children as leaves, others one level
    /// further down. `page` is left where the next entry has to go on.
    fn map_level(&mut self, at: &mut Entry, page: &mut u64, end: u64, section: u32, level: u32) {
        if at.number() == NIL {
            // As in the original, the last level leads to the section of nothing, not to no node.
            let unused = if level == 0 { Entry::leaf(UNASSIGNED) } else { Entry::NONE };
            self.nodes.push([unused; FANOUT]);
            *at = Entry::down(1, u32::try_from(self.nodes.len() - 1).expect("26 bits"));
        }
        let node = at.number() as usize;
        let step = 1_u64 << (level * BITS);
        let first = (*page >> (level * BITS)) as usize % FANOUT;
        for slot in first..FANOUT {
            if *page >= end {
                return;
            }
            if *page % step == 0 && end - *page >= step {
                self.nodes[node][slot] = Entry::leaf(section);
                *page += step;
            } else {
                let mut child = self.nodes[node][slot];
                self.map_level(&mut child, page, end, section, level - 1);
                self.nodes[node][slot] = child;
            }
        }
    }

    /// Skip the nodes in which there is no choice.
    pub(crate) fn compact(&mut self) {
        let mut root = self.root;
        self.compact_entry(&mut root);
        self.root = root;
    }

    fn compact_entry(&mut self, at: &mut Entry) {
        if at.number() == NIL || at.levels() == 0 {
            return;
        }
        let node = at.number() as usize;
        let mut used = 0;
        let mut only = Entry::NONE;
        for slot in 0..FANOUT {
            let mut child = self.nodes[node][slot];
            if child == Entry::NONE {
                continue;
            }
            self.compact_entry(&mut child);
            self.nodes[node][slot] = child;
            used += 1;
            only = child;
        }
        if used == 1 {
            *at = match only.levels() {
                0 => only,
                levels => Entry::down(at.levels() + levels, only.number()),
            };
        }
    }
}
