//! Accesses that are not inside one region that takes them. They are cut into pieces; and a piece
//! that nothing takes is looked at again, when no other thread holds the lock of the space.

#![forbid(unsafe_code)]

use super::access::{Access, Device, Place};
use super::kind::{AccessKind, Reason};
use super::misses::look_twice;
use super::system::Vcpu;
use crate::error::Error;
use crate::guest::{Guest, Patience};
use crate::map::Map;
use crate::value::flags::Flags;
use crate::value::range::Range;
use crate::value::region::Region;

/// The start of a range, up to where the region or the hole there ends.
#[derive(Debug, Clone, Copy)]
struct Piece {
    range: Range,
    /// `None`: a hole.
    region: Option<Region>,
}

impl Piece {
    fn at_start_of(range: &Range, map: &Map) -> Self {
        let next = map.lookup_from(range.first());
        match next.and_then(|region| Some((region.range.intersection(range)?, region))) {
            Some((part, region)) if part.first() == range.first() => {
                Self { range: part, region: Some(region) }
            }
            next => {
                let hole = next.and_then(|(part, _)| range.below(part.first())).unwrap_or(*range);
                Self { range: hole, region: None }
            }
        }
    }

    /// Why nothing takes an access to the piece, if so.
    fn missed_by(&self, kind: AccessKind) -> Option<Reason> {
        let Some(region) = self.region else { return Some(Reason::Absent) };
        if region.flags.has_any(kind.trap_flag()) || region.flags.has_any(kind.pass_flag()) {
            return None;
        }
        let fetch = kind == AccessKind::Execute && region.flags.has_any(Flags::VIRT_EX);
        Some(if fetch { Reason::TrappedFetch } else { Reason::NoRight })
    }
}

impl Vcpu {
    /// Makes an access piece by piece. An error that is only told does not end it.
    #[cold]
    pub(super) fn in_pieces(&self, at: Place, guest: &Guest, access: &Access) -> Result<(), Error> {
        let mut patience = guest.patience();
        let mut rest = Some(access.range);
        let mut result = Ok(());
        while let Some(now) = rest {
            let (piece, missed) = find(guest, &access.part(&now), &mut patience);
            let part = access.part(&piece.range);
            match self.piece(at, guest, &part, piece.region, missed) {
                Err(told) if told.is_only_told() => result = Err(told),
                done => done?,
            }
            rest = now.above(piece.range.last());
        }
        result
    }

    fn piece(
        &self,
        at: Place,
        guest: &Guest,
        part: &Access,
        region: Option<Region>,
        missed: Option<Reason>,
    ) -> Result<(), Error> {
        match (missed, region) {
            (None, Some(region)) => self.perform(at, guest, part, &region),
            (missed, region) => {
                let device = region.map_or(Device::NONE, |region| Device::of(&region));
                self.unsupported(at, guest, part, device, missed.unwrap_or(Reason::Absent))
            }
        }
    }
}

/// The first piece of an access, and why nothing takes it, if so.
fn find(
    guest: &Guest,
    access: &Access,
    patience: &mut Option<Patience>,
) -> (Piece, Option<Reason>) {
    let look = || Piece::at_start_of(&access.range, guest.map(access.space));
    let is_miss = |piece: &Piece| piece.missed_by(access.kind).is_some();
    let Some(patience) = patience else {
        let piece = look();
        return (piece, piece.missed_by(access.kind));
    };
    match look_twice(look, is_miss, || guest.hold_still(access.space, patience)) {
        (piece, None) => (piece, piece.missed_by(access.kind)),
        (piece, Some(stuck)) => (piece, Some(Reason::Held(stuck))),
    }
}
