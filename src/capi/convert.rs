//! Conversions between outcomes or walks and C structures. No pointer is dereferenced here.

use crate::guest::{FilteredWalk, Outcome, Walk};
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::ffi::c_void;
use core::ptr::without_provenance_mut;
use gasp_abi::{
    gasp_report, gasp_span, gasp_walk_filter_t, gasp_walk_state, gasp_walk_state_filtered,
    guest_system,
};

impl Outcome {
    /// The report of a call with `count` elements.
    pub(crate) fn to_c(self, count: u32, size: usize) -> gasp_report {
        let refusal = self.result.err();
        let conflict = refusal.and_then(|refusal| refusal.error.conflict());
        let element = refusal.and_then(|refusal| refusal.element).filter(|_| conflict.is_some());
        let kind = element.and_then(|refused| SpaceKind::from_type(refused.kind));
        gasp_report {
            size,
            index: refusal.map_or(count, |refusal| refusal.index()),
            error: refusal.map_or(0, |refusal| refusal.error.errno()),
            r#type: kind.map_or(0, |kind| kind.to_type().into()),
            conflict: conflict.map_or(gasp_span::NONE, Region::to_span),
            cost: self.cost,
        }
    }
}

/// The cursor of a walk at the end of the space. Entries start at pages, so none starts here.
const END: Location = Location::MAX;

fn cursor(number: u64) -> Option<Location> {
    Some(Location::new(number)).filter(|location| *location != END)
}

fn number(cursor: Option<Location>) -> u64 {
    cursor.unwrap_or(END).get()
}

impl Walk {
    /// The walk of a state. It goes on after the state's entry.
    pub(crate) fn from_c(state: &gasp_walk_state) -> Self {
        let after = Location::new(state.guest_loc).checked_add(state.length);
        Self::resume(state.max_length, state.flags, after)
    }

    /// The state of the walk.
    pub(crate) fn to_c(self, gsp: *mut guest_system, max_length: u64) -> gasp_walk_state {
        let (location, length, host) = self.entry().map_or((0, 0, 0), |entry| {
            (entry.range.first().get(), entry.range.saturating_length(), entry.host)
        });
        gasp_walk_state {
            span: core::ptr::null_mut(),
            gsp,
            guest_loc: location,
            host_loc: host,
            length,
            max_length,
            flags: self.flags(),
        }
    }
}

/// The length of a range; 0 for `None`.
fn length(range: Option<Range>) -> u64 {
    range.map_or(0, |range| range.saturating_length())
}

impl FilteredWalk {
    /// The walk of a state. `span` is the length of the rest of the wanted part, which follows the
    /// entry. `remaining_*` is the rest of the candidate; if its length is 0, its location is where
    /// the search for the next candidate starts.
    pub(crate) fn from_c(state: &gasp_walk_state_filtered) -> Self {
        let ws = &state.ws;
        let after = Location::new(ws.guest_loc).checked_add(ws.length);
        let left = ws.span.addr() as u64;
        let wanted = after.and_then(|after| Range::from_length(after, left));
        let at = Location::new(state.remaining_guest_loc);
        let rest = Range::from_length(at, state.remaining_length);
        let next = match rest {
            Some(rest) => rest.last().next(),
            None => cursor(state.remaining_guest_loc),
        };
        Self::resume(Walk::resume(ws.max_length, ws.flags, next), wanted, rest)
    }

    /// The state of the walk.
    pub(crate) fn to_c(
        self,
        gsp: *mut guest_system,
        max_length: u64,
        filter: gasp_walk_filter_t,
    ) -> gasp_walk_state_filtered {
        let (wanted, rest) = self.left();
        let mut ws = self.walk().to_c(gsp, max_length);
        ws.span = without_provenance_mut::<c_void>(usize::try_from(length(wanted)).unwrap_or(0));
        gasp_walk_state_filtered {
            ws,
            filter,
            remaining_guest_loc: rest.map_or(number(self.cursor()), |rest| rest.first().get()),
            remaining_length: length(rest),
        }
    }
}
