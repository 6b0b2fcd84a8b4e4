//! Random arguments: likely enough to meet what is there, to merge, to split and to be refused.

use super::areas::Ground;
use super::cells::{Cells, Extent, Run};
use super::numbers::*;
use super::owner::VDEVS;
use super::query::low64;
use super::random::Random;
use super::ranges::{describable, hole_after, short, sorted, whole};
use super::search::Wish;
use super::state::{Kind, Model};
use gasp_abi::{gasp_change, gasp_region, qvm_state_block};
use std::ptr::{null_mut, without_provenance_mut};

/// Combinations of flags that a VMM uses, and some that are nonsense.
const FLAGS: [u32; 19] = [
    MEMORY | PASS_ANY | DMA_SOURCE | DMA_TARGET,
    MEMORY | PASS_ANY | DMA_SOURCE | DMA_TARGET,
    MEMORY | PASS_ANY,
    MEMORY | PASS_RD | PASS_EX | DMA_SOURCE,
    MEMORY | PASS_RD | VIRT_WR,
    MEMORY,
    MEMORY | NOCACHE,
    PASS_RD | PASS_WR | PASSTHRU,
    PASS_RD | PASS_WR | NOCACHE,
    PASS_RD | PASS_EX,
    PASS_RD | VIRT_WR,
    VIRT_RD | VIRT_WR,
    VIRT_RD | VIRT_WR,
    VIRT_ANY,
    VIRT_WR,
    VIRT_WR | NOCACHE,
    NOPERMS,
    DMA_USES,
    PASSTHRU,
];

/// `type` values that are no space; some would be one if they were cut to 16 bits.
const BAD_TYPES: [u32; 8] = [1, 4, 5, 7, 0x8001, 0xffff, 0x1_0000, 0x1_8000];

/// Where host addresses start: three places, so that neighbours are sometimes consecutive.
const HOSTS: [u128; 3] = [0x5000_0000_0000, 0x5000_0000_0000 + 4 * PAGE, 0x6000_0000_0000];

pub(crate) struct Generator {
    pub(crate) random: Random,
    pub(crate) memory: Ground,
    pub(crate) ports: Ground,
    /// How many per cent of the changes are about ports.
    pub(crate) port_share: u64,
    /// How many per cent of the arrays make crowds of regions.
    pub(crate) crowds: u64,
}

impl Generator {
    pub(crate) fn kind(&mut self) -> Kind {
        if self.random.percent(self.port_share) { Kind::Ports } else { Kind::Memory }
    }

    pub(crate) fn array(&mut self, model: &Model) -> Vec<gasp_region> {
        if self.random.percent(self.crowds) {
            return self.crowd(model);
        }
        if self.random.percent(3) {
            return self.huge(model);
        }
        let n = 1 + self.random.below(8).min(self.random.below(8));
        (0..n).map(|_| self.element(model)).collect()
    }

    /// Neighbours with equal attributes, larger together than a block can describe.
    fn huge(&mut self, model: &Model) -> Vec<gasp_region> {
        let template = self.element(model);
        let from = self.random.index(2);
        let extents = self.memory.huge.clone();
        let element = |extent: &Extent| {
            let guest = block(QST_MEMORY, *extent);
            gasp_region {
                host_location: self.host_at(Kind::Memory, HOSTS[0], *extent),
                guest,
                ..template
            }
        };
        extents[from..].iter().map(element).collect()
    }

    /// Many small regions side by side: one for each cell, or for every second one.
    fn crowd(&mut self, model: &Model) -> Vec<gasp_region> {
        let kind = self.kind();
        let cells = &model.space(kind).cells;
        let first = cells.index(self.near(cells, kind));
        let last = (first + 1 + self.random.index(2000)).min(cells.edges().len() - 1);
        let step = 1 + self.random.index(2);
        let flags = self.random.pick(&[VIRT_RD | VIRT_WR, VIRT_WR, NOPERMS]);
        let describable = |extent: &Extent| extent.length() <= u128::from(u32::MAX);
        let element = |(number, extent): (u32, Extent)| {
            let (guest, cookie) = (block(kind.qst(), extent), number % 2);
            gasp_region { flags, cookie, vdev: null_mut(), host_location: 0, guest }
        };
        let edges = cells.edges()[first..=last].windows(2).step_by(step);
        let extents = edges.map(|edge| Extent::new(edge[0], edge[1])).filter(describable);
        (0..).zip(extents).map(element).collect()
    }

