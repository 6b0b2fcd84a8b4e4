//! From the present slots and the wanted ones to the fewest ioctls, and back.
//!
//! KVM knows four things to do with a slot. Two are used: make it and take it away. A third,
//! moving it, is used where a slot keeps all but its place. The fourth, logging of writes, is
//! not. Size, host and rights of a slot cannot change. So a slot that stays what it is costs
//! nothing, one that comes or goes costs one ioctl, one that moves one, and any other change two.
//!
//! The order: what goes; then moves, each when its new place is free; then what comes. If moves
//! wait for each other in a ring, one slot of the ring goes and comes again.

#![forbid(unsafe_code)]

use super::runs::{Area, Splice};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One ioctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A slot comes.
    Add { slot: u32, area: Area },
    /// A slot goes.
    Delete { slot: u32, area: Area },
    /// A slot gets another place.
    Move { slot: u32, from: Area, to: Area },
}

impl Op {
    /// What takes it back.
    pub(super) fn undo(self) -> Self {
        match self {
            Self::Add { slot, area } => Self::Delete { slot, area },
            Self::Delete { slot, area } => Self::Add { slot, area },
            Self::Move { slot, from, to } => Self::Move { slot, from: to, to: from },
        }
    }

    /// Whether locations are without a slot while it is done, or after it.
    fn takes_away(&self) -> bool {
        !matches!(self, Self::Add { .. })
    }

    /// Whether it moves a slot partly onto itself.
    fn slides(&self) -> bool {
        matches!(self, Self::Move { from, to, .. } if from.overlaps(to))
    }
}

/// A change of the slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// In this order.
    pub(super) ops: Vec<Op>,
    /// Of runs.
    pub(super) splice: Splice,
}

impl Plan {
    /// Whether vCPUs must not be in the guest meanwhile, because a location that has a slot
    /// before and after the change, or if the change fails, has none in between. So the last
    /// ioctl can take something away while vCPUs run, and no other one can.
    pub(super) fn holds(&self) -> bool {
        let Some((last, others)) = self.ops.split_last() else { return false };
        others.iter().any(Op::takes_away) || last.slides()
    }

    /// How many slots more there are afterwards.
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
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    /// What has to be done for a splice.
    pub(super) fn plan(&self, splice: Splice) -> Plan {
        let wanted: BTreeSet<Area> = splice.come.iter().flat_map(super::runs::Run::areas).collect();
        let present = splice.gone.iter().flat_map(super::runs::Run::areas);
        let present: BTreeMap<Area, u32> = present
            .filter_map(|area| self.used.get(&area.gpa).map(|(slot, _)| (area, *slot)))
            .collect();
        let come: Vec<Area> =
            wanted.iter().filter(|area| !present.contains_key(area)).copied().collect();
        let gone = present.into_iter().filter(|(area, _)| !wanted.contains(area)).collect();
        Plan { ops: self.ordered(Moves::found(gone, come)), splice }
    }

    fn ordered(&self, moves: Moves) -> Vec<Op> {
        let Moves { mut gone, mut come, mut waiting } = moves;
        let mut moved = Vec::new();
        while !waiting.is_empty() {
            let before = moved.len();
            for from in waiting.keys().copied().collect::<Vec<_>>() {
                moved.extend(waiting.take_if_free(from));
            }
            let stuck = moved.len() == before;
            if let Some((slot, area, to)) = stuck.then(|| waiting.pop()).flatten() {
                gone.push((area, slot));
                come.push(to);
            }
        }
        let numbers = self.numbers(&gone, come.len());
        let deletes = gone.into_iter().map(|(area, slot)| Op::Delete { slot, area });
        let adds = numbers.into_iter().zip(come).map(|(slot, area)| Op::Add { slot, area });
        deletes.chain(moved).chain(adds).collect()
    }

    /// The lowest numbers that are free once the slots that go have gone.
    fn numbers(&self, gone: &[(Area, u32)], count: usize) -> Vec<u32> {
        let mut numbers: Vec<u32> = gone.iter().map(|(_, slot)| *slot).collect();
        numbers.extend(self.free.iter().take(count));
        numbers.sort_unstable();
        let free = numbers.into_iter().chain(self.unused_from..);
        free.take(count).collect()
    }

    /// Takes over what has been done.
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

/// What goes, what comes, and what moves.
#[derive(Debug)]
struct Moves {
    gone: Vec<(Area, u32)>,
    come: Vec<Area>,
    waiting: Waiting,
}

impl Moves {
    /// Makes moves of pairs that go and come.
    fn found(gone: Vec<(Area, u32)>, come: Vec<Area>) -> Self {
        // Wherever it is: the key of an area without its place.
        let key = |area: &Area| Area { gpa: 0, ..*area };
        let mut offers: HashMap<Area, Vec<(Area, u32)>> = HashMap::new();
        for (area, slot) in gone {
            offers.entry(key(&area)).or_default().push((area, slot));
        }
        let mut moves = Self { gone: Vec::new(), come: Vec::new(), waiting: Waiting::default() };
        for to in come {
            match offers.get_mut(&key(&to)).and_then(Vec::pop) {
                Some((from, slot)) => moves.waiting.push(slot, from, to),
                None => moves.come.push(to),
            }
        }
        moves.gone = offers.into_values().flatten().collect();
        moves.gone.sort_unstable();
        moves
    }
}

/// Moves that have not been made, by present place.
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

    /// Makes a move if no other slot that waits is at the new place.
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
