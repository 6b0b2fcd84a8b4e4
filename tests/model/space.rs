//! Section 15 of the specification: searches from either end, places claimed, reservations given
//! back, regions backwards, and holes.

#![allow(unsafe_code)]

use super::cells::Extent;
use super::change::Snapshot;
use super::generate::Generator;
use super::library::{Guest, code, location};
use super::listener::SetOptions;
use super::numbers::*;
use super::query::{low64, span};
use super::report::{Check, same};
use super::search::{Wish, is_memory};
use super::session::Session;
use super::set::{Element, Rules};
use super::state::{Errno, Kind, Model, refuse_if};
use gasp_abi::{GASP_FIND_TOP, gasp_change, gasp_run, gasp_span};
use std::ptr::null_mut;

const BLANK: gasp_span =
    gasp_span { location: 0, last: 0, host_location: 0, vdev: null_mut(), flags: 0, cookie: 0 };

/// The parts of an extent that are not in another one.
fn without(extent: Extent, hole: Extent) -> impl Iterator<Item = Extent> {
    let below = Extent::new(extent.start, extent.end.min(hole.start));
    let above = Extent::new(extent.start.max(hole.end), extent.end);
    [below, above].into_iter().filter(|part| part.start < part.end)
}

/// 15.3: all of the range is reserved, and no longer.
fn give_back(reserved: &mut Vec<Extent>, range: Extent) -> Result<(), Errno> {
    let parts = reserved.iter().filter(|one| one.overlaps(range));
    let covered: u128 = parts.map(|one| one.end.min(range.end) - one.start.max(range.start)).sum();
    refuse_if(covered != range.length(), ENOENT)?;
    *reserved = reserved.iter().flat_map(|one| without(*one, range)).collect();
    Ok(())
}

impl Model {
    /// 15.1, also for 15.2.
    fn find(&self, qst: u32, wish: &Wish, top: bool) -> Result<Extent, Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        self.find_place(kind, wish, top)
    }

    fn unreserve(&mut self, qst: u32, location: u64, length: u64) -> Result<(), Errno> {
        let space = self.space_mut(Kind::of(qst).ok_or(EINVAL)?);
        let range = space.range(location, length)?;
        give_back(&mut space.reserved, range)
    }

    fn unreserve_gram(&mut self, location: u64, length: u64) -> Result<(), Errno> {
        let range = self.memory.range(location, length)?;
        give_back(&mut self.gram, range)
    }

    /// 15.7, where all memory is the host's: location, length, host and rights.
    fn runs_of_hosts(&self) -> Vec<(u64, u64, u64, u32)> {
        let mut runs: Vec<(u64, u64, u64, u32)> = Vec::new();
        for run in self.runs(Kind::Memory).iter().filter(|run| is_memory(&run.first)) {
            let (start, length) = (low64(run.extent.start), low64(run.extent.length()));
            let host = low64(run.first.host.unwrap_or(0));
            let rights = (run.first.flags & PASS_ANY) >> 3;
            match runs.last_mut() {
                Some((first, size, at, prot))
                    if first.checked_add(*size) == Some(start)
                        && at.checked_add(*size) == Some(host)
                        && *prot == rights =>
                {
                    *size += length;
                }
                _ => runs.push((start, length, host, rights)),
            }
        }
        runs
    }

    /// 15.4.1.
    fn previous(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        refuse_if(u128::from(from) >= self.space(kind).cells.end(), EINVAL)?;
        let found = self.runs(kind).iter().rev().find(|run| run.extent.start <= u128::from(from));
        found.map(span).ok_or(ENXIO)
    }

    /// 15.4.2.
    fn next_gap(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        let whole = self.space(kind).cells.end();
        refuse_if(u128::from(from) >= whole, EINVAL)?;
        let starts = [0].into_iter().chain(self.runs(kind).iter().map(|run| run.extent.end));
        let ends = self.runs(kind).iter().map(|run| run.extent.start).chain([whole]);
        let mut gaps = starts.zip(ends).filter(|(start, end)| start < end);
        let (start, end) = gaps.find(|(_, end)| u128::from(from) < *end).ok_or(ENXIO)?;
        Ok(gasp_span { location: low64(start), last: low64(end - 1), ..BLANK })
    }
}

fn flags(top: bool) -> u32 {
    if top { GASP_FIND_TOP } else { 0 }
}

impl Guest {
    fn find(&self, qst: u32, wish: &Wish, top: bool) -> Result<u64, Errno> {
        let Wish { size, align, first, last } = *wish;
        let (gsp, flags) = (self.handle(), flags(top));
        // SAFETY: the handle is that of a guest.
        location(|| unsafe { gasp_abi::gasp_guest_find(gsp, qst, size, align, first, last, flags) })
    }

    /// The place, or the error; then the change must be as it was.
    fn claim(&self, change: gasp_change, wish: &Wish, top: bool) -> Result<(u64, u64), Errno> {
        let mut place = change;
        let (gsp, flags) = (self.handle(), flags(top));
        // SAFETY: the handle is that of a guest; the change lives through the call.
        let call =
            || unsafe { gasp_abi::gasp_guest_claim(gsp, &mut place, wish.size, wish.align, flags) };
        let answer = code(call);
        if answer.is_err() {
            assert_eq!(change, place, "gasp_guest_claim wrote its change although it failed");
        }
        answer.map(|()| (place.location, place.last))
    }

