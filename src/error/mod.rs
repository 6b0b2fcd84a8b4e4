//! Why a call was refused: in words (thiserror), and as errno.

#![forbid(unsafe_code)]

pub(crate) mod last;

use crate::value::flags::Names;
use crate::value::kind::{OutOfSpace, SpaceKind};
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::ffi::c_int;
use core::fmt;

/// Why something was refused.
///
/// Copyable, because the last one of each thread is kept as it is and put into words only when
/// somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The handle is NULL or that of a destroyed guest.
    #[error("gsp is not a guest system (NULL, or destroyed)")]
    NotAGuest,
    /// A pointer that has to point to something does not.
    #[error("{0} is NULL")]
    Null(&'static str),
    /// The type is not one of a space.
    #[error("type {0:#x} is not a space: QST_MEMORY, QST_PCI_IO or QST_X86_IO")]
    BadType(u32),
    /// Strict mode: QNX names two types for locks.
    #[error("strict mode: locks are named by QST_MEMORY or QST_X86_IO, not by type {0:#x}")]
    StrictLockType(u32),
    /// A range without locations.
    #[error("the length is 0")]
    Empty,
    /// A range that the space does not have.
    #[error("{length:#x} locations from {location:#x} run past the end of the {kind} space")]
    PastEnd {
        /// Which space.
        kind: SpaceKind,
        /// The first location.
        location: u64,
        /// How many.
        length: u64,
    },
    /// Flags with bits that have no meaning.
    #[error("the flags have undefined bits ({:#x})", .0)]
    UndefinedFlags(u32),
    /// Flags of which nothing counts.
    #[error("the flags have nothing but bits that are ignored on input; to delete, use GRF_NONE")]
    NothingButIgnored,
    /// An access cannot both trap and pass.
    #[error("the flags both trap (VIRT) and pass (PASS) the same kind of access")]
    Contradiction,
    /// Host memory comes in pages.
    #[error("PASS and MEMORY flags need a location and a length that are multiples of 4096")]
    UnalignedMemory,
    /// The host's memory has to be given.
    #[error("host_location {0:#x} is needed here, and has to be a multiple of 4096 other than 0")]
    BadHost(u64),
    /// The host's memory has to be in the host's address space.
    #[error("host_location {0:#x} and the length run past the end of the host's {1} space")]
    HostPastEnd(u64, SpaceKind),
    /// Strict mode: changes of a running guest need the lock.
    #[error("strict mode: the guest has started and the lock of the {0} space is not held")]
    LockNeeded(SpaceKind),
    /// A range meets a region that nothing may overlap.
    #[error("overlaps the PRECIOUS region {}", .0.range)]
    MeetsPrecious(Region),
    /// A range that nothing may overlap meets a region.
    #[error("PRECIOUS, but overlaps the region {} (flags {})", .0.range, Names(.0.flags.reported()))]
    PreciousMeets(Region),
    /// A page of memory cannot be cut.
    #[error("an edge lies inside the page at {:#x} of the region {}", .0.get(), .1.range)]
    SplitsPage(Location, Region),
    /// Strict mode: a delete has to find something everywhere.
    #[error("strict mode: nothing to delete at {:#x}", .0.get())]
    NothingToDelete(Location),
    /// Strict mode: one region for each element.
    #[error("strict mode: covers more than the one region {}", .0.range)]
    SeveralRegions(Region),
    /// Strict mode: one region for each element, without holes.
    #[error("strict mode: covers the region {} and a hole", .0.range)]
    RegionAndHole(Region),
    /// Nothing is at a location.
    #[error("nothing is at {:#x} in the {kind} space", .location.get())]
    Absent {
        /// Which space.
        kind: SpaceKind,
        /// Where.
        location: Location,
    },
    /// No region at a location or after it.
    #[error("no region at {:#x} in the {kind} space, or after it", .location.get())]
    NoMore {
        /// Which space.
        kind: SpaceKind,
        /// Where.
        location: Location,
    },
    /// Something has no memory behind it.
    #[error("no memory is behind {:#x}", .0.get())]
    Unbacked(Location),
    /// The lock is not this thread's.
    #[error("this thread does not hold the lock of the {0} space")]
    NotOwner(SpaceKind),
    /// The lock was taken too often.
    #[error("the lock of the {0} space has been taken 65,535 times by this thread")]
    TooDeep(SpaceKind),
    /// Waiting would not end.
    #[error(
        "waiting for the lock of the {0} space would never end: its holder waits for this thread"
    )]
    Deadlock(SpaceKind),
    /// Memory ran out.
    #[error("out of memory; nothing was changed")]
    NoMemory,
    /// The size of a structure.
    #[error("{0}->size {1} is too small")]
    TooSmall(&'static str, usize),
    /// A structure from the future.
    #[error("{0} has something set that this version of the library does not know")]
    TooNew(&'static str),
    /// A listener did not want it.
    #[error("a listener refused the change: {}", std::io::Error::from_raw_os_error(*.0))]
    Vetoed(c_int),
    /// Whoever is told of a change cannot make one.
    #[error("a listener's function cannot wait for what waits for it")]
    InListener,
    /// The number is that of no listener.
    #[error("no listener has the id {0}")]
    NoListener(u64),
    /// Flags of a call that are not flags of a region.
    #[error("unknown {what} {bits:#x}")]
    Unknown {
        /// What they would be.
        what: &'static str,
        /// What was given.
        bits: u32,
    },
    /// The guest has started before.
    #[error("the guest has started already")]
    AlreadyStarted,
    /// Strict mode: QNX allows this at startup only.
    #[error("strict mode: only allowed before the guest starts")]
    StartupOnly,
    /// An alignment that is none.
    #[error("the alignment {0:#x} is not a power of two")]
    BadAlignment(u64),
    /// A search window that is none.
    #[error("the search range starts ({0:#x}) after its end ({1:#x})")]
    Inverted(u64, u64),
    /// A search without a result.
    #[error("no free place of {size:#x}, a multiple of {align:#x}, in {window}")]
    NoPlace {
        /// How much.
        size: u64,
        /// At a multiple of what.
        align: u64,
        /// Where.
        window: Range,
    },
    /// A search in an area that the space does not have.
    #[error("the search range starts at {0:#x}, past the end of the {1} space")]
    NoWindow(u64, SpaceKind),
    /// Something is reserved already.
    #[error("overlaps the reservation {0}")]
    Reserved(Range),
    /// Not all of it is memory.
    #[error("{:#x} is not memory (GRF_MEMORY)", .0.get())]
    NotMemory(Location),
    /// Something is there already.
    #[error("overlaps the region {} (flags {})", .0.range, Names(.0.flags.reported()))]
    Occupied(Region),
    /// The handle is NULL or that of a destroyed vCPU.
    #[error("cpu is not a vCPU (NULL, or it or its guest was destroyed)")]
    NotACpu,
    /// A device that accesses its own registers from its handler.
    #[error("the access reaches the device that makes it, or goes through too many trap handlers")]
    ReachesItself,
    /// What a trap handler returned.
    #[error("the trap handler returned {0}")]
    FromHandler(c_int),
    /// The library does not touch the host's ports.
    #[error("port {:#x} passes through to the host, which only a hypervisor can do", .0.get())]
    PortPassesThrough(Location),
    /// An access to nothing.
    #[error("nothing takes the access to {kind} {range}")]
    Unsupported {
        /// Which space.
        kind: SpaceKind,
        /// Where.
        range: Range,
    },
    /// Who holds a lock must not wait for accesses, which may wait for it.
    #[error("waiting for accesses to end with the lock of the {0} space held might never end")]
    WaitsWithLock(SpaceKind),
    /// Who is in an access cannot wait for it.
    #[error("waiting inside of a trap handler for its own access would never end")]
    WaitsForItself,
    /// Something cannot be mapped.
    #[error("{:#x} has no memory that can be mapped (absent, trapped or not backed)", .0.get())]
    NotMappable(Location),
    /// The guest has not the rights that a mapping asks for.
    #[error("the region {} (flags {}) does not pass what prot asks for", .0.range, Names(.0.flags.reported()))]
    NoRights(Region),
    /// Memory of the host's own cannot be put side by side.
    #[error("the memory is not contiguous in the host, and {:#x} was not given by gasp_guest_add_memory()", .0.get())]
    CannotJoin(Location),
    /// Nothing is mapped there.
    #[error("nothing of this length is mapped at this address")]
    NotMapped,
    /// The memory is the caller's own.
    #[error("the memory behind {:#x} was not given by gasp_guest_add_memory()", .0.get())]
    NoFile(Location),
    /// Guest memory is made of pages.
    #[error("location, length and chunk of guest memory are multiples of 4096")]
    UnalignedChunks,
}

impl Error {
    /// The number that C gets.
    pub(crate) fn errno(&self) -> c_int {
        use Error::*;
        match self {
            NotAGuest | Null(_) | BadType(_) | StrictLockType(_) | Empty | PastEnd { .. } => {
                libc::EINVAL
            }
            UndefinedFlags(_) | NothingButIgnored | Contradiction => libc::EINVAL,
            UnalignedMemory | BadHost(_) | HostPastEnd(..) | SplitsPage(..) => libc::EINVAL,
            SeveralRegions(_) | RegionAndHole(_) => libc::EINVAL,
            TooSmall(..) | Unknown { .. } | BadAlignment(_) | Inverted(..) => libc::EINVAL,
            UnalignedChunks => libc::EINVAL,
            LockNeeded(_) | NotOwner(_) | StartupOnly => libc::EPERM,
            MeetsPrecious(_) | PreciousMeets(_) | Reserved(_) | Occupied(_) => libc::EEXIST,
            NotACpu | NotMapped => libc::EINVAL,
            ReachesItself => libc::ELOOP,
            FromHandler(errno) => *errno,
            PortPassesThrough(_) | CannotJoin(_) | NoFile(_) => libc::ENOTSUP,
            Unsupported { .. } => libc::EFAULT,
            WaitsWithLock(_) | WaitsForItself => libc::EDEADLK,
            NotMappable(_) => libc::ENXIO,
            NoRights(_) => libc::EACCES,
            NothingToDelete(_) => libc::ENOENT,
            Absent { .. } | NoMore { .. } | Unbacked(_) | NotMemory(_) => libc::ENXIO,
            TooDeep(_) => libc::EAGAIN,
            Deadlock(_) => libc::EDEADLK,
            NoMemory => libc::ENOMEM,
            TooNew(_) => libc::E2BIG,
            Vetoed(errno) => *errno,
            InListener => libc::EDEADLK,
            NoListener(_) => libc::EINVAL,
            AlreadyStarted => libc::EALREADY,
            NoPlace { .. } | NoWindow(..) => libc::ENOSPC,
        }
    }
}

impl Error {
    /// The region that an element met.
    pub(crate) fn conflict(&self) -> Option<Region> {
        match self {
            Self::MeetsPrecious(region)
            | Self::PreciousMeets(region)
            | Self::SplitsPage(_, region)
            | Self::SeveralRegions(region)
            | Self::RegionAndHole(region)
            | Self::Occupied(region) => Some(*region),
            _ => None,
        }
    }
}

impl From<OutOfSpace> for Error {
    fn from(error: OutOfSpace) -> Self {
        match error {
            OutOfSpace::Empty => Self::Empty,
            OutOfSpace::PastEnd { kind, location, length } => {
                Self::PastEnd { kind, location, length }
            }
        }
    }
}

impl From<crate::sys::mapping::OutOfMemory> for Error {
    fn from(_: crate::sys::mapping::OutOfMemory) -> Self {
        Error::NoMemory
    }
}

/// An element of a set call as C gave it, for the message about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its index in the array.
    pub(crate) index: u32,
    /// How many elements the array has.
    pub(crate) count: u32,
    /// `guest.type`
    pub(crate) kind: u16,
    /// `guest.location`
    pub(crate) location: u64,
    /// `guest.length`
    pub(crate) length: u32,
    /// `flags`
    pub(crate) flags: u32,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rgn[{}] of {}, ", self.index, self.count)?;
        match SpaceKind::from_type(self.kind.into()) {
            Some(kind) => write!(f, "{kind} ")?,
            None => write!(f, "type {:#x} ", self.kind)?,
        }
        match Range::from_length(Location::new(self.location), self.length.into()) {
            Some(range) => write!(f, "{range}")?,
            None => write!(f, "{:#x}, length {:#x}", self.location, self.length)?,
        }
        write!(f, ", flags {}", Names(self.flags))
    }
}

/// A failed call: why, and for a set call which element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The element that was refused; `None` where no array could be looked at.
    pub(crate) element: Option<Element>,
    /// Why.
    pub(crate) error: Error,
}

impl Refusal {
    /// The index that a set call returns.
    pub(crate) fn index(&self) -> u32 {
        self.element.map_or(0, |element| element.index)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { element: None, error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(element) = &self.element {
            write!(f, "{element}: ")?;
        }
        write!(f, "{}", self.error)
    }
}
