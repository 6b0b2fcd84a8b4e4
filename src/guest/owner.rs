//! Who may change what is PRECIOUS: the vdev that has it, and the host.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sys::acting;
use crate::value::flags::Flags;
use crate::value::range::Range;
use crate::value::region::{Region, Vdev};

/// No vdev.
const NOBODY: Vdev = Vdev(0);

/// Refuses to change PRECIOUS regions in `range` for the vdev that the calling thread acts for. `put`
/// is the vdev that the change puts there; `None`: it deletes.
pub(super) fn check(
    put: Option<Vdev>,
    range: Range,
    regions: impl Iterator<Item = Region>,
) -> Result<(), Error> {
    let actor = Vdev::from_c(acting::vdev());
    let mut owned = regions.filter(|region| {
        let inside = region.range.intersection(&range).is_some();
        inside && region.flags.has_any(Flags::PRECIOUS) && region.vdev != NOBODY
    });
    let refused = if actor == NOBODY {
        let taker = put.filter(|vdev| *vdev != NOBODY);
        let taken = taker.and_then(|taker| Some((owned.find(|one| one.vdev != taker)?, taker)));
        taken.map(|(region, taker)| Error::TakesOver(region, taker))
    } else {
        owned.find(|region| region.vdev != actor).map(|region| Error::NotMine(region, actor))
    };
    refused.map_or(Ok(()), Err)
}
