//! A sorted vector of regions that a change splices: the writer's side of the designs that publish
//! a whole new map.

use crate::run::{Change, Run, replacement};
use gasp_abi::gasp_region;

/// An item of the vector.
pub(crate) trait Piece {
    /// Make an item.
    fn of(run: Run) -> Self;
    /// The region that it holds.
    fn run(&self) -> Run;
}

impl Piece for Run {
    fn of(run: Run) -> Self {
        run
    }

    fn run(&self) -> Run {
        *self
    }
}

/// Apply the elements in order.
pub(crate) fn apply<P: Piece>(pieces: &mut Vec<P>, elements: &[gasp_region]) {
    if pieces.is_empty() && build(pieces, elements) {
        return;
    }
    elements.iter().for_each(|element| splice(pieces, &Change::of(element)));
}

/// Fill an empty vector from elements that neither overlap nor join, whatever their order: a fill
/// of a whole map must not cost a shift of everything for each region.
fn build<P: Piece>(pieces: &mut Vec<P>, elements: &[gasp_region]) -> bool {
    let runs: Option<Vec<Run>> = elements.iter().map(|element| Change::of(element).run()).collect();
    let Some(mut runs) = runs else { return false };
    runs.sort_unstable_by_key(|run| run.start);
    let apart = |pair: &[Run]| {
        pair[0].last < pair[1].start
            && (pair[0].last + 1 < pair[1].start || pair[0].attrs != pair[1].attrs)
    };
    let simple = runs.windows(2).all(apart);
    if simple {
        pieces.extend(runs.into_iter().map(P::of));
    }
    simple
}

/// Replace the items that overlap or touch the change.
fn splice<P: Piece>(pieces: &mut Vec<P>, change: &Change) {
    let first = pieces.partition_point(|p| p.run().last < change.start.saturating_sub(1));
    let count = pieces[first..]
        .iter()
        .take_while(|p| p.run().start <= change.last.saturating_add(1))
        .count();
    let old: Vec<Run> = pieces[first..first + count].iter().map(Piece::run).collect();
    let new = replacement(&old, change);
    pieces.splice(first..first + count, new.into_iter().map(P::of));
}
