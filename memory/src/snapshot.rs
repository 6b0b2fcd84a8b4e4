//! All memory of one state of a guest's map.

#![allow(unsafe_code)]

use super::region::{Part, RamRegion};
use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::{Error, Guest, Space, flags};
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use vm_memory::GuestRegionCollection;

/// The memory of a guest, in ascending order.
pub type GuestRam<'g> = GuestRegionCollection<RamRegion<'g>>;

/// The memory that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All RAM and ROM, whatever the guest's rights: for those that fill it before the guest runs.
    Host,
    /// Memory that the guest itself can read and write without a trap: for devices, so that a guest
    /// cannot have a device write into ROM or past a vdev. `gasp_map_vdma()` has the same rule.
    Device,
}

impl View {
    fn has(self, span: &gasp_span) -> bool {
        const PASSES: u32 = flags([grf::GRF_PASS_RD, grf::GRF_PASS_WR]);
        const TRAPS: u32 = flags([grf::GRF_VIRT_RD, grf::GRF_VIRT_WR, grf::GRF_VIRT_EX]);
        self == Self::Host || span.flags & PASSES == PASSES && span.flags & TRAPS == 0
    }
}

/// The regions of a guest's memory, as one state of the map has them. Empty if it has none.
///
/// Regions that are adjacent in the guest and in the host are one here, whatever their flags.
///
/// The lock of the memory space is held meanwhile, so the call waits for a thread that holds it.
/// Each memory file is duplicated once.
///
/// # Errors
/// Those of `gasp_lock()`, such as `EDEADLK`; `EMFILE` if a file cannot be duplicated.
pub fn snapshot(guest: &Guest, view: View) -> Result<GuestRam<'_>, Error> {
    let parts = parts(guest, view)?;
    let regions = parts.into_iter().filter_map(|part| {
        // SAFETY: a part is what libgasp has said of memory that it has made.
        unsafe { RamRegion::new(guest, part) }
    });
    // Refuses only what the map cannot be, disordered or overlapping, and nothing at all.
    Ok(GuestRam::from_regions(regions.collect()).unwrap_or_default())
}

/// The memory in as few parts as possible.
fn parts(guest: &Guest, view: View) -> Result<Vec<Part>, Error> {
    let _unchanging = guest.lock(Space::Memory)?;
    let (mut files, mut parts) = (Files::default(), Vec::<Part>::new());
    for span in guest.spans(Space::Memory).iter().filter(|span| view.has(span)) {
        let Some(part) = files.part(guest, span)? else { continue };
        match parts.last_mut() {
            Some(last) if last.continues_in(&part) => {
                // Checked in `continues_in`.
                last.length = last.length.saturating_add(part.length);
            }
            _ => parts.push(part),
        }
    }
    Ok(parts)
}

/// The duplicates of the guest's memory files, by the number of the original.
#[derive(Debug, Default)]
struct Files(Vec<(RawFd, Arc<File>)>);

impl Files {
    /// The part of a region that is memory of libgasp's own, if it begins with that.
    fn part(&mut self, guest: &Guest, span: &gasp_span) -> Result<Option<Part>, Error> {
        let Ok(backing) = guest.backing(span.location) else { return Ok(None) };
        let number = backing.file.as_raw_fd();
        let file = match self.0.iter().find(|(known, _)| *known == number) {
            Some((_, file)) => Arc::clone(file),
            None => {
                let file = backing.file.try_clone_to_owned().map_err(|error| Error {
                    errno: error.raw_os_error().unwrap_or(0),
                    message: format!("a memory file cannot be duplicated: {error}"),
                })?;
                let file = Arc::new(File::from(file));
                self.0.push((number, Arc::clone(&file)));
                file
            }
        };
        let (location, host) = (span.location, span.host_location);
        Ok(Some(Part { location, length: backing.length, host, file, offset: backing.offset }))
    }
}
