//! An access: passed, trapped or unsupported.

#![forbid(unsafe_code)]

use super::kind::AccessKind;
use super::running::Running;
use super::system::{CpuSlot, Vcpu, handle};
use crate::error::Error;
use crate::guest::{Guest, Policy, fatal};
use crate::raw::bytes::Buffer;
use crate::value::kind::SpaceKind;
use crate::value::range::Range;
use crate::value::region::Region;
use core::mem::MaybeUninit;
use core::ptr;
use gasp_abi::{GASP_TRAP_UNSUPPORTED, gasp_trap};

/// An access of a vCPU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) space: SpaceKind,
    pub(crate) kind: AccessKind,
    pub(crate) range: Range,
    pub(crate) data: Buffer,
}

/// Where an access is made: the slot of the vCPU, and the address on the stack that
/// [`super::handlers`] knows the access by.
#[derive(Debug, Clone, Copy)]
struct Place {
    slot: &'static CpuSlot,
    address: usize,
}

impl Access {
    /// The part of the access that is in `range`.
    #[inline(always)]
    fn part(&self, range: &Range) -> Self {
        if *range == self.range {
            return *self;
        }
        let start = range.first().offset_from(self.range.first());
        let data = self.data.part(start, range.saturating_length());
        Self { range: *range, data, ..*self }
    }
}

impl Vcpu {
    /// Makes an access, cut at the boundaries of regions. `slot` is the slot of this vCPU. The
    /// first piece that fails ends the access; earlier pieces have taken effect.
    #[inline(always)]
    pub(crate) fn access(&self, slot: &'static CpuSlot, access: &Access) -> Result<(), Error> {
        let system = self.system().ok_or(Error::NotAGuest)?;
        let guest = system.guest();
        let mark = MaybeUninit::<u8>::uninit();
        let at = Place { slot, address: ptr::from_ref(&mark).addr() };
        let running = Running::start(self, system, self.nested_at(at.address));
        let result = match self.lookup(guest, access.space, access.range.first()) {
            Some(region) if region.range.covers(&access.range) => {
                self.perform(at, guest, access, &region)
            }
            _ => self.in_pieces(at, guest, access),
        };
        running.end();
        result
    }

    #[cold]
    fn in_pieces(&self, at: Place, guest: &Guest, access: &Access) -> Result<(), Error> {
        let mut rest = Some(access.range);
        while let Some(now) = rest {
            let found = guest.map(access.space).lookup_from(now.first());
            let piece = match found
                .and_then(|region| Some((region.range.intersection(&now)?, region)))
            {
                Some((part, region)) if part.first() == now.first() => {
                    let piece = access.part(&part);
                    self.perform(at, guest, &piece, &region)?;
                    part
                }
                next => {
                    let hole = next.and_then(|(part, _)| now.below(part.first())).unwrap_or(now);
                    self.unsupported(guest, &access.part(&hole))?;
                    hole
                }
            };
            rest = now.above(piece.last());
        }
        Ok(())
    }

    /// Makes an access that is inside one region.
    #[inline(always)]
    fn perform(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        region: &Region,
    ) -> Result<(), Error> {
        if region.flags.has_any(access.kind.trap_flag()) {
            self.trap(at, guest, access, region)
        } else if region.flags.has_any(access.kind.pass_flag()) {
            self.pass(guest, access, region)
        } else {
            self.unsupported(guest, access)
        }
    }

    #[inline(always)]
    fn trap(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        region: &Region,
    ) -> Result<(), Error> {
        let Some(handler) = guest.trap_handler() else {
            return self.unsupported(guest, access);
        };
        let trap = gasp_trap {
            vdev: region.vdev.to_c(),
            location: access.range.first().get(),
            data: access.data.pointer().cast(),
            length: access.data.len(),
            cookie: region.cookie,
            kind: access.kind as u16,
            r#type: access.space.to_type(),
        };
        self.counts.count_trapped(access.kind);
        // Without a vdev, the cookie identifies the device. Bit 63 tells cookies from addresses.
        let device = match region.vdev.0 {
            0 => u64::from(region.cookie) | 1 << 63,
            vdev => vdev,
        };
        match self.in_handler(at.address, device, || handler.call(handle(at.slot), &trap))? {
            0 => Ok(()),
            GASP_TRAP_UNSUPPORTED => self.unsupported(guest, access),
            errno => Err(Error::FromHandler(errno)),
        }
    }

    #[inline(always)]
    fn pass(&self, guest: &Guest, access: &Access, region: &Region) -> Result<(), Error> {
        if access.space == SpaceKind::Ports {
            return Err(Error::PortPassesThrough(access.range.first()));
        }
        let host = region.host_at(access.range.first());
        if guest.is_guarded() {
            return self.pass_guarded(guest, access, host);
        }
        match access.kind {
            AccessKind::Write => access.data.copy_to(host),
            AccessKind::Read | AccessKind::Execute => access.data.fill_from(host),
        }
        self.counts.count_passed(access.kind);
        Ok(())
    }

    /// Passes an access to host memory that may not be there; then it is unsupported.
    #[inline(never)]
    fn pass_guarded(&self, guest: &Guest, access: &Access, host: u64) -> Result<(), Error> {
        let passed = match access.kind {
            AccessKind::Write => access.data.copy_to_guarded(host),
            AccessKind::Read | AccessKind::Execute => access.data.fill_from_guarded(host),
        };
        if passed.is_err() {
            return self.without_effect(guest, access, Error::Vanished(access.range));
        }
        self.counts.count_passed(access.kind);
        Ok(())
    }

    #[cold]
    fn unsupported(&self, guest: &Guest, access: &Access) -> Result<(), Error> {
        let error = Error::Unsupported { kind: access.space, range: access.range };
        self.without_effect(guest, access, error)
    }

    /// Applies the policy to an access that is unsupported for the reason `error`.
    #[cold]
    fn without_effect(&self, guest: &Guest, access: &Access, error: Error) -> Result<(), Error> {
        self.counts.count_unsupported(access.kind);
        match guest.policy() {
            Policy::Ignore => {
                if access.kind != AccessKind::Write {
                    access.data.fill(0xff);
                }
                Ok(())
            }
            Policy::Fail => Err(error),
            Policy::Abort => {
                // The handler may wait for accesses, or leave. This one is over.
                if let Some(system) = self.system() {
                    Running::of(self, system).end();
                }
                fatal::die_of_access(&error, guest.fatal_handler())
            }
        }
    }
}
