//! What `--map` prints before and after a run, and the state of a guest that runs.

#![forbid(unsafe_code)]

use crate::log::say;
use crate::show::{self, Rows};
use crate::vdevs::{Vdevs, name_of};
use gasp_safe::{Guest, Space};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

/// The report of a run.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    name: &'a str,
    guest: &'a Guest,
    pub(crate) vdevs: &'a Vdevs,
    /// Reserved ranges: space, first and last location.
    reserved: &'a [(Space, u64, u64)],
    /// The map before the run; `None` without `--map`.
    before: Option<Rows>,
    printed: AtomicBool,
}

impl<'a> Report<'a> {
    /// Prints the map of before the run if `wanted`.
    pub(crate) fn new(
        name: &'a str,
        guest: &'a Guest,
        vdevs: &'a Vdevs,
        reserved: &'a [(Space, u64, u64)],
        wanted: bool,
    ) -> Self {
        let printed = AtomicBool::new(false);
        let mut report = Self { name, guest, vdevs, reserved, before: None, printed };
        if wanted {
            let before = report.rows();
            say(&format!("The map before {name} runs:\n\n{}\n", show::map(&before)));
            report.before = Some(before);
        }
        report
    }

    /// Prints the map after the run, the hits and the counts, once.
    pub(crate) fn print(&self, exit_code: u8) {
        let Some(before) = &self.before else { return };
        if self.printed.swap(true, SeqCst) {
            return;
        }
        let now = self.rows();
        let hits = show::hits(before, &now, &self.vdevs.hits(), name_of);
        let changes = show::changes(before, &now);
        let counts = show::counts(&self.guest.counts());
        say(&format!(
            "\n{} has ended with exit code {exit_code}. The map now (- gone, + new):\n\n{changes}\n\
             How often the guest's accesses called a device:\n\n{hits}\n\
             Where accesses went, without those that did not leave a vCPU:\n\n{counts}",
            self.name
        ));
    }

    /// One line about the guest that runs.
    pub(crate) fn information(&self) -> String {
        let counts = self.guest.counts();
        let all = |counts: [u64; 3]| counts.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
        format!(
            "{} runs; accesses that left a vCPU: {} to devices, {} to memory, {} to nothing",
            self.name,
            all(counts.trapped),
            all(counts.passed),
            all(counts.unsupported)
        )
    }

    fn rows(&self) -> Rows {
        Rows::of(self.guest, self.reserved, name_of)
    }
}
