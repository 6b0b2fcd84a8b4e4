//! Tables of accesses: by device and region, and by destination.

#![forbid(unsafe_code)]

use super::map::{Rows, place};
use crate::vdevs::Hit;
use gasp_abi::gasp_counts;

/// The regions of one vdev with one cookie.
struct Row {
    vdev: usize,
    cookie: u32,
    places: Vec<String>,
}

/// The accesses that came to libgasp, by destination.
pub(crate) fn counts(counts: &gasp_counts) -> String {
    let rows = [
        ("called a device", counts.trapped),
        ("went to memory", counts.passed),
        ("went to nothing", counts.unsupported),
    ];
    let heading =
        format!("    {:<22}{:>10}{:>10}{:>10}\n", "accesses", "reads", "writes", "fetches");
    rows.iter().fold(heading, |text, (what, [reads, writes, fetches])| {
        text + &format!("    {what:<22}{reads:>10}{writes:>10}{fetches:>10}\n")
    })
}

/// The hits of all regions: those before the run, those now, and those that existed in between.
pub(crate) fn hits(
    before: &Rows,
    now: &Rows,
    hits: &[Hit],
    name: impl Fn(usize) -> String,
) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for &(space, first, last, vdev, cookie) in before.devices.iter().chain(&now.devices) {
        let place = place(space, first, last);
        match rows.iter_mut().find(|row| (row.vdev, row.cookie) == (vdev, cookie)) {
            Some(row) if row.places.contains(&place) => {}
            Some(row) => row.places.push(place),
            None => rows.push(Row { vdev, cookie, places: vec![place] }),
        }
    }
    for hit in hits {
        if !rows.iter().any(|row| (row.vdev, row.cookie) == (hit.address, hit.cookie)) {
            rows.push(Row { vdev: hit.address, cookie: hit.cookie, places: Vec::new() });
        }
    }
    if rows.is_empty() {
        return "    (there is no device)\n".to_owned();
    }
    let heading = format!("    {:<32}{:>10}{:>10}  {}\n", "hits", "reads", "writes", "regions");
    rows.iter().fold(heading, |text, row| text + &line(row, hits, &name(row.vdev)))
}

fn line(row: &Row, hits: &[Hit], name: &str) -> String {
    let hit = hits.iter().find(|hit| (hit.address, hit.cookie) == (row.vdev, row.cookie));
    let (reads, writes) = hit.map_or((0, 0), |hit| (hit.reads, hit.writes));
    let who = format!("vdev {name}, cookie {}", row.cookie);
    let places =
        if row.places.is_empty() { "came and went".to_owned() } else { row.places.join(", ") };
    format!("    {who:<32}{reads:>10}{writes:>10}  {places}\n")
}
