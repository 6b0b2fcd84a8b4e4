//! All runs of the guest's memory, with what other processes, devices and pagers need of them.

#![forbid(unsafe_code)]

use super::state::Guest;
use crate::error::Error;
use crate::map::Snapshot;
use crate::value::flags::Flags;
use crate::value::range::{Location, PAGE, Range};
use crate::value::region::Region;
use gasp_abi::gasp_run;

impl Guest {
    /// All runs of memory in one state of the map.
    pub(crate) fn runs(&self) -> Result<Vec<gasp_run>, Error> {
        self.memory.map.snapshot(|map| self.runs_in(map))
    }

    fn runs_in(&self, map: &Snapshot<'_>) -> Result<Vec<gasp_run>, Error> {
        let mut runs = Vec::new();
        let mut from = Some(Location::ZERO);
        while let Some(region) = from.and_then(|from| map.lookup_from(from)) {
            if region.flags.has_any(Flags::MEMORY) {
                self.append(&region, &mut runs)?;
            }
            from = region.range.last().next();
        }
        Ok(runs)
    }

    /// Appends a region. The host can let it run past the end of memory with a file.
    fn append(&self, region: &Region, runs: &mut Vec<gasp_run>) -> Result<(), Error> {
        let mut rest = Some(*region);
        while let Some(part) = rest {
            let run = self.run_at_start(&part);
            match runs.last_mut().filter(|last| continues(last, &run)) {
                Some(last) => last.length += run.length,
                None => {
                    runs.try_reserve(1).map_err(|_| Error::NoMemory)?;
                    runs.push(run);
                }
            }
            let done = Range::from_length(part.range.first(), run.length);
            let above = done.and_then(|done| part.range.above(done.last()));
            rest = above.and_then(|above| part.cut(&above));
        }
        Ok(())
    }

    fn run_at_start(&self, part: &Region) -> gasp_run {
        let length = part.range.saturating_length();
        let place = self.file_at(part.host);
        gasp_run {
            location: part.range.first().get(),
            length: place.map_or(length, |place| length.min(place.rest)),
            host_location: part.host,
            offset: place.map_or(0, |place| place.offset),
            page_size: place.map_or(PAGE, |place| place.page_size),
            fd: place.map_or(-1, |place| place.file),
            prot: rights(part.flags),
        }
    }
}

/// Whether two runs are one, in this order.
fn continues(run: &gasp_run, next: &gasp_run) -> bool {
    let follows = |first: u64, second: u64| first.checked_add(run.length) == Some(second);
    let same_file = run.fd == next.fd && run.page_size == next.page_size;
    follows(run.location, next.location)
        && follows(run.host_location, next.host_location)
        && same_file
        && (run.fd < 0 || follows(run.offset, next.offset))
        && run.prot == next.prot
}

/// What the guest may do, as `PROT_*`.
fn rights(flags: Flags) -> u32 {
    let right = |flag, bit: i32| if flags.has_any(flag) { bit.unsigned_abs() } else { 0 };
    right(Flags::PASS_RD, libc::PROT_READ)
        | right(Flags::PASS_WR, libc::PROT_WRITE)
        | right(Flags::PASS_EX, libc::PROT_EXEC)
}
