//! Section 11 of the contract: what is told of a change, and `gasp_guest_set`.

use super::cells::{Attributes, Cells};
use super::listener::{How, Lists, Told, What};
use super::query::span;
use super::set::{Answer, Row, apply};
use super::state::{Kind, Model};
use gasp_abi::gasp_region;

/// What all locations of both spaces have.
#[derive(Clone)]
pub(crate) struct Snapshot([Cells; 2]);

impl Snapshot {
    pub(crate) fn of(model: &Model) -> Self {
        Self([model.memory.cells.clone(), model.ports.cells.clone()])
    }

    /// Everything absent.
    pub(crate) fn nothing(model: &Model) -> Self {
        Self(Self::of(model).0.map(|cells| Cells::new(cells.edges().to_vec())))
    }

    pub(crate) fn restore(self, model: &mut Model) {
        [model.memory.cells, model.ports.cells] = self.0;
    }

    pub(crate) fn differs(&self, kind: Kind, other: &Self) -> bool {
        let [mine, theirs] = [self, other].map(|one| &one.0[usize::from(kind == Kind::Ports)]);
        !mine.same_map(theirs)
    }

    /// "exactly the locations whose attributes differ before and after", in runs
    pub(crate) fn difference(&self, after: &Self) -> Lists {
        let [memory, ports] = [0, 1].map(|space| {
            let (old, new) = (&self.0[space], &after.0[space]);
            [old.runs_unlike(new), new.runs_unlike(old)]
        });
        let [[memory_removed, memory_added], [ports_removed, ports_added]] = [memory, ports];
        [memory_removed, memory_added, ports_removed, ports_added]
            .map(|runs| runs.iter().map(span).collect())
    }
}

/// What one listener hears of a call: how it ends is its result unless the listener refuses.
pub(crate) fn hears(lists: Lists, how: How, refuses: bool) -> Vec<Told> {
    let asked = (how.dry || how.report).then_some(What::Estimate);
    let calls = match asked {
        _ if lists.iter().all(Vec::is_empty) => vec![],
        Some(estimate) if how.dry || refuses => vec![estimate],
        None if refuses => vec![What::Prepare],
        asked => asked.into_iter().chain([What::Prepare, What::Commit]).collect(),
    };
    calls.into_iter().map(|what| Told { what, lists: lists.clone() }).collect()
}

impl Model {
    /// What a call changes and answers if nobody refuses it. (In a dry run it is the caller who
    /// takes the change back.)
    pub(crate) fn set_as(&mut self, array: &[gasp_region], whole: bool) -> Answer {
        match whole {
            true => self.set_whole(array),
            false => self.set_each(array, true),
        }
    }

    /// "Deletions are made first, then the other elements in order, and whether a page of memory
    /// was cut is judged when all of them have been made."
    fn set_whole(&mut self, array: &[gasp_region]) -> Answer {
        let before = Snapshot::of(self);
        let result = self.make_all(array).and_then(|()| self.judge_edges(array));
        match result {
            Ok(()) => Answer { count: array.len(), refused: None },
            Err((count, row)) => {
                before.restore(self);
                Answer { count, refused: Some(row) }
            }
        }
    }

    fn make_all(&mut self, array: &[gasp_region]) -> Result<(), (usize, Row)> {
        for deleting in [true, false] {
            for (index, element) in array.iter().enumerate() {
                self.parse(element).map_err(|row| (index, row))?;
                if (element.flags == 0) == deleting {
                    let made = self.judge(element);
                    let (kind, range) = made.map_err(|row| (index, row))?;
                    apply(&mut self.space_mut(kind).cells, range, element);
                }
            }
        }
        Ok(())
    }

    /// "In the end, no edge of an element lies inside of a page with memory behind it, unless the
    /// locations on both sides of it are of one region."
    fn judge_edges(&self, array: &[gasp_region]) -> Result<(), (usize, Row)> {
        let cells = &self.memory.cells;
        let is_cut = |edge: u128| {
            let (before, after) = (cells.at(edge - 1), cells.at(edge));
            let backed = |one: Option<Attributes>| one.is_some_and(|one| one.host.is_some());
            before.map(|one| one.further(1)) != after && (backed(before) || backed(after))
        };
        for (index, element) in array.iter().enumerate() {
            let (kind, range) = self.parse(element).map_err(|row| (index, row))?;
            let inside = |edge: &u128| kind == Kind::Memory && edge % 4096 != 0;
            if [range.start, range.end].into_iter().filter(inside).any(is_cut) {
                return Err((index, Row::PageEdge));
            }
        }
        Ok(())
    }
}