    /// Two regions that swap their attributes, as deletions and additions in any order.
    pub(crate) fn swap(&mut self, model: &Model) -> Option<Vec<gasp_region>> {
        let kind = self.kind();
        let runs: Vec<&Run> = model.runs(kind).iter().filter(|run| short(run)).collect();
        if runs.len() < 2 {
            return None;
        }
        let (a, b) = (self.random.index(runs.len()), self.random.index(runs.len()));
        let (a, b) = (runs[a], runs[b]);
        let mut elements = vec![
            deletion(kind, a.extent),
            deletion(kind, b.extent),
            imitation(kind, a.extent, b),
            imitation(kind, b.extent, a),
        ];
        (0..elements.len()).for_each(|place| elements.swap(place, self.random.index(place + 1)));
        Some(elements)
    }

    fn element(&mut self, model: &Model) -> gasp_region {
        let kind = self.kind();
        let flags = self.flags();
        let backs = flags & (MEMORY | PASS_ANY) != 0;
        let on_pages = kind == Kind::Memory && self.random.percent(if backs { 92 } else { 60 });
        let wanted = self.range(model, kind, on_pages);
        let inside = if self.random.percent(30) { self.precious(model, kind) } else { None };
        let range = inside.unwrap_or(wanted);
        let cookie = u32::from(self.random.percent(15));
        let vdevs = if flags & PRECIOUS != 0 { &VDEVS[1..] } else { &[0, 0, 0, 0x1000, 0x2000] };
        let vdev = without_provenance_mut(self.random.pick(vdevs));
        let mut guest = block(self.alias(kind), range);
        guest.flags = self.random.pick(&[0, 0, 0, 0xffff]);
        let host_location = self.host(kind, range);
        let mut element = gasp_region { flags, cookie, vdev, host_location, guest };
        if self.random.percent(15) {
            imitate_neighbour(&mut element, &model.space(kind).cells, range);
        }
        if self.random.percent(6) {
            self.spoil(&mut element);
        }
        element
    }

    /// The range of a region that is PRECIOUS to a vdev.
    fn precious(&mut self, model: &Model, kind: Kind) -> Option<Extent> {
        let owned =
            |run: &&Run| run.first.flags & PRECIOUS != 0 && run.first.vdev != 0 && short(run);
        let runs: Vec<&Run> = model.runs(kind).iter().filter(owned).collect();
        (!runs.is_empty()).then(|| runs[self.random.index(runs.len())].extent)
    }

    fn flags(&mut self) -> u32 {
        let mut flags = match self.random.below(100) {
            0..20 => return NONE,
            20..92 => self.random.pick(&FLAGS),
            _ => self.any_flags(),
        };
        if self.random.percent(7) {
            flags |= PRECIOUS;
        }
        if self.random.percent(15) {
            flags |= ACTIVE | self.random.u32() & BACKUP_MASK;
        }
        flags
    }

    /// Any combination that is not refused.
    fn any_flags(&mut self) -> u32 {
        let flags = self.random.u32() & DEFINED & !(ACTIVE | BACKUP_MASK | PRECIOUS);
        flags & !((flags & PASS_ANY) >> 3)
    }

    /// A `type` value of a space.
    pub(crate) fn alias(&mut self, kind: Kind) -> u16 {
        if kind == Kind::Memory && self.random.percent(10) { QST_PCI_IO } else { kind.qst() }
    }

    /// A `type` value, now and then a bad one.
    pub(crate) fn qst(&mut self, kind: Kind) -> u32 {
        if self.random.percent(3) { self.random.pick(&BAD_TYPES) } else { self.alias(kind).into() }
    }

    /// A host address for a range, now and then a bad one.
    fn host(&mut self, kind: Kind, range: Extent) -> u64 {
        let (base, port) = (self.random.pick(&HOSTS), self.random.pick(&[0, 0, 8]));
        match (kind, self.random.below(100)) {
            (_, 0..2) => u64::MAX - 0xfff,
            (_, 2..4) => low64((MEMORY_END - range.length()) & u128::from(u64::MAX)),
            (_, 4) => 0,
            (Kind::Ports, 5..8) => low64(PORTS_END - range.length()),
            (Kind::Memory, _) => self.host_at(kind, base, range),
            (Kind::Ports, _) => self.host_at(kind, port, range),
        }
    }

