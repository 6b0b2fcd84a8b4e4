//! A map as a table, and its changes.

#![forbid(unsafe_code)]

use super::flags;
use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::{Guest, Space};

/// One line of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    space: Space,
    first: u64,
    last: u64,
    kind: &'static str,
    flags: String,
    leads_to: String,
}

/// A map of both spaces: memory first, each in the order of locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    /// The regions that lead to vdevs: space, first, last, vdev, cookie.
    pub(super) devices: Vec<(Space, u64, u64, usize, u32)>,
}

impl Rows {
    /// The present map. `name` returns the name of a vdev.
    pub(crate) fn of(
        guest: &Guest,
        reserved: &[(Space, u64, u64)],
        name: impl Fn(usize) -> String,
    ) -> Self {
        let mut rows: Vec<_> = reserved.iter().map(reserved_row).collect();
        let mut devices = Vec::new();
        for space in [Space::Memory, Space::Ports] {
            for span in guest.spans(space) {
                rows.push(row(space, &span, &name));
                if calls_vdev(&span) {
                    let vdev = span.vdev.addr();
                    devices.push((space, span.location, span.last, vdev, span.cookie));
                }
            }
        }
        rows.sort_by_key(Row::order);
        Self { rows, devices }
    }
}

impl Row {
    fn order(&self) -> (bool, u64) {
        (self.space == Space::Ports, self.first)
    }

    fn line(&self, mark: char, width: usize) -> String {
        let Self { first, last, kind, flags, leads_to, .. } = self;
        let place = place(self.space, *first, *last);
        let size = size(self.space, *first, *last);
        let line = format!("  {mark} {place:<25}{size:>10}  {kind:<9}{flags:<width$}  {leads_to}");
        format!("{}\n", line.trim_end())
    }
}

fn reserved_row(&(space, first, last): &(Space, u64, u64)) -> Row {
    Row { space, first, last, kind: "reserved", flags: String::new(), leads_to: String::new() }
}

/// Whether some kind of access traps. Memory that passes can be marked with a vdev, too.
fn calls_vdev(span: &gasp_span) -> bool {
    !span.vdev.is_null() && span.flags & grf::GRF_VIRT_ANY as u32 != 0
}

fn row(space: Space, span: &gasp_span, name: impl Fn(usize) -> String) -> Row {
    let leads_to = match span.host_location {
        _ if calls_vdev(span) => {
            format!("vdev {}, cookie {}", name(span.vdev.addr()), span.cookie)
        }
        0 => String::new(),
        host if space == Space::Ports => format!("host port {host:#x}"),
        host => format!("host {host:#x}"),
    };
    let (kind, flags) = (flags::kind(span.flags), flags::names(span.flags));
    Row { space, first: span.location, last: span.last, kind, flags, leads_to }
}

/// The first and the last location.
pub(super) fn place(space: Space, first: u64, last: u64) -> String {
    match space {
        Space::Memory => format!("{first:#010x}-{last:#010x}"),
        Space::Ports => format!("io {first:#06x}-{last:#06x}"),
    }
}

fn size(space: Space, first: u64, last: u64) -> String {
    // 128 bits: a region can be all of memory.
    let size = u128::from(last).saturating_sub(u128::from(first)).saturating_add(1);
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|&(bits, _)| size.trailing_zeros() >= bits) {
        Some((bits, unit)) => format!("{} {unit}", size >> bits),
        None if space == Space::Ports => format!("{size}"),
        None => format!("{size} B"),
    }
}

/// Rows with marks, below a heading.
fn table(rows: &[(&Row, char)]) -> String {
    const FLAGS: &str = "flags (GRF_)";
    let width = rows.iter().map(|(row, _)| row.flags.len()).max().unwrap_or(0).max(FLAGS.len());
    let heading = format!(
        "    {:<25}{:>10}  {:<9}{FLAGS:<width$}  {}\n",
        "guest addresses, ports", "size", "what", "an access leads to"
    );
    rows.iter().fold(heading, |text, (row, mark)| text + &row.line(*mark, width))
}

