//! Section 14 of the specification: who acts, elements with 64-bit ends, and all that a vdev has.

#![allow(unsafe_code)]

use super::cells::Extent;
use super::change::Snapshot;
use super::generate::Generator;
use super::library::{Guest, code};
use super::listener::SetOptions;
use super::numbers::*;
use super::query::{low64, span};
use super::report::{Check, same};
use super::session::Session;
use super::set::{Element, Rules};
use super::state::{Errno, Kind, Model};
use gasp_abi::{gasp_change, gasp_released, gasp_span};
use std::mem::size_of;
use std::ptr::{null_mut, without_provenance_mut};

/// The vdevs of the test; 0: none.
pub(super) const VDEVS: [usize; 3] = [0, 0x1000, 0x2000];

/// The vdev for which this thread acts.
pub(super) fn act_for(vdev: usize) {
    // SAFETY: the call has no requirement.
    let record = unsafe { gasp_abi::gasp_acting() };
    // SAFETY: the record of this thread can always be written by it.
    unsafe { (*record).vdev = without_provenance_mut(vdev) };
}

impl Model {
    /// 14.3: all regions of a vdev, those of memory first, and how many are of ports.
    fn has(&self, vdev: usize) -> (Vec<(Kind, Extent, gasp_span)>, usize) {
        let of = |kind| {
            let runs = self.runs(kind).iter().filter(move |run| run.first.vdev == vdev);
            runs.map(move |run| (kind, run.extent, span(run))).collect::<Vec<_>>()
        };
        let (memory, ports) = (of(Kind::Memory), of(Kind::Ports));
        let count = ports.len();
        (memory.into_iter().chain(ports).collect(), count)
    }
}

impl Guest {
    /// The list and the number of ports in it; the error with the count that was written.
    fn release(&self, vdev: usize, room: usize) -> Result<(Vec<gasp_span>, usize), (Errno, usize)> {
        let blank = gasp_span {
            location: 0,
            last: 0,
            host_location: 0,
            vdev: null_mut(),
            flags: 0,
            cookie: 0,
        };
        let mut list = vec![blank; room];
        let spans = list.as_mut_ptr();
        let size = size_of::<gasp_released>();
        let mut report = gasp_released { size, spans, room, count: usize::MAX, ports: usize::MAX };
        let vdev = without_provenance_mut(vdev);
        // SAFETY: the handle is that of a guest; the report and its list live through the call.
        let call = || unsafe { gasp_abi::gasp_guest_release(self.handle(), vdev, &mut report) };
        code(call).map_err(|errno| (errno, report.count))?;
        list.truncate(report.count);
        Ok((list, report.ports))
    }
}

impl Session {
    /// From now on the thread acts for another vdev.
    pub(super) fn act(&mut self, generator: &mut Generator) -> Check {
        let vdev = generator.random.pick(&VDEVS);
        self.act_for(vdev);
        Ok(())
    }

    pub(super) fn act_for(&mut self, vdev: usize) {
        self.story.call(format!("the thread acts for {vdev:#x}"));
        act_for(vdev);
        self.model.acting = vdev;
    }

    /// One call of `gasp_guest_release` to both. The listener may refuse it.
    pub(super) fn release(&mut self, generator: &mut Generator) -> Check {
        let vdev = generator.random.pick(&VDEVS[1..]);
        let (had, ports) = self.model.has(vdev);
        let little = !had.is_empty() && generator.random.percent(20);
        let room = if little { had.len() - 1 } else { had.len() + 1 };
        let refuses = generator.random.percent(20);
        self.story.call(format!("gasp_guest_release({vdev:#x}), room {room}, refused {refuses}"));
        if little {
            let expected = Err((ENOSPC, had.len()));
            return same("the return value", expected, self.guest.release(vdev, room));
        }
        let before = Snapshot::of(&self.model);
        for (kind, extent, _) in &had {
            self.model.space_mut(*kind).cells.change(*extent, |_, _| None);
        }
        self.recorder.refuses.set(if refuses { EBUSY } else { EOK });
        let answer = self.after_change(before, SetOptions::default());
        let list = had.into_iter().map(|(_, _, span)| span).collect();
        let expected = answer.map(|()| (list, ports)).map_err(|errno| (errno, usize::MAX));
        let result = self.guest.release(vdev, room);
        self.recorder.refuses.set(EOK);
        same("the return value", expected, result)?;
        self.compare_notifications()
    }

    /// One call of `gasp_guest_change` to both.
    pub(super) fn guest_change(&mut self, generator: &mut Generator) -> Check {
        let changes = self.changes(generator);
        let random = &mut generator.random;
        let (whole, dry, report) = (random.percent(50), random.percent(20), random.percent(50));
        let (overrides, only_absent) = (random.percent(30), random.percent(15));
        let rules = Rules { overrides, only_absent, any_ranges: true, locked: true };
        let options = SetOptions { whole, dry, report, rules };
        self.story.call(format!("gasp_guest_change, {options:?}, {changes:#x?}"));
        let before = Snapshot::of(&self.model);
        let elements: Vec<Element> = changes.iter().map(Element::from).collect();
        let answer = self.model.set_as(&elements, whole, rules);
        let expected = self.after_set(before, options, answer);
        let (errno, index) = self.guest.change(&changes, options);
        same("the return value", expected.1.unwrap_or(EOK), errno)?;
        same("the index", report.then_some(expected.0), index)?;
        self.compare_notifications()
    }

    /// Elements of a random array, some of them longer than a block can say.
    fn changes(&self, generator: &mut Generator) -> Vec<gasp_change> {
        let array = generator.array(&self.model);
        let mut changes: Vec<gasp_change> = array
            .iter()
            .map(|region| gasp_change {
                location: region.guest.location,
                last: region
                    .guest
                    .location
                    .wrapping_add(region.guest.length.into())
                    .wrapping_sub(1),
                host_location: region.host_location,
                vdev: region.vdev,
                flags: region.flags,
                cookie: region.cookie,
                r#type: region.guest.r#type.into(),
            })
            .collect();
        for change in &mut changes {
            self.extend(change, generator);
        }
        changes
    }

    /// Moves the ends of an element to far edges, or to those of the space.
    fn extend(&self, change: &mut gasp_change, generator: &mut Generator) {
        let Some(kind) = Kind::of(change.r#type) else { return };
        let cells = &self.model.space(kind).cells;
        if cells.edges().binary_search(&change.location.into()).is_err() {
            return;
        }
        match generator.random.below(100) {
            0..4 => (change.location, change.last) = (0, low64(cells.end() - 1)),
            4..12 => change.last = low64(cells.end() - 1),
            12..16 => {
                let edge = generator.random.pick(cells.edges());
                change.last = low64(edge.max(1) - 1);
            }
            16..18 => change.r#type |= 0x1_0000,
            _ => {}
        }
    }
}
