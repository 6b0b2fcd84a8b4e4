//! Tests of the test, without the library: the random arrays meet every row of the table of
//! refusals and every kind of state, and the model's searches find what trying every location
//! finds.

use super::cells::{Extent, Run};
use super::change::Snapshot;
use super::numbers::*;
use super::random::Random;
use super::runner::Plan;
use super::search::{Wish, apart, ends};
use super::set::{Answer, Element, Row, Rules};
use super::state::{Kind, Model};
use std::collections::BTreeMap;

pub(crate) fn arrays_reach_every_row(plan: &Plan) {
    let mut counts: BTreeMap<Option<Row>, u32> = BTreeMap::new();
    watch(plan, |_, answer| *counts.entry(answer.refused).or_default() += 1);
    let rows = Row::ALL.into_iter().filter(|row| *row != Row::OnlyAbsent).map(Some);
    for row in rows.chain([None]) {
        let count = counts.get(&row).copied().unwrap_or(0);
        assert!(count >= 50, "{row:?} only {count} times: {counts:?}");
    }
}

pub(crate) fn arrays_reach_every_state(plan: &Plan) {
    let mut counts = [0; STATES.len()];
    watch(plan, |model, _| {
        for (count, (_, holds)) in counts.iter_mut().zip(STATES) {
            *count += u32::from(holds(model));
        }
    });
    for (count, (name, _)) in counts.iter().zip(STATES) {
        assert!(*count >= 50, "{name}: only {count} times");
    }
}

/// Calls that are all or nothing are refused for every reason they can have, and done; and so are
/// swaps.
pub(crate) fn whole_arrays_reach_every_row(plan: &Plan) {
    let mut counts: BTreeMap<(bool, Option<Row>), u32> = BTreeMap::new();
    let mut generator = plan.generator(2);
    watch(plan, |model, _| {
        let before = Snapshot::of(model);
        let wanted = generator.random.percent(20);
        let swap = if wanted { generator.swap(model) } else { None };
        let is_swap = swap.is_some();
        let array = swap.unwrap_or_else(|| generator.array(model));
        let elements: Vec<Element> = array.iter().map(Element::from).collect();
        let only_absent = !is_swap && generator.random.percent(10);
        let rules = Rules { only_absent, ..Rules::default() };
        *counts.entry((is_swap, model.set_as(&elements, true, rules).refused)).or_default() += 1;
        before.restore(model);
    });
    let rows = Row::ALL.into_iter().filter(|row| *row != Row::Lock).map(|row| (false, Some(row)));
    for end in rows.chain([(false, None), (true, None)]) {
        let count = counts.get(&end).copied().unwrap_or(0);
        assert!(count >= 20, "{end:?} only {count} times: {counts:?}");
    }
}

/// Crowds last long enough to be split, merged and deleted in many ways.
pub(crate) fn crowds_are_crowded(plan: &Plan, kind: Kind) {
    let mut counts = [0; 2];
    watch(plan, |model, _| {
        let regions = model.runs(kind).len();
        counts[0] += u32::from(regions > 64);
        counts[1] += u32::from(regions > 640);
    });
    assert!(counts[0] >= 1000 && counts[1] >= 400, "{}: {counts:?}", plan.name);
}

/// Give some thousand random arrays to the model alone.
fn watch(plan: &Plan, mut look: impl FnMut(&mut Model, Answer)) {
    let mut generator = plan.generator(1);
    for guest in 0..40 {
        let (memory, ports) = (plan.memory.edges.clone(), plan.ports.edges.clone());
        let mut model = Model::new(memory, ports, guest % 2 == 1);
        for step in 0..100 {
            model.started = step > 70;
            model.memory.held = step % 2;
            model.acting = generator.random.pick(&[0, 0x1000, 0x2000, 0x3000]);
            let array = generator.array(&model);
            let answer = model.set_soft(&array);
            look(&mut model, answer);
        }
    }
}

type State = (&'static str, fn(&Model) -> bool);

/// States that faults are likely to hide in.
const STATES: [State; 10] = [
    ("the last location is present", |model| model.memory.cells.at(MEMORY_END - 1).is_some()),
    ("the last port is present", |model| model.ports.cells.at(PORTS_END - 1).is_some()),
    ("a region of 4 GiB and more", |model| some(model, |run| run.extent.length() >> 32 != 0)),
    ("a region of one location", |model| some(model, |run| run.extent.length() == 1)),
    ("saved rights", |model| some(model, |run| run.first.saved != 0)),
    ("trapped, backed, nothing saved", |model| {
        some(model, |run| run.first.flags & VIRT_ANY != 0 && backed(run) && run.first.saved == 0)
    }),
    ("PRECIOUS", |model| some(model, |run| run.first.flags & PRECIOUS != 0)),
    ("ports backed by host port 0", |model| {
        model.runs(Kind::Ports).iter().any(|run| run.first.host == Some(0))
    }),
    ("neighbours that only their host address keeps apart", |model| {
        borders(model, |left, right| {
            let mut there = left.at(right.extent.start);
            let jumps = backed(left) && backed(right) && there.host != right.first.host;
            there.host = right.first.host;
            jumps && there == right.first
        })
    }),
    ("neighbours that only their saved rights keep apart", |model| {
        borders(model, |left, right| {
            let mut there = left.at(right.extent.start);
            let kept_apart = there.saved != right.first.saved;
            there.saved = right.first.saved;
            kept_apart && there == right.first
        })
    }),
];

fn backed(run: &Run) -> bool {
    run.first.host.is_some()
}

fn some(model: &Model, wanted: impl Fn(&Run) -> bool) -> bool {
    model.runs(Kind::Memory).iter().any(wanted)
}

/// Do some two adjacent regions have a property?
fn borders(model: &Model, wanted: impl Fn(&Run, &Run) -> bool) -> bool {
    let pairs = model.runs(Kind::Memory).windows(2);
    pairs
        .into_iter()
        .any(|pair| pair[0].extent.end == pair[1].extent.start && wanted(&pair[0], &pair[1]))
}

/// The lowest and the highest place, among obstacles in a space of 64 locations, by trying all.
pub(crate) fn searches_are_exhaustive() {
    let mut random = Random::new(1);
    for _ in 0..20_000 {
        let mut obstacles = Vec::new();
        for _ in 0..random.below(5) {
            let start = random.between(0..64);
            obstacles.push(Extent::new(start, start + random.between(1..16)));
        }
        let (first, last) = (random.below(70), random.below(70));
        let (size, align) = (1 + random.below(12), 1 << random.below(5));
        compare_searches(&obstacles, &Wish { size, align, first, last });
    }
}

fn compare_searches(obstacles: &[Extent], wish: &Wish) {
    let points = ends(obstacles.iter().copied());
    let fits = |place| apart(place, obstacles);
    let (first, end) = (u128::from(wish.first), (u128::from(wish.last) + 1).min(64));
    let places: Vec<Extent> = (first..end)
        .filter(|start| start % u128::from(wish.align) == 0)
        .map(|start| Extent::new(start, start + u128::from(wish.size)))
        .filter(|&place| place.end <= end && fits(place))
        .collect();
    assert_eq!(wish.lowest(64, &points, fits), places.first().copied(), "{wish:?} {obstacles:?}");
    assert_eq!(wish.highest(64, &points, fits), places.last().copied(), "{wish:?} {obstacles:?}");
}
