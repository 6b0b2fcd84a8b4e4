//! The report of a failure: enough to understand it and to repeat it.

use super::numbers::*;
use super::query::span;
use super::set::Row;
use super::state::{Kind, Model};
use gasp_abi::{gasp_region, gasp_span};
use std::fmt::{Debug, Write};

/// A failed comparison, in words.
pub(crate) type Check = Result<(), String>;

/// Compare the result of the model with that of the library.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, expected: T, got: T) -> Check {
    if expected == got {
        return Ok(());
    }
    Err(format!("differs: {what}\nexpected: {expected:#x?}\ngot:      {got:#x?}\n"))
}

/// The story of the present step, kept in case it fails.
#[derive(Default)]
pub(crate) struct Story {
    before: [Vec<gasp_span>; 2],
    state: String,
    calls: Vec<String>,
    arrays: Vec<Vec<gasp_region>>,
    /// The rows of the table that refused something in this step.
    pub(crate) rows: Vec<Row>,
}

impl Story {
    pub(crate) fn begin(&mut self, model: &Model) {
        let runs = |kind| model.runs(kind).iter().map(span).collect();
        self.before = [runs(Kind::Memory), runs(Kind::Ports)];
        self.state = format!(
            "strict {}, started {}, locks held {} and {}",
            model.strict, model.started, model.memory.held, model.ports.held
        );
        self.calls.clear();
        self.arrays.clear();
        self.rows.clear();
    }

    /// A set call with this array is about to be made.
    pub(crate) fn array(&mut self, array: &[gasp_region]) {
        self.arrays.push(array.to_vec());
    }

    /// Another call is about to be made.
    pub(crate) fn call(&mut self, call: String) {
        self.calls.push(call);
    }

    pub(crate) fn refusals(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn tell(&self) -> String {
        let mut text = format!("guest: {}\n", self.state);
        for (name, spans) in ["memory", "ports"].iter().zip(&self.before) {
            let _ = writeln!(text, "{name} before the step:");
            spans.iter().for_each(|span| line(&mut text, span));
        }
        for call in &self.calls {
            let _ = writeln!(text, "call: {call}");
        }
        for array in &self.arrays {
            let _ = writeln!(text, "call: gasp_region_set_soft, {} elements", array.len());
            array.iter().enumerate().for_each(|(index, element)| {
                let _ = writeln!(text, "  [{index}] {}", words(element));
            });
        }
        text
    }
}

fn line(text: &mut String, span: &gasp_span) {
    let gasp_span { location, last, host_location, vdev, flags, cookie } = *span;
    let names = names(flags);
    let _ = writeln!(
        text,
        "  [{location:#x}, {last:#x}] {names} cookie {cookie} vdev {vdev:p} host {host_location:#x}"
    );
}

fn words(element: &gasp_region) -> String {
    let gasp_region { flags, cookie, vdev, host_location, guest } = *element;
    let names = names(flags);
    let (qst, location, length) = (guest.r#type, guest.location, guest.length);
    let last = u128::from(location) + u128::from(length);
    format!(
        "type {qst:#x} [{location:#x}, {last:#x}) length {length:#x}, {names}, cookie {cookie}, \
         vdev {vdev:p}, host {host_location:#x}"
    )
}

/// The flags by name, and by number.
fn names(flags: u32) -> String {
    const NAMES: [&str; 16] = [
        "VIRT_RD",
        "VIRT_WR",
        "VIRT_EX",
        "PASS_RD",
        "PASS_WR",
        "PASS_EX",
        "NOCACHE",
        "ACTIVE",
        "MEMORY",
        "PASSTHRU",
        "DMA_USES",
        "DMA_NO_USE",
        "DMA_SOURCE",
        "DMA_TARGET",
        "PRECIOUS",
        "NOPERMS",
    ];
    let set = NAMES.iter().enumerate().filter(|(bit, _)| flags & (1 << bit) != 0);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    let saved = (flags & BACKUP_MASK) >> BACKUP_SHIFT;
    format!("{flags:#x} ({}; saved {saved:#x})", names.join("|"))
}