    fn unreserve(&self, qst: u32, location: u64, length: u64) -> Result<(), Errno> {
        // SAFETY: the handle is that of a guest.
        code(|| unsafe { gasp_abi::gasp_guest_unreserve(self.handle(), qst, location, length) })
    }

    fn unreserve_gram(&self, location: u64, length: u64) -> Result<(), Errno> {
        // SAFETY: the handle is that of a guest.
        code(|| unsafe { gasp_abi::gasp_guest_unreserve_gram(self.handle(), location, length) })
    }

    fn previous(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let mut span = BLANK;
        // SAFETY: the handle is that of a guest; span lives through the call.
        code(|| unsafe { gasp_abi::gasp_guest_previous(self.handle(), qst, from, &mut span) })?;
        Ok(span)
    }

    fn runs(&self) -> Vec<(u64, u64, u64, u32)> {
        let blank = gasp_run {
            location: 0,
            length: 0,
            host_location: 0,
            offset: 0,
            page_size: 0,
            fd: 0,
            prot: 0,
        };
        let (mut list, mut count) = (vec![blank; 4096], 0);
        let (runs, room) = (list.as_mut_ptr(), list.len());
        // SAFETY: the handle is that of a guest; the list and the count live through the call.
        let call = || unsafe { gasp_abi::gasp_guest_runs(self.handle(), runs, room, &mut count) };
        assert_eq!(code(call), Ok(()), "gasp_guest_runs, of {count} runs");
        list.truncate(count);
        assert!(list.iter().all(|run| (run.fd, run.offset, run.page_size) == (-1, 0, 4096)));
        list.iter().map(|run| (run.location, run.length, run.host_location, run.prot)).collect()
    }

    fn next_gap(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let mut gap = gasp_span { cookie: 7, ..BLANK };
        // SAFETY: the handle is that of a guest; gap lives through the call.
        code(|| unsafe { gasp_abi::gasp_guest_next_gap(self.handle(), qst, from, &mut gap) })?;
        Ok(gap)
    }
}

impl Session {
    /// Random queries of section 15.
    pub(super) fn ask_space(&self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let (qst, top) = (generator.qst(kind), generator.random.percent(60));
        let wish = generator.wish(&self.model, kind);
        let what = format!("gasp_guest_find of type {qst:#x}, {wish:x?}, from the top: {top}");
        let expected = self.model.find(qst, &wish, top).map(|place| low64(place.start));
        same(&what, expected, self.guest.find(qst, &wish, top))?;
        if generator.random.percent(20) {
            same("gasp_guest_runs", self.model.runs_of_hosts(), self.guest.runs())?;
        }
        let from = generator.byte(&self.model, kind);
        let what = format!("of type {qst:#x} from {from:#x}");
        let previous = self.guest.previous(qst, from);
        same(&format!("gasp_guest_previous {what}"), self.model.previous(qst, from), previous)?;
        let gap = self.guest.next_gap(qst, from);
        same(&format!("gasp_guest_next_gap {what}"), self.model.next_gap(qst, from), gap)
    }

    /// One call of `gasp_guest_claim` to both.
    pub(super) fn claim(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let (wish, top) = (generator.fine_wish(kind), generator.random.percent(50));
        let mut change = generator.change(&self.model, kind);
        (change.location, change.last) = (wish.first, wish.last);
        self.story.call(format!("gasp_guest_claim({change:x?}, {wish:x?}, from the top: {top})"));
        let before = Snapshot::of(&self.model);
        let expected = self.expect_claim(change, &wish, top, before);
        same("the return value", expected, self.guest.claim(change, &wish, top))?;
        self.compare_notifications()
    }

    fn expect_claim(
        &mut self,
        change: gasp_change,
        wish: &Wish,
        top: bool,
        before: Snapshot,
    ) -> Result<(u64, u64), Errno> {
        let place = self.model.find(change.r#type, wish, top)?;
        let (location, last) = (low64(place.start), low64(place.end - 1));
        if change.flags == NONE {
            let kind = Kind::of(change.r#type).ok_or(EINVAL)?;
            self.model.space_mut(kind).reserved.push(place);
            return Ok((location, last));
        }
        let element = Element::from(&gasp_change { location, last, ..change });
        let rules = Rules { any_ranges: true, ..Rules::default() };
        let answer = self.model.set_as(&[element], true, rules);
        let (_, errno) = self.after_set(before, SetOptions::default(), answer);
        errno.map_or(Ok((location, last)), Err)
    }

    /// Gives back a reservation, a part of it, or what is none.
    pub(super) fn unreserve(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let (qst, of_gram) = (generator.qst(kind), generator.random.percent(50));
        let reserved = if of_gram { &self.model.gram } else { &self.model.space(kind).reserved };
        let start = match reserved.len() {
            0 => generator.byte(&self.model, kind),
            count => low64(reserved[generator.random.index(count)].start),
        };
        let location = start.saturating_add(generator.random.pick(&[0, 0, 1, 0x800]));
        let length = generator.random.pick(&[0, 1, 1, 7, 0x800, 0x1000, 0x2000, 0x3000, 0x6000]);
        self.story.call(format!(
            "gasp_guest_unreserve({qst:#x}, {location:#x}, {length:#x}), of gram: {of_gram}"
        ));
        let (expected, answer) = if of_gram {
            let expected = self.model.unreserve_gram(location, length);
            (expected, self.guest.unreserve_gram(location, length))
        } else {
            let expected = self.model.unreserve(qst, location, length);
            (expected, self.guest.unreserve(qst, location, length))
        };
        same("the return value", expected, answer)
    }
}
