//! For tests: checks where every node of a pool is, and how much memory the nodes occupy.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::free::{SEGMENT, arrays};
use super::published::Pool;
use super::writer::PoolWriter;
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::sys::mapping::PAGE;
use core::mem::size_of;
use core::ptr::{self, NonNull};
use std::fs::File;
use std::os::unix::fs::FileExt;

impl Pool {
    /// The present epoch.
    pub(in crate::map) fn reuse_epoch(&self) -> u64 {
        self.published.reuse.begin()
    }
}

impl PoolWriter<'_> {
    /// Panics unless each node is published, in quarantine or free, and only one of these.
    pub(in crate::map) fn audit(&self, root: Option<&Root>) {
        let lists = &*self.lists;
        assert!(lists.fresh.is_empty() && lists.replaced.is_empty(), "left from a draft");
        let mut leaves = published(root);
        leaves.extend(lists.quarantine.iter().map(address));
        assert_eq!(leaves.len(), lists.taken(), "leaves that are taken");
        leaves.extend(lists.free_leaves.iter().map(address));
        assert_eq!(count_each_once(leaves), lists.carved, "leaves");

        let mut roots: Vec<usize> =
            root.map(|root| ptr::from_ref(root).addr()).into_iter().collect();
        roots.extend(lists.root_quarantine.iter().chain(&lists.free_roots).map(address));
        assert_eq!(count_each_once(roots), lists.roots.len(), "roots");
    }

    /// The bytes of nodes and lists that are in memory, if the system reports them.
    pub(in crate::map) fn resident(&self) -> Option<usize> {
        let lists = &*self.lists;
        let pages =
            File::open("/proc/self/pagemap").ok().filter(|_| cfg!(target_arch = "x86_64"))?;
        let segments = lists.segments.iter().map(|segment| {
            resident(&pages, segment.start().addr().get(), SEGMENT * size_of::<Leaf>())
        });
        let roots = arrays(&lists.roots);
        let roots = roots.map(|(start, length)| resident(&pages, start.addr().get(), length));
        let lists = [&lists.free_leaves, &lists.quarantine, &lists.fresh, &lists.replaced];
        let lists = lists.iter().map(|list| list.capacity() * size_of::<usize>());
        Some(segments.chain(roots).chain(lists).sum())
    }
}

fn address<T>(node: &NonNull<T>) -> usize {
    node.addr().get()
}

fn published(root: Option<&Root>) -> Vec<usize> {
    let slots = root.map_or(0, Root::count);
    let leaf = |slot| root.and_then(|root| root.leaf(slot)).expect("every slot has a leaf");
    (0..slots).map(|slot| ptr::from_ref(leaf(slot)).addr()).collect()
}

fn count_each_once(mut nodes: Vec<usize>) -> usize {
    let count = nodes.len();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), count, "a node is in two places");
    count
}

/// The number of these bytes that are in memory.
fn resident(pages: &File, start: usize, length: usize) -> usize {
    let end = start + length;
    let mut entries = vec![0; (end.div_ceil(PAGE) - start / PAGE) * 8];
    pages.read_exact_at(&mut entries, (start / PAGE * 8) as u64).unwrap();
    let first = start / PAGE * PAGE;
    let present = (first..end).step_by(PAGE).zip(entries.chunks_exact(8));
    // The highest bit of a page's eight bytes says that the page is present.
    let present = present.filter(|(_, entry)| entry[7] & 0x80 != 0);
    present.map(|(page, _)| end.min(page + PAGE) - start.max(page)).sum()
}
