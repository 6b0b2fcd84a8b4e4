//! Section 2 of the specification: the refusals and the effects of `gasp_region_set_soft`.
//!
//! Each function is one row or one sentence of the specification, in its order.

use super::cells::{Attributes, Cells, Extent};
use super::numbers::*;
use super::state::{Errno, Kind, Model};
use gasp_abi::{gasp_change, gasp_region};

/// A row of the table of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    TypeOrRange,
    Flags,
    PageMultiples,
    HostLocation,
    Lock,
    OnlyAbsent,
    Precious,
    PageEdge,
    StrictHole,
    StrictRegions,
    Owner,
}

/// An element of a set call, with its range [start, end), which may be no range at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element {
    pub(crate) qst: u32,
    pub(crate) start: u128,
    pub(crate) end: u128,
    pub(crate) flags: u32,
    pub(crate) cookie: u32,
    pub(crate) vdev: usize,
    pub(crate) host: u64,
}

impl From<&gasp_region> for Element {
    fn from(region: &gasp_region) -> Self {
        let guest = &region.guest;
        Self {
            qst: guest.r#type.into(),
            start: guest.location.into(),
            end: u128::from(guest.location) + u128::from(guest.length),
            flags: region.flags,
            cookie: region.cookie,
            vdev: region.vdev.addr(),
            host: region.host_location,
        }
    }
}

impl From<&gasp_change> for Element {
    fn from(change: &gasp_change) -> Self {
        Self {
            qst: change.r#type,
            start: change.location.into(),
            end: u128::from(change.last) + 1,
            flags: change.flags,
            cookie: change.cookie,
            vdev: change.vdev.addr(),
            host: change.host_location,
        }
    }
}

/// How a set call of the host differs from QNX's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// The call takes the locks itself.
    pub(crate) locked: bool,
    pub(crate) overrides: bool,
    pub(crate) only_absent: bool,
    /// R9 and R10 do not apply.
    pub(crate) any_ranges: bool,
}

impl Row {
    pub(crate) const ALL: [Row; 11] = [
        Self::TypeOrRange,
        Self::Flags,
        Self::PageMultiples,
        Self::HostLocation,
        Self::Lock,
        Self::OnlyAbsent,
        Self::Precious,
        Self::PageEdge,
        Self::StrictHole,
        Self::StrictRegions,
        Self::Owner,
    ];

    pub(crate) fn errno(self) -> Errno {
        match self {
            Self::Lock => EPERM,
            Self::OnlyAbsent | Self::Precious | Self::Owner => EEXIST,
            Self::StrictHole => ENOENT,
            _ => EINVAL,
        }
    }
}

/// The result of a set call: the return value and, if an element was refused, the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) count: usize,
    pub(crate) refused: Option<Row>,
}

fn refuse_if(condition: bool, row: Row) -> Result<(), Row> {
    if condition { Err(row) } else { Ok(()) }
}

impl Model {
    /// 2.1: the elements before the first refused one are in effect; its index is returned.
    pub(crate) fn set_soft(&mut self, array: &[gasp_region]) -> Answer {
        let elements: Vec<Element> = array.iter().map(Element::from).collect();
        self.set_each(&elements, Rules::default())
    }

    pub(crate) fn set_each(&mut self, array: &[Element], rules: Rules) -> Answer {
        for (count, element) in array.iter().enumerate() {
            match self.accept(element, rules) {
                Ok((kind, range)) => apply(&mut self.space_mut(kind).cells, range, element),
                Err(row) => {
                    return Answer { count, refused: Some(row) };
                }
            }
        }
        Answer { count: array.len(), refused: None }
    }

    /// The table of refusals, per element, in its order.
    fn accept(&self, element: &Element, rules: Rules) -> Result<(Kind, Extent), Row> {
        let (kind, range) = self.parse(element)?;
        let cells = &self.space(kind).cells;
        refuse_if(bad_host(kind, cells, range, element), Row::HostLocation)?;
        refuse_if(!rules.locked && self.lacks_lock(kind), Row::Lock)?;
        self.judge_precious(element, range, cells, rules)?;
        refuse_if(kind == Kind::Memory && cuts_page(cells, range), Row::PageEdge)?;
        self.judge(element, rules)
    }

    /// R2 to R4, which need no map.
    pub(crate) fn parse(&self, element: &Element) -> Result<(Kind, Extent), Row> {
        let kind = Kind::of(element.qst).ok_or(Row::TypeOrRange)?;
        let range = Extent::new(element.start, element.end);
        let is_range = range.start < range.end && range.end <= self.space(kind).cells.end();
        refuse_if(!is_range, Row::TypeOrRange)?;
        refuse_if(bad_flags(element.flags), Row::Flags)?;
        refuse_if(kind == Kind::Memory && off_pages(element.flags, range), Row::PageMultiples)?;
        Ok((kind, range))
    }

    /// All rows but R6 (locks) and R8 (edges).
    pub(crate) fn judge(&self, element: &Element, rules: Rules) -> Result<(Kind, Extent), Row> {
        let (kind, range) = self.parse(element)?;
        let cells = &self.space(kind).cells;
        refuse_if(bad_host(kind, cells, range, element), Row::HostLocation)?;
        self.judge_precious(element, range, cells, rules)?;
        if self.strict && !rules.any_ranges {
            let hole = cells.some(range, |location| location.is_none());
            refuse_if(element.flags == NONE && hole, Row::StrictHole)?;
            // R covers more than one region, or a region and a hole.
            refuse_if(cells.uniform_part(range) != range, Row::StrictRegions)?;
        }
        refuse_if(!rules.overrides && self.is_anothers(cells, range, element), Row::Owner)?;
        Ok((kind, range))
    }

