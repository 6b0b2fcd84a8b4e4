//! Checks that vCPUs find something to execute, before they run.

#![forbid(unsafe_code)]

use super::error::KvmError;
use super::runs::Run;
use crate::config::{ImageStart, Start};
use crate::log;
use gasp_safe::{Guest, Space};

/// Where firmware has its first instruction.
pub(super) const RESET_VECTOR: u64 = 0xffff_fff0;
/// As many bytes as an instruction can have, and one.
const LOOK: usize = 16;

/// The location of the first instruction.
pub(super) fn location(start: &Start) -> u64 {
    match *start {
        Start::Reset => RESET_VECTOR,
        Start::Real { segment, offset } => {
            (u64::from(segment) << 4).saturating_add(u64::from(offset))
        }
        Start::Flat { entry } => u64::from(entry),
        Start::Long { entry, .. } | Start::Image(ImageStart { entry, .. }) => entry,
    }
}

/// Refuses a guest that has nothing to execute there, and warns of zeros.
pub(super) fn check(start: &Start, guest: &Guest) -> Result<(), KvmError> {
    let at = location(start);
    let region = guest.next(Space::Memory, at).filter(|region| region.location <= at);
    let problem = match region {
        None => "nothing is at",
        Some(region) if Run::of(&region).is_none() => "there is no memory to execute at",
        Some(_) => {
            warn_of_zeros(at, guest);
            return Ok(());
        }
    };
    let advice = match start {
        Start::Reset => {
            "the reset vector 0xfffffff0: load firmware there or say where vCPUs start".to_owned()
        }
        _ => format!("{at:#x}, where vCPUs start: load the guest's code there"),
    };
    Err(KvmError::Nowhere(format!("{problem} {advice}")))
}

fn warn_of_zeros(at: u64, guest: &Guest) {
    let mut bytes = [0; LOOK];
    // At the end of a region fewer bytes may be there.
    let readable = guest.read(at, &mut bytes).is_ok();
    if readable && bytes == [0; LOOK] {
        log::warn("", &format!("zeros are at {at:#x}, where vCPUs start: has code been loaded?"));
    }
}