    /// A host address that goes with a range, as RAM has it: at the same distance for all ranges.
    fn host_at(&self, kind: Kind, base: u128, range: Extent) -> u64 {
        match kind {
            // The origin may lie above the range, but not by 16 GiB.
            Kind::Memory => {
                low64(base + (16 << 30) + range.start / PAGE * PAGE - self.memory.focus[0].start)
            }
            Kind::Ports => low64(base + range.start),
        }
    }

    /// Make an element bad in one way (which may be harmless where nothing takes the value).
    fn spoil(&mut self, element: &mut gasp_region) {
        let guest = &mut element.guest;
        match self.random.below(10) {
            0 => guest.r#type = self.random.pick(&[1, 4, 7, 0x8001, 0xffff]),
            1 => guest.length = 0,
            2 => past_the_end(guest),
            3 => element.flags |= 1 << (16 + self.random.below(12)),
            4 => element.flags = ACTIVE,
            5 => element.flags = BACKUP_MASK,
            6 => element.flags |= VIRT_RD | PASS_RD,
            7 => element.flags |= VIRT_WR | PASS_WR,
            8 => element.host_location = 0,
            _ => element.host_location |= 1 + self.random.below(0xfff),
        }
    }

    /// A range whose ends are edges of cells, and that 32 bits can describe.
    pub(crate) fn range(&mut self, model: &Model, kind: Kind, on_pages: bool) -> Extent {
        let cells = &model.space(kind).cells;
        let start = self.near(cells, kind);
        let chosen = match self.random.below(100) {
            0..45 => Extent::new(start, self.some_edges_on(cells, start)),
            45..65 => self.of_a_region(cells, start),
            65..80 => hole_after(cells, start),
            80..94 => sorted(start, self.near(cells, kind), cells),
            _ => sorted(start, self.random.pick(cells.edges()), cells),
        };
        let unit = if on_pages && kind == Kind::Memory { PAGE } else { 1 };
        let range = whole(chosen, unit);
        let first = self.ground(kind).focus[0].start;
        describable(cells, range, unit).unwrap_or_else(|| Extent::new(first, first + unit))
    }

    fn ground(&self, kind: Kind) -> &Ground {
        match kind {
            Kind::Memory => &self.memory,
            Kind::Ports => &self.ports,
        }
    }

    /// An edge, most likely in the part that the test likes.
    fn near(&mut self, cells: &Cells, kind: Kind) -> u128 {
        let choice = self.random.index(self.ground(kind).focus.len());
        let focus = self.ground(kind).focus[choice];
        let location = if self.random.percent(94) {
            self.random.between(focus.start..focus.end)
        } else {
            cells.edges()[self.random.index(cells.edges().len() - 1)]
        };
        cells.edges()[cells.index(location)]
    }

    fn some_edges_on(&mut self, cells: &Cells, start: u128) -> u128 {
        let on = 1 + self.random.index(12).min(self.random.index(24));
        let last = cells.edges().len() - 1;
        cells.edges()[(cells.index(start) + on).min(last)]
    }

    /// The region at or after a location, or a part of it.
    fn of_a_region(&mut self, cells: &Cells, location: u128) -> Extent {
        let Some(run) = cells.runs().iter().find(|run| location < run.extent.end) else {
            return Extent::new(location, self.some_edges_on(cells, location));
        };
        let start = location.max(run.extent.start);
        let end = self.some_edges_on(cells, start).min(run.extent.end);
        match self.random.below(4) {
            0 => Extent::new(start, end),
            1 => Extent::new(run.extent.start, end),
            2 => Extent::new(start, run.extent.end),
            _ => run.extent,
        }
    }

