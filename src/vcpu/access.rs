//! What an access does: to memory, to a trap handler, or to nothing.

#![forbid(unsafe_code)]

use super::Cpu;
use super::running::Running;
use crate::capi::handles::CpuSlot;
use crate::error::Error;
use crate::guest::fatal;
use crate::guest::{Buffer, Guest};
use crate::space::Kind;
use crate::value::flags::Flags;
use crate::value::range::Range;
use crate::value::region::Region;
use gasp_abi::{
    GASP_EXECUTE, GASP_READ, GASP_UNSUPPORTED_ABORT, GASP_UNSUPPORTED_FAIL,
    GASP_UNSUPPORTED_IGNORE, GASP_WRITE, gasp_trap,
};

/// What an access wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// To read.
    Read = 0,
    /// To write.
    Write = 1,
    /// To fetch an instruction.
    Execute = 2,
}

impl What {
    /// The kind that a `GASP_*` names.
    #[inline(always)]
    pub(crate) fn from_c(kind: u32) -> Result<Self, Error> {
        match kind {
            GASP_READ => Ok(Self::Read),
            GASP_WRITE => Ok(Self::Write),
            GASP_EXECUTE => Ok(Self::Execute),
            _ => Err(Error::Unknown { what: "kind of access", bits: kind }),
        }
    }

    fn passing(self) -> Flags {
        [Flags::PASS_RD, Flags::PASS_WR, Flags::PASS_EX][self as usize]
    }

    /// What traps; fetches do not: QNX has them go where accesses to nothing go.
    fn trapping(self) -> Flags {
        [Flags::VIRT_RD, Flags::VIRT_WR, Flags::NONE][self as usize]
    }
}

/// What an access to nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Reads give all ones, writes are dropped.
    Ignore,
    /// The access fails.
    Fail,
    /// The process ends.
    Abort,
}

impl Policy {
    /// The policy that a `GASP_UNSUPPORTED_*` names.
    pub(crate) fn from_c(number: u32) -> Result<Self, Error> {
        match number {
            GASP_UNSUPPORTED_IGNORE => Ok(Self::Ignore),
            GASP_UNSUPPORTED_FAIL => Ok(Self::Fail),
            GASP_UNSUPPORTED_ABORT => Ok(Self::Abort),
            _ => Err(Error::Unknown { what: "policy", bits: number }),
        }
    }
}

/// An access of a vCPU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) kind: Kind,
    pub(crate) what: What,
    pub(crate) range: Range,
    pub(crate) data: Buffer,
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

impl Cpu {
    /// Makes an access, cut at the boundaries of regions. `handle` is this vCPU's. The first
    /// piece that fails ends it; those before it have happened.
    #[inline(always)]
    pub(crate) fn access(&self, handle: &'static CpuSlot, access: &Access) -> Result<(), Error> {
        let guest = self.guest().ok_or(Error::NotAGuest)?;
        let _running = Running::start(self, guest);
        match self.lookup(guest, access.kind, access.range.first()) {
            Some(region) if region.range.covers(&access.range) => {
                self.perform(handle, guest, access, &region)
            }
            _ => self.in_pieces(handle, guest, access),
        }
    }

    #[cold]
    fn in_pieces(
        &self,
        handle: &'static CpuSlot,
        guest: &Guest,
        access: &Access,
    ) -> Result<(), Error> {
        let mut rest = Some(access.range);
        while let Some(now) = rest {
            let found = guest.map(access.kind).lookup_from(now.first());
            let piece = match found
                .and_then(|region| Some((region.range.intersection(&now)?, region)))
            {
                Some((part, region)) if part.first() == now.first() => {
                    let piece = access.part(&part);
                    self.perform(handle, guest, &piece, &region)?;
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

    /// An access inside of one region.
    #[inline(always)]
    fn perform(
        &self,
        handle: &'static CpuSlot,
        guest: &Guest,
        access: &Access,
        region: &Region,
    ) -> Result<(), Error> {
        if region.flags.has_any(access.what.trapping()) {
            self.trap(handle, guest, access, region)
        } else if region.flags.has_any(access.what.passing()) {
            self.pass(access, region)
        } else {
            self.unsupported(guest, access)
        }
    }

    #[inline(always)]
    fn trap(
        &self,
        handle: &'static CpuSlot,
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
            kind: access.what as u16,
            r#type: access.kind.to_type(),
        };
        self.tally.count_trapped(access.what);
        // Without a vdev, the cookie tells one device from another; no address is that high.
        let device = match region.vdev.0 {
            0 => u64::from(region.cookie) | 1 << 63,
            vdev => vdev,
        };
        match self.in_handler(device, || handler.call(handle, &trap))? {
            0 => Ok(()),
            errno => Err(Error::FromHandler(errno)),
        }
    }

    #[inline(always)]
    fn pass(&self, access: &Access, region: &Region) -> Result<(), Error> {
        if access.kind == Kind::Ports {
            return Err(Error::PortPassesThrough(access.range.first()));
        }
        let host = region.host_at(access.range.first());
        match access.what {
            What::Write => access.data.copy_to(host),
            What::Read | What::Execute => access.data.fill_from(host),
        }
        self.tally.count_passed(access.what);
        Ok(())
    }

    #[cold]
    fn unsupported(&self, guest: &Guest, access: &Access) -> Result<(), Error> {
        self.tally.count_unsupported(access.what);
        let error = Error::Unsupported { kind: access.kind, range: access.range };
        match guest.policy() {
            Policy::Ignore => {
                if access.what != What::Write {
                    access.data.fill(0xff);
                }
                Ok(())
            }
            Policy::Fail => Err(error),
            Policy::Abort => fatal::die_of_access(&error, guest.fatal_handler().as_ref()),
        }
    }
}
