//! Finds the fewest ioctls from the present slots to the wanted ones, and back.
//!
//! KVM can create a slot, delete it, move it to another guest address, and log its writes (not used
//! here). Size, host address and rights of a slot cannot change. So an unchanged slot costs
//! nothing; an added, removed or moved one costs one ioctl; any other change costs two.
//!
//! The order: deletions; then moves, each when its new place is free; then additions. If moves wait
//! for each other in a ring, one slot of the ring is deleted and added again.

#![forbid(unsafe_code)]

use super::runs::{Area, Splice};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One ioctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add { slot: u32, area: Area },
    Delete { slot: u32, area: Area },
    Move { slot: u32, from: Area, to: Area },
}

impl Op {
    /// The operation that reverts this one.
    pub(super) fn undo(self) -> Self {
        match self {
            Self::Add { slot, area } => Self::Delete { slot, area },
            Self::Delete { slot, area } => Self::Add { slot, area },
            Self::Move { slot, from, to } => Self::Move { slot, from: to, to: from },
        }
    }

    /// Whether locations have no slot during or after it.
    fn takes_away(&self) -> bool {
        !matches!(self, Self::Add { .. })
    }

    /// Whether the old and the new place of a move overlap.
    fn slides(&self) -> bool {
        matches!(self, Self::Move { from, to, .. } if from.overlaps(to))
    }
}

/// A change of the slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The operations, in order.
    pub(super) ops: Vec<Op>,
    /// The change of the runs.
    pub(super) splice: Splice,
}

impl Plan {
    /// Whether vCPUs have to be held, because a location that has a slot before and after the
    /// change (or before and after a failure of it) has none in between. So only the last ioctl may
    /// take a slot away while vCPUs run.
    pub(super) fn holds(&self) -> bool {
        let Some((last, others)) = self.ops.split_last() else { return false };
        others.iter().any(Op::takes_away) || last.slides()
    }

    /// The growth of the number of slots.
    pub(super) fn growth(&self) -> i64 {
        let of = |op: &Op| match op {
            Op::Add { .. } => 1,
            Op::Delete { .. } => -1,
            Op::Move { .. } => 0,
        };
        self.ops.iter().map(of).sum()
    }
}

/// The slots that KVM has.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    used: BTreeMap<u64, (u32, Area)>,
    /// Numbers below `unused_from` that are not in use.
    free: BTreeSet<u32>,
    unused_from: u32,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    /// The plan for a splice.
    pub(super) fn plan(&self, splice: Splice) -> Plan {
        let wanted: BTreeSet<Area> =
            splice.added.iter().flat_map(super::runs::Run::areas).collect();
        let present = splice.removed.iter().flat_map(super::runs::Run::areas);
        let present: BTreeMap<Area, u32> = present
            .filter_map(|area| self.used.get(&area.gpa).map(|(slot, _)| (area, *slot)))
            .collect();
        let added: Vec<Area> =
            wanted.iter().filter(|area| !present.contains_key(area)).copied().collect();
        let removed = present.into_iter().filter(|(area, _)| !wanted.contains(area)).collect();
        Plan { ops: self.ordered(Moves::found(removed, added)), splice }
    }

    fn ordered(&self, moves: Moves) -> Vec<Op> {
        let Moves { mut removed, mut added, mut waiting } = moves;
        let mut moved = Vec::new();
        while !waiting.is_empty() {
            let before = moved.len();
            for from in waiting.keys().copied().collect::<Vec<_>>() {
                moved.extend(waiting.take_if_free(from));
            }
            let stuck = moved.len() == before;
            if let Some((slot, area, to)) = stuck.then(|| waiting.pop()).flatten() {
                removed.push((area, slot));
                added.push(to);
            }
        }
        let numbers = self.numbers(&removed, added.len());
        let deletes = removed.into_iter().map(|(area, slot)| Op::Delete { slot, area });
        let adds = numbers.into_iter().zip(added).map(|(slot, area)| Op::Add { slot, area });
        deletes.chain(moved).chain(adds).collect()
    }

    /// The lowest numbers that are free after the deletions.
    fn numbers(&self, removed: &[(Area, u32)], count: usize) -> Vec<u32> {
        let mut numbers: Vec<u32> = removed.iter().map(|(_, slot)| *slot).collect();
        numbers.extend(self.free.iter().take(count));
        numbers.sort_unstable();
        let free = numbers.into_iter().chain(self.unused_from..);
        free.take(count).collect()
    }

    /// Notes an executed operation.
    pub(super) fn apply(&mut self, op: Op) {
        match op {
            Op::Add { slot, area } => self.add(slot, area),
            Op::Delete { slot, area } => self.delete(slot, area),
            Op::Move { slot, from, to } => {
                self.delete(slot, from);
                self.add(slot, to);
            }
        }
    }

    fn add(&mut self, slot: u32, area: Area) {
        self.free.remove(&slot);
        self.free.extend(self.unused_from..slot);
        self.unused_from = self.unused_from.max(slot.saturating_add(1));
        self.used.insert(area.gpa, (slot, area));
    }

    fn delete(&mut self, slot: u32, area: Area) {
        self.used.remove(&area.gpa);
        self.free.insert(slot);
    }
}

/// Deletions, additions and moves.
#[derive(Debug)]
struct Moves {
    removed: Vec<(Area, u32)>,
    added: Vec<Area>,
    waiting: Waiting,
}

impl Moves {
    /// Turns pairs of a deletion and an addition into moves.
    fn found(removed: Vec<(Area, u32)>, added: Vec<Area>) -> Self {
        // An area without its place.
        let key = |area: &Area| Area { gpa: 0, ..*area };
        let mut offers: HashMap<Area, Vec<(Area, u32)>> = HashMap::new();
        for (area, slot) in removed {
            offers.entry(key(&area)).or_default().push((area, slot));
        }
        let mut moves =
            Self { removed: Vec::new(), added: Vec::new(), waiting: Waiting::default() };
        for to in added {
            match offers.get_mut(&key(&to)).and_then(Vec::pop) {
                Some((from, slot)) => moves.waiting.push(slot, from, to),
                None => moves.added.push(to),
            }
        }
        moves.removed = offers.into_values().flatten().collect();
        moves.removed.sort_unstable();
        moves
    }
}

/// Pending moves, by present place.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<u64, (u32, Area, Area)>);

impl Waiting {
    fn push(&mut self, slot: u32, from: Area, to: Area) {
        self.0.insert(from.gpa, (slot, from, to));
    }

    fn pop(&mut self) -> Option<(u32, Area, Area)> {
        self.0.pop_first().map(|(_, waiting)| waiting)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn keys(&self) -> impl Iterator<Item = &u64> {
        self.0.keys()
    }

    /// Takes a move if no other pending slot is at its new place.
    fn take_if_free(&mut self, place: u64) -> Option<Op> {
        let (slot, from, to) = *self.0.get(&place)?;
        let conflict = self.0.range(..=to.last()).rev();
        let mut conflict = conflict.take_while(|(_, (_, area, _))| area.last() >= to.gpa);
        let free = conflict.all(|(other, _)| *other == place);
        free.then(|| {
            self.0.remove(&place);
            Op::Move { slot, from, to }
        })
    }
}
