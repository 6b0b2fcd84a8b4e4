//! An access: passed, trapped or unsupported.

#![forbid(unsafe_code)]

use super::kind::{AccessKind, Reason};
use super::running::Running;
use super::system::{CpuSlot, Vcpu, handle};
use crate::error::Error;
use crate::guest::{Guest, Policy, fatal};
use crate::raw::bytes::Buffer;
use crate::sys::process::keep_errno;
use crate::value::kind::SpaceKind;
use crate::value::range::Range;
use crate::value::region::{Region, Vdev};
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

/// What the vCPU's handlers know the handler of unsupported accesses by. No vdev has this address.
const UNSUPPORTED: u64 = u64::MAX;

/// The device of a region, as the region names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device {
    vdev: Vdev,
    cookie: u32,
}

impl Device {
    pub(super) const NONE: Self = Self { vdev: Vdev(0), cookie: 0 };

    pub(super) fn of(region: &Region) -> Self {
        Self { vdev: region.vdev, cookie: region.cookie }
    }
}

/// Where an access is made: the slot of the vCPU, and the address on the stack that
/// [`super::handlers`] knows the access by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    slot: &'static CpuSlot,
    address: usize,
}

impl Access {
    /// The part of the access that is in `range`.
    #[inline(always)]
    pub(super) fn part(&self, range: &Range) -> Self {
        if *range == self.range {
            return *self;
        }
        let start = range.first().offset_from(self.range.first());
        let data = self.data.part(start, range.saturating_length());
        Self { range: *range, data, ..*self }
    }

    /// The access as handlers see it.
    #[inline(always)]
    fn as_trap(&self, Device { vdev, cookie }: Device) -> gasp_trap {
        gasp_trap {
            vdev: vdev.to_c(),
            location: self.range.first().get(),
            data: self.data.pointer().cast(),
            length: self.data.len(),
            cookie,
            kind: self.kind as u16,
            r#type: self.space.to_type(),
        }
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

    /// Makes an access that is inside one region.
    #[inline(always)]
    pub(super) fn perform(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        region: &Region,
    ) -> Result<(), Error> {
        if region.flags.has_any(access.kind.trap_flag()) {
            self.trap(at, guest, access, region)
        } else if region.flags.has_any(access.kind.pass_flag()) {
            self.pass(at, guest, access, region)
        } else {
            self.in_pieces(at, guest, access)
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
            return self.unsupported(at, guest, access, Device::of(region), Reason::NoHandler);
        };
        let trap = access.as_trap(Device::of(region));
        self.counts.count_trapped(access.kind);
        // Without a vdev, the cookie identifies the device. Bit 63 tells cookies from addresses.
        let device = match region.vdev.0 {
            0 => u64::from(region.cookie) | 1 << 63,
            vdev => vdev,
        };
        match self.in_handler(at.address, device, || handler.call(handle(at.slot), &trap))? {
            0 => Ok(()),
            GASP_TRAP_UNSUPPORTED => {
                self.unsupported(at, guest, access, Device::of(region), Reason::Declined)
            }
            errno => Err(Error::FromHandler(errno)),
        }
    }

    #[inline(always)]
    fn pass(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        region: &Region,
    ) -> Result<(), Error> {
        if access.space == SpaceKind::Ports {
            return Err(Error::PortPassesThrough(access.range.first()));
        }
        let host = region.host_at(access.range.first());
        if guest.is_guarded() {
            return self.pass_guarded(at, guest, access, Device::of(region), host);
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
    fn pass_guarded(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        device: Device,
        host: u64,
    ) -> Result<(), Error> {
        let passed = match access.kind {
            AccessKind::Write => access.data.copy_to_guarded(host),
            AccessKind::Read | AccessKind::Execute => access.data.fill_from_guarded(host),
        };
        if passed.is_err() {
            return self.unsupported(at, guest, access, device, Reason::Vanished);
        }
        self.counts.count_passed(access.kind);
        Ok(())
    }

    /// Calls the handler of unsupported accesses, and applies the policy. The error can be one that
    /// is only told.
    #[cold]
    pub(super) fn unsupported(
        &self,
        at: Place,
        guest: &Guest,
        access: &Access,
        device: Device,
        reason: Reason,
    ) -> Result<(), Error> {
        self.counts.count_unsupported(access.kind);
        if let Some(handler) = guest.unsupported_handler() {
            let access = access.as_trap(device);
            let call = || keep_errno(|| handler.call(handle(at.slot), &access, reason.number()));
            // A vCPU that is in this handler already does not call it again.
            let _ = self.in_handler(at.address, UNSUPPORTED, call);
        }
        self.apply_policy(guest, access, reason)
    }

    fn apply_policy(&self, guest: &Guest, access: &Access, reason: Reason) -> Result<(), Error> {
        let (policy, kind, range) = (guest.policy(), access.space, access.range);
        let ignored = policy == Policy::Ignore;
        let error = match reason {
            Reason::Vanished => Error::Vanished(range),
            Reason::Held(stuck) => Error::Held { kind, range, stuck, ignored },
            _ => Error::Unsupported { kind, range },
        };
        match policy {
            Policy::Ignore => {
                if access.kind != AccessKind::Write {
                    access.data.fill(0xff);
                }
                if error.is_only_told() { Err(error) } else { Ok(()) }
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