    /// A query, mostly a good one.
    pub(crate) fn block(&mut self, model: &Model) -> qvm_state_block {
        let kind = self.kind();
        let location = self.byte(model, kind);
        let length = match self.random.below(10) {
            0 => 1,
            1 => u32::MAX,
            2 => self.random.pick(&[0, u32::MAX - 0xfff]),
            3..6 => self.random.u32() % 0x2_0000,
            _ => self.random.u32() % 0x2000,
        };
        let qst = self.qst(kind);
        let r#type = u16::try_from(qst).unwrap_or(0xffff);
        qvm_state_block { location, length, r#type, flags: 0x1234 }
    }

    /// Any location of a space, mostly close to an edge of something.
    pub(crate) fn byte(&mut self, model: &Model, kind: Kind) -> u64 {
        let cells = &model.space(kind).cells;
        let edge = self.near(cells, kind);
        let moved = (edge + self.random.pick(&[0, 0, 1, 2, 0x123])).saturating_sub(1);
        let near = if self.random.percent(50) { edge } else { moved };
        low64(near.min(cells.end() - 1))
    }

    /// A region for a place that is not known yet.
    pub(crate) fn change(&mut self, model: &Model, kind: Kind) -> gasp_change {
        let gasp_region { flags, cookie, vdev, host_location, .. } = self.element(model);
        let r#type = self.qst(kind);
        gasp_change { location: 0, last: 0, host_location, vdev, flags, cookie, r#type }
    }

    /// The arguments of a search whose result has the edges of cells.
    pub(crate) fn fine_wish(&mut self, kind: Kind) -> Wish {
        let unit = if kind == Kind::Memory { 0x1000 } else { 1 };
        let focus = self.ground(kind).focus[0];
        let size = unit * self.random.below(6);
        let align = self.random.pick(&[1, 1, 1, 2, 4, 3]) * unit;
        let (first, last) = (low64(focus.start), low64(focus.end - 1));
        let inverted = self.random.percent(5);
        let (first, last) = if inverted { (last, first) } else { (first, last) };
        Wish { size, align, first, last }
    }

    /// The arguments of a search.
    pub(crate) fn wish(&mut self, model: &Model, kind: Kind) -> Wish {
        let unit = if kind == Kind::Memory { 4096 } else { 1 };
        let size = match self.random.below(12) {
            0 => self.random.pick(&[0, 1 << 30, 1 << 63, u64::MAX]),
            1..3 => 1,
            3 => 1 + self.random.below(0x1800),
            _ => unit * (1 + self.random.below(10)),
        };
        let align = match self.random.below(12) {
            0 => self.random.pick(&[3, 0x1001, 1 << 20, 1 << 32, 1 << 63]),
            1..6 => self.random.pick(&[0, 1, 2, 16]),
            _ => unit << self.random.below(4),
        };
        let (a, b) = (self.byte(model, kind), self.byte(model, kind));
        let (first, last) = match self.random.below(10) {
            0..4 => (0, u64::MAX),
            // Past the last port (6.1.7). In strict mode the model would test the lock first.
            4 if kind == Kind::Ports && !model.strict => (0x1_0000, u64::MAX),
            4 => (a, u64::MAX),
            5 => (0, b),
            6 => (a, b),
            _ => (a.min(b), a.max(b)),
        };
        Wish { size, align, first, last }
    }
}

fn deletion(kind: Kind, extent: Extent) -> gasp_region {
    let guest = block(kind.qst(), extent);
    gasp_region { flags: NONE, cookie: 0, vdev: null_mut(), host_location: 0, guest }
}

/// The attributes of a region for another range.
fn imitation(kind: Kind, extent: Extent, run: &Run) -> gasp_region {
    let host_location = low64(run.first.host.unwrap_or(0));
    let vdev = without_provenance_mut(run.first.vdev);
    let (flags, cookie) = (run.first.flags, run.first.cookie);
    gasp_region { flags, cookie, vdev, host_location, ..deletion(kind, extent) }
}

/// Give an element the attributes of a region beside its range, so that they become one.
fn imitate_neighbour(element: &mut gasp_region, cells: &Cells, range: Extent) {
    let beside = |run: &&Run| run.extent.end == range.start || run.extent.start == range.end;
    let Some(Run { extent, first }) = cells.runs().iter().find(beside) else { return };
    let host = match first.host {
        Some(host) if extent.end == range.start => host + extent.length(),
        Some(host) => host.saturating_sub(range.length()),
        None => 0,
    };
    element.flags = first.flags;
    element.cookie = first.cookie;
    element.vdev = without_provenance_mut(first.vdev);
    element.host_location = low64(host & u128::from(u64::MAX));
}

/// A range (that 32 bits can describe) as C has it.
pub(crate) fn block(qst: u16, range: Extent) -> qvm_state_block {
    let length = u32::try_from(range.length()).expect("generated ranges have 32 bits");
    qvm_state_block { location: low64(range.start), length, r#type: qst, flags: 0 }
}

/// Move a range so that one location of it, or more, is past the end.
fn past_the_end(guest: &mut qvm_state_block) {
    guest.length = guest.length.max(2);
    guest.location = match guest.r#type {
        QST_X86_IO => 0x1_0001 - u64::from(guest.length).min(0x1_0001),
        _ => u64::MAX - u64::from(guest.length) + 2,
    };
}