    /// R11 and R7.
    fn judge_precious(
        &self,
        element: &Element,
        range: Extent,
        cells: &Cells,
        rules: Rules,
    ) -> Result<(), Row> {
        let inserts = rules.only_absent && element.flags != NONE;
        let present = cells.some(range, |location| location.is_some());
        refuse_if(inserts && present, Row::OnlyAbsent)?;
        let meets = !rules.overrides && meets_precious(cells, range, element.flags);
        refuse_if(meets, Row::Precious)
    }

    /// 14.1: some location is PRECIOUS to another vdev.
    fn is_anothers(&self, cells: &Cells, range: Extent, element: &Element) -> bool {
        cells.some(range, |location| {
            let owner = location.filter(|one| one.flags & PRECIOUS != 0).map_or(0, |one| one.vdev);
            let refused = match self.acting {
                0 => element.flags != NONE && element.vdev != 0 && element.vdev != owner,
                actor => owner != actor,
            };
            owner != 0 && refused
        })
    }
}

/// R3: an undefined bit; flags that are not 0, but have no bit outside `ACTIVE` and the backup mask;
/// `VIRT_x` and `PASS_x` for the same x.
fn bad_flags(flags: u32) -> bool {
    let undefined = flags & !DEFINED != 0;
    let nothing_left = flags != NONE && effective(flags) == NONE;
    let both = flags & VIRT_ANY & ((flags & PASS_ANY) >> 3) != 0;
    undefined || nothing_left || both
}

/// R4: a `PASS_*` or `MEMORY` flag, and location or length is not a multiple of 4096.
fn off_pages(flags: u32, range: Extent) -> bool {
    backs(flags) && (cuts(range.start) || cuts(range.length()))
}

/// R5: some location becomes backed, and `host_location` is, in memory, 0 or not a multiple of 4096,
/// or its range passes 2^64; for ports, its range passes 0x10000.
fn bad_host(kind: Kind, cells: &Cells, range: Extent, element: &Element) -> bool {
    let taken = backs(element.flags) && cells.some(range, |location| !backed(location));
    let host = u128::from(element.host);
    let end = host + range.length();
    taken
        && match kind {
            Kind::Memory => host == 0 || cuts(host) || end > MEMORY_END,
            Kind::Ports => end > PORTS_END,
        }
}

/// R7: some location is PRECIOUS, or flags has `PRECIOUS` and some location is present; and not all
/// of R is PRECIOUS.
fn meets_precious(cells: &Cells, range: Extent, flags: u32) -> bool {
    let precious = |location: Option<Attributes>| location.is_some_and(|a| a.flags & PRECIOUS != 0);
    let some_precious = cells.some(range, precious);
    let would_cover = flags & PRECIOUS != 0 && cells.some(range, |location| location.is_some());
    (some_precious || would_cover) && !cells.every(range, precious)
}

/// R8: an edge lies inside a page, and the locations on both sides of it are backed.
fn cuts_page(cells: &Cells, range: Extent) -> bool {
    [range.start, range.end]
        .into_iter()
        .any(|edge| cuts(edge) && backed(cells.at(edge - 1)) && backed(cells.at(edge)))
}

/// Not a multiple of 4096.
fn cuts(number: u128) -> bool {
    number % PAGE != 0
}

/// 2.2: `ACTIVE` and the backup mask are ignored.
fn effective(flags: u32) -> u32 {
    flags & !(ACTIVE | BACKUP_MASK)
}

/// 2.3.1: flags has a `PASS_*` or `MEMORY` bit.
fn backs(flags: u32) -> bool {
    flags & (PASS_ANY | MEMORY) != 0
}

fn backed(location: Option<Attributes>) -> bool {
    location.is_some_and(|attributes| attributes.host.is_some())
}

/// 2.2, the table of effects.
pub(crate) fn apply(cells: &mut Cells, range: Extent, element: &Element) {
    cells.change(range, |location, offset| match location {
        _ if element.flags == NONE => None,
        None => Some(add(element, offset)),
        Some(old) => Some(modify(old, element, offset)),
    });
}

/// 2.2 and 2.3.1, an absent location: its host is `host_location` plus the offset in R.
fn add(element: &Element, offset: u128) -> Attributes {
    let host = u128::from(element.host) + offset;
    Attributes {
        flags: effective(element.flags),
        cookie: element.cookie,
        vdev: element.vdev,
        host: backs(element.flags).then_some(host),
        saved: 0,
    }
}

/// 2.2, 2.3.2, 2.3.3, a present location: sticky flags stay, and so does the host of a backed one.
fn modify(old: Attributes, element: &Element, offset: u128) -> Attributes {
    let new = add(element, offset);
    let flags = new.flags | (old.flags & STICKY);
    Attributes { flags, host: old.host.or(new.host), saved: saved(old, flags), ..new }
}

/// 2.4, the table of saved rights.
fn saved(old: Attributes, new_flags: u32) -> u32 {
    if new_flags & VIRT_ANY == 0 {
        0
    } else if old.flags & VIRT_ANY != 0 {
        old.saved
    } else if old.flags & PASS_ANY != 0 {
        old.flags & (PASS_ANY | NOCACHE)
    } else {
        0
    }
}
