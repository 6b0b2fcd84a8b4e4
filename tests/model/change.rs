//! Section 11 of the specification: differences, and `gasp_guest_set`.

use super::cells::{Attributes, Cells};
use super::listener::{Callback, Lists, Notification, SetOptions};
use super::query::span;
use super::set::{Answer, Element, Row, Rules, apply};
use super::state::{Kind, Model};

/// The attributes of all locations of both spaces.
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

    /// 11.2: the runs of locations whose attributes differ before and after.
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

/// The calls of one listener for a set call, of which it refuses the first if `refuses`.
pub(crate) fn notifications(lists: Lists, options: SetOptions, refuses: bool) -> Vec<Notification> {
    let asked = (options.dry || options.report).then_some(Callback::Estimate);
    let calls = match asked {
        _ if lists.iter().all(Vec::is_empty) => vec![],
        Some(estimate) if options.dry || refuses => vec![estimate],
        None if refuses => vec![Callback::Prepare],
        asked => asked.into_iter().chain([Callback::Prepare, Callback::Commit]).collect(),
    };
    calls.into_iter().map(|callback| Notification { callback, lists: lists.clone() }).collect()
}

impl Model {
    /// Makes the change of a call, without its listener. The caller undoes a dry run.
    pub(crate) fn set_as(&mut self, array: &[Element], whole: bool, rules: Rules) -> Answer {
        let rules = Rules { locked: true, ..rules };
        match whole {
            true => self.set_whole(array, rules),
            false => self.set_each(array, rules),
        }
    }

    /// 11.6.3: deletions, then the other elements in order, then the edges in the resulting state.
    fn set_whole(&mut self, array: &[Element], rules: Rules) -> Answer {
        let before = Snapshot::of(self);
        let result = self.make_all(array, rules).and_then(|()| self.judge_edges(array));
        match result {
            Ok(()) => Answer { count: array.len(), refused: None },
            Err((count, row)) => {
                before.restore(self);
                Answer { count, refused: Some(row) }
            }
        }
    }

    fn make_all(&mut self, array: &[Element], rules: Rules) -> Result<(), (usize, Row)> {
        for deleting in [true, false] {
            for (index, element) in array.iter().enumerate() {
                self.parse(element).map_err(|row| (index, row))?;
                if (element.flags == 0) == deleting {
                    let made = self.judge(element, rules);
                    let (kind, range) = made.map_err(|row| (index, row))?;
                    apply(&mut self.space_mut(kind).cells, range, element);
                }
            }
        }
        Ok(())
    }

    /// 11.6.3: no edge of an element lies inside a page whose two sides are not in one region, if one
    /// of them is backed.
    fn judge_edges(&self, array: &[Element]) -> Result<(), (usize, Row)> {
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