/// A map.
pub(crate) fn map(rows: &Rows) -> String {
    table(&rows.rows.iter().map(|row| (row, ' ')).collect::<Vec<_>>())
}

/// A map in which removed rows are marked - and added rows +.
pub(crate) fn changes(before: &Rows, now: &Rows) -> String {
    let gone = before.rows.iter().filter(|row| !now.rows.contains(row)).map(|row| (row, '-'));
    let there = now.rows.iter().map(|row| {
        let mark = if before.rows.contains(row) { ' ' } else { '+' };
        (row, mark)
    });
    let mut rows: Vec<_> = gone.chain(there).collect();
    rows.sort_by_key(|(row, _)| row.order());
    table(&rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use gasp_abi::{gasp_region, qvm_state_block};
    use gasp_safe::{Memory, flags};

    fn lines(text: &str) -> Vec<String> {
        text.lines()
            .skip(1)
            .map(|line| line.split(" host 0x").next().unwrap().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_map_and_its_changes() {
        let guest = Guest::new().unwrap();
        guest.add_memory(0, 0xa_0000, Memory::Ram).unwrap();
        let reserved = [(Space::Memory, 0xa_0000, 0xb_ffff)];
        let before = Rows::of(&guest, &reserved, |_| String::new());
        guest.add_memory(0x1_0000_0000, 1 << 30, Memory::Rom).unwrap();
        let now = Rows::of(&guest, &reserved, |_| String::new());
        assert_eq!(
            lines(&map(&before)),
            [
                "    0x00000000-0x0009ffff       640 KiB  RAM      PASS_RD|PASS_WR|PASS_EX|MEMORY|DMA_SOURCE|DMA_TARGET",
                "    0x000a0000-0x000bffff       128 KiB  reserved",
            ]
        );
        assert_eq!(
            lines(&changes(&before, &now))[1..],
            [
                "    0x000a0000-0x000bffff       128 KiB  reserved",
                "  + 0x100000000-0x13fffffff       1 GiB  ROM      PASS_RD|PASS_EX|MEMORY|DMA_SOURCE",
            ]
        );
        assert_eq!(
            lines(&changes(&now, &before))[2],
            "  - 0x100000000-0x13fffffff       1 GiB  ROM      PASS_RD|PASS_EX|MEMORY|DMA_SOURCE"
        );
    }

    #[test]
    fn only_what_traps_leads_to_a_vdev() {
        let mut owner = 0u8;
        let vdev = (&raw mut owner).cast();
        let guest = Guest::new().unwrap();
        guest.add_memory(0, 0x3000, Memory::Ram).unwrap();
        let mark = |page, flags| {
            let place = qvm_state_block { location: page, length: 0x1000, r#type: 0, flags: 0 };
            gasp_region { flags, cookie: 5, vdev, host_location: 0, guest: place }
        };
        let watched = flags([grf::GRF_PASS_RD, grf::GRF_VIRT_WR]);
        let passed = grf::GRF_PASS_ANY as u32;
        guest.set(&[mark(0, watched), mark(0x1000, passed)]).unwrap();
        let rows = Rows::of(&guest, &[], |_| "owner".to_owned());
        let leads: Vec<_> = rows.rows.iter().map(|row| &row.leads_to[..6]).collect();
        assert_eq!(leads, ["vdev o", "host 0", "host 0"]);
        assert_eq!(rows.devices, [(Space::Memory, 0, 0xfff, vdev.addr(), 5)]);
    }

    #[test]
    fn sizes() {
        let cases = [
            (Space::Ports, 0x3f8, 0x3ff, "8"),
            (Space::Memory, 0, 0xfff, "4 KiB"),
            (Space::Memory, 0, 0x9f_ffff, "10 MiB"),
            (Space::Memory, 1, 0x1001, "4097 B"),
            (Space::Memory, 0, (1 << 30) + 0xfff, "1048580 KiB"),
            (Space::Memory, 0, u64::MAX, "17179869184 GiB"),
        ];
        for (space, first, last, text) in cases {
            assert_eq!(size(space, first, last), text);
        }
    }
}
