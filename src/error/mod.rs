//! Errors: the reason of a failed call, its message (thiserror) and its errno.

#![forbid(unsafe_code)]

mod errno;
pub(crate) mod last;
pub(crate) mod refusal;
pub(crate) mod report;
pub(crate) mod text;

use crate::sys::failure::SystemError;
use crate::value::flags::Names;
use crate::value::holder::Stuck;
use crate::value::kind::{OutOfSpace, SpaceKind};
use crate::value::range::{Location, Range};
use crate::value::region::{Region, Vdev};
use core::ffi::c_int;

/// The reason of a failed call.
///
/// `Copy`: each thread keeps its last one, and makes the message only on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// A `gsp` is NULL, or its guest is destroyed.
    #[error("gsp is not a guest system (NULL, or destroyed)")]
    NotAGuest,
    /// A required pointer is NULL.
    #[error("{0} is NULL")]
    Null(&'static str),
    /// The type names no space.
    #[error("type {0:#x} is not a space: QST_MEMORY, QST_PCI_IO or QST_X86_IO")]
    BadType(u32),
    /// Strict mode: the type is not one of the two that QNX's page on locks names.
    #[error("strict mode: locks are named by QST_MEMORY or QST_X86_IO, not by type {0:#x}")]
    StrictLockType(u32),
    /// A range has no locations.
    #[error("the length is 0")]
    Empty,
    /// A range ends before it starts.
    #[error("the last location {1:#x} is below the first one, {0:#x}")]
    Backwards(u64, u64),
    /// A range runs past the end of its space.
    #[error("{length:#x} locations from {location:#x} run past the end of the {kind} space")]
    PastEnd {
        /// The space.
        kind: SpaceKind,
        /// The first location.
        location: u64,
        /// The number of locations.
        length: u64,
    },
    /// The flags have undefined bits.
    #[error("the flags have undefined bits ({:#x})", .0)]
    UndefinedFlags(u32),
    /// The flags have only bits that are ignored.
    #[error("the flags have nothing but bits that are ignored on input; to delete, use GRF_NONE")]
    NothingButIgnored,
    /// The flags both trap and pass one kind of access.
    #[error("the flags both trap (VIRT) and pass (PASS) the same kind of access")]
    Contradiction,
    /// A range that becomes backed does not consist of whole pages.
    #[error("PASS and MEMORY flags need a location and a length that are multiples of 4096")]
    UnalignedMemory,
    /// A required `host_location` is 0 or not at a page boundary.
    #[error("host_location {0:#x} is needed here, and has to be a multiple of 4096 other than 0")]
    BadHost(u64),
    /// A host range runs past the end of the host's space.
    #[error("host_location {0:#x} and the length run past the end of the host's {1} space")]
    HostPastEnd(u64, SpaceKind),
    /// Strict mode: the guest has started, and the caller does not hold the lock.
    #[error("strict mode: the guest has started and the lock of the {0} space is not held")]
    LockNeeded(SpaceKind),
    /// A range overlaps a PRECIOUS region.
    #[error("overlaps the PRECIOUS region {}", .0.range)]
    MeetsPrecious(Region),
    /// A range that becomes PRECIOUS overlaps a region.
    #[error("PRECIOUS, but overlaps the region {} (flags {})", .0.range, Names(.0.flags.reported()))]
    PreciousMeets(Region),
    /// A thread that acts for a vdev changes what is PRECIOUS to another one.
    #[error("the PRECIOUS region {} is of the vdev {:#x}, and this thread acts for the vdev {:#x}", .0.range, .0.vdev.0, .1.0)]
    NotMine(Region, Vdev),
    /// A thread that acts for nobody puts another vdev into a PRECIOUS region.
    #[error("the PRECIOUS region {} is of the vdev {:#x}, and the vdev {:#x} would take it without a deletion", .0.range, .0.vdev.0, .1.0)]
    TakesOver(Region, Vdev),
    /// An edge lies inside a backed page.
    #[error("an edge lies inside the page at {:#x} of the region {}", .0.get(), .1.range)]
    SplitsPage(Location, Region),
    /// Strict mode: a location to be deleted is absent.
    #[error("strict mode: nothing to delete at {:#x}", .0.get())]
    NothingToDelete(Location),
    /// Strict mode: an element covers more than one region.
    #[error("strict mode: covers more than the one region {}", .0.range)]
    SeveralRegions(Region),
    /// Strict mode: an element covers a region and a hole.
    #[error("strict mode: covers the region {} and a hole", .0.range)]
    RegionAndHole(Region),
    /// A location is absent.
    #[error("nothing is at {:#x} in the {kind} space", .location.get())]
    Absent {
        /// The space.
        kind: SpaceKind,
        /// The location.
        location: Location,
    },
    /// A space has no region at a location or after it.
    #[error("no region at {:#x} in the {kind} space, or after it", .location.get())]
    NoMore {
        /// The space.
        kind: SpaceKind,
        /// The location.
        location: Location,
    },
    /// A location is not backed.
    #[error("no memory is behind {:#x}", .0.get())]
    Unbacked(Location),
    /// The calling thread does not hold the lock.
    #[error("this thread does not hold the lock of the {0} space")]
    NotOwner(SpaceKind),
    /// The calling thread holds the lock the maximum number of times.
    #[error("the lock of the {0} space has been taken 65,535 times by this thread")]
    TooDeep(SpaceKind),
    /// Waiting for the lock would close a cycle.
    #[error(
        "waiting for the lock of the {0} space would never end: its holder waits for this thread"
    )]
    Deadlock(SpaceKind),
    /// There is no memory.
    #[error("out of memory; nothing was changed")]
    NoMemory,
    /// A system call failed.
    #[error("{0}")]
    System(SystemError),
    /// Pages of the host do not have the size of guest pages.
    #[error("pages of this system have {0} bytes; libgasp needs pages of 4096 bytes")]
    PageSize(u64),
    /// The `size` of a structure is too small.
    #[error("{0}->size {1} is too small")]
    TooSmall(&'static str, usize),
    /// A structure is larger than this library knows, and not zero there.
    #[error("{0} has something set that this version of the library does not know")]
    TooNew(&'static str),
    /// A listener refused a change with this number.
    #[error("a listener refused the change: {}", std::io::Error::from_raw_os_error(*.0))]
    Vetoed(c_int),
    /// The call is not allowed inside a listener callback.
    #[error("not allowed inside a listener callback")]
    InListener,
    /// No listener has this id.
    #[error("no listener has the id {0}")]
    NoListener(u64),
    /// An argument has unknown bits, or an unknown number.
    #[error("unknown {what} {bits:#x}")]
    Unknown {
        /// The argument, for the message.
        what: &'static str,
        /// The unknown bits, or the number.
        bits: u32,
    },
    /// The guest has started already.
    #[error("the guest has started already")]
    AlreadyStarted,
    /// Strict mode: the call is only allowed before the guest starts.
    #[error("strict mode: only allowed before the guest starts")]
    StartupOnly,
    /// An alignment is not a power of two.
    #[error("the alignment {0:#x} is not a power of two")]
    BadAlignment(u64),
    /// A search range ends before it starts.
    #[error("the search range starts ({0:#x}) after its end ({1:#x})")]
    Inverted(u64, u64),
    /// A search found nothing.
    #[error("no free place of {size:#x}, a multiple of {align:#x}, in {window}")]
    NoPlace {
        /// The size of the place.
        size: u64,
        /// The alignment of the place.
        align: u64,
        /// The range that was searched.
        window: Range,
    },
    /// A search range starts past the end of its space.
    #[error("the search range starts at {0:#x}, past the end of the {1} space")]
    NoWindow(u64, SpaceKind),
    /// A caller's list is too short.
    #[error("the list has room for {room}, and {needed} are needed")]
    NoRoom {
        /// The number of entries.
        needed: usize,
        /// The number that has room.
        room: usize,
    },
    /// A range overlaps a reservation.
    #[error("overlaps the reservation {0}")]
    Reserved(Range),
    /// A location is not reserved.
    #[error("{:#x} is not reserved", .0.get())]
    NotReserved(Location),
    /// A space has no region at a location or before it.
    #[error("no region at {:#x} in the {kind} space, or before it", .location.get())]
    NoEarlier {
        /// The space.
        kind: SpaceKind,
        /// The location.
        location: Location,
    },
    /// A space has no hole at a location or after it.
    #[error("no hole at {:#x} in the {kind} space, or after it", .location.get())]
    NoGap {
        /// The space.
        kind: SpaceKind,
        /// The location.
        location: Location,
    },
    /// A location is not `GRF_MEMORY`.
    #[error("{:#x} is not memory (GRF_MEMORY)", .0.get())]
    NotMemory(Location),
    /// A range overlaps a region.
    #[error("overlaps the region {} (flags {})", .0.range, Names(.0.flags.reported()))]
    Occupied(Region),
    /// A `cpu` is NULL, or it or its guest is destroyed.
    #[error("cpu is not a vCPU (NULL, or it or its guest was destroyed)")]
    NotACpu,
    /// An access reaches a device in whose trap handler the vCPU is, or traps in too many handlers.
    #[error("the access reaches the device that makes it, or goes through too many trap handlers")]
    ReachesItself,
    /// A trap handler returned this number.
    #[error("the trap handler returned {0}")]
    FromHandler(c_int),
    /// An access is to a port that passes through, which the library cannot make.
    #[error("port {:#x} passes through to the host, which only a hypervisor can do", .0.get())]
    PortPassesThrough(Location),
    /// An access is unsupported.
    #[error("nothing takes the access to {kind} {range}")]
    Unsupported {
        /// The space.
        kind: SpaceKind,
        /// The locations of the access.
        range: Range,
    },
    /// An access found nothing that takes it, and did not wait, or no longer, for the holder of the
    /// lock.
    #[error("nothing takes the access to {kind} {range}: the lock of the {kind} space {stuck}")]
    Held {
        /// The space.
        kind: SpaceKind,
        /// The locations of the access.
        range: Range,
        /// The holder, and why the wait has ended.
        stuck: Stuck,
        /// The policy ignores the access, so this is only told.
        ignored: bool,
    },
    /// A wait for the holder of a lock has ended.
    #[error("the lock of the {0} space {1}")]
    NotSettled(SpaceKind, Stuck),
    /// No thread holds a lock.
    #[error("no thread holds the lock of the {0} space")]
    NotHeld(SpaceKind),
    /// The caller would wait for accesses that may wait for its lock.
    #[error("waiting for accesses to end with the lock of the {0} space held might never end")]
    WaitsWithLock(SpaceKind),
    /// The caller would wait for its own access.
    #[error("waiting inside of a trap handler for its own access would never end")]
    WaitsForItself,
    /// A location is absent, trapped or not backed, so it cannot be mapped.
    #[error("{:#x} has no memory that can be mapped (absent, trapped or not backed)", .0.get())]
    NotMappable(Location),
    /// A region lacks a right of `prot`.
    #[error("the region {} (flags {}) does not pass what prot asks for", .0.range, Names(.0.flags.reported()))]
    NoRights(Region),
    /// A location that needs a separate view is not backed by a memory file.
    #[error("the memory is not contiguous in the host, and {:#x} was not given by gasp_guest_add_memory()", .0.get())]
    CannotJoin(Location),
    /// A part of a file passes its end.
    #[error("{length:#x} bytes from offset {offset:#x} run past the end of the file")]
    PastFile {
        /// The first byte.
        offset: u64,
        /// The number of bytes.
        length: u64,
    },
    /// No mapping has this address and length.
    #[error("nothing of this length is mapped at this address")]
    NotMapped,
    /// No mapping has a number above this one.
    #[error("no mapping has a number above {0}")]
    NoMoreMappings(u64),
    /// A location is not backed by a memory file.
    #[error("the memory behind {:#x} was not given by gasp_guest_add_memory()", .0.get())]
    NoFile(Location),
    /// The host memory behind a range is not there: guarded copies only.
    #[error("the host memory behind {0} is not there")]
    Vanished(Range),
    /// Guarded copies are not available.
    #[error("guarded copies (GASP_GUEST_GUARDED) are not available on this architecture")]
    NoGuards,
    /// The memory to be added does not consist of whole pages.
    #[error("location, length, chunk and offset of guest memory are multiples of 4096")]
    UnalignedChunks,
}

impl Error {
    /// Whether the call succeeds all the same, and the host is only told.
    pub(crate) fn is_only_told(&self) -> bool {
        matches!(self, Self::Held { ignored: true, .. })
    }

    /// The first location for which a copy failed.
    pub(crate) fn failed_at(&self) -> Option<Location> {
        match self {
            Self::Unbacked(location) => Some(*location),
            Self::Vanished(range) => Some(range.first()),
            _ => None,
        }
    }

    /// The region that an element conflicts with.
    pub(crate) fn conflict(&self) -> Option<Region> {
        match self {
            Self::MeetsPrecious(region)
            | Self::PreciousMeets(region)
            | Self::NotMine(region, _)
            | Self::TakesOver(region, _)
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
            OutOfSpace::Inverted { first, last } => Self::Backwards(first, last),
            OutOfSpace::PastEnd { kind, location, length } => {
                Self::PastEnd { kind, location, length }
            }
        }
    }
}

impl From<SystemError> for Error {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

impl From<crate::sys::failure::OutOfMemory> for Error {
    fn from(_: crate::sys::failure::OutOfMemory) -> Self {
        Error::NoMemory
    }
}
