//! The errno of each error.

#![forbid(unsafe_code)]

use super::Error;
use crate::value::holder::GaveUp;
use core::ffi::c_int;

impl Error {
    /// The error number for C callers.
    pub(crate) fn errno(&self) -> c_int {
        use Error::*;
        match self {
            NotAGuest | Null(_) | BadType(_) | StrictLockType(_) => libc::EINVAL,
            Empty | Backwards(..) | PastEnd { .. } => libc::EINVAL,
            UndefinedFlags(_) | NothingButIgnored | Contradiction => libc::EINVAL,
            UnalignedMemory | BadHost(_) | HostPastEnd(..) | SplitsPage(..) => libc::EINVAL,
            SeveralRegions(_) | RegionAndHole(_) => libc::EINVAL,
            TooSmall(..) | Unknown { .. } | BadAlignment(_) | Inverted(..) => libc::EINVAL,
            UnalignedChunks => libc::EINVAL,
            LockNeeded(_) | NotOwner(_) | StartupOnly => libc::EPERM,
            MeetsPrecious(_) | PreciousMeets(_) | Reserved(_) | Occupied(_) => libc::EEXIST,
            NotMine(..) | TakesOver(..) => libc::EEXIST,
            NotACpu | NotMapped | PastFile { .. } => libc::EINVAL,
            ReachesItself => libc::ELOOP,
            FromHandler(errno) => *errno,
            PortPassesThrough(_) | CannotJoin(_) | NoFile(_) => libc::ENOTSUP,
            Unsupported { .. } | Held { ignored: false, .. } => libc::EFAULT,
            Held { ignored: true, .. } => 0,
            NotSettled(_, stuck) => not_settled(stuck.why),
            WaitsWithLock(_) | WaitsForItself => libc::EDEADLK,
            NotMappable(_) => libc::ENXIO,
            NoRights(_) => libc::EACCES,
            NothingToDelete(_) | NoMoreMappings(_) | NotHeld(_) | NotReserved(_) => libc::ENOENT,
            NoEarlier { .. } | NoGap { .. } => libc::ENXIO,
            Absent { .. } | NoMore { .. } | Unbacked(_) | NotMemory(_) => libc::ENXIO,
            TooDeep(_) => libc::EAGAIN,
            Deadlock(_) => libc::EDEADLK,
            NoMemory => libc::ENOMEM,
            System(error) => error.errno(),
            PageSize(_) | NoGuards => libc::ENOTSUP,
            Vanished(_) => libc::EIO,
            TooNew(_) => libc::E2BIG,
            Vetoed(errno) => *errno,
            InListener => libc::EDEADLK,
            NoListener(_) => libc::EINVAL,
            AlreadyStarted => libc::EALREADY,
            NoPlace { .. } | NoWindow(..) | NoRoom { .. } => libc::ENOSPC,
        }
    }
}

fn not_settled(why: GaveUp) -> c_int {
    match why {
        GaveUp::Limit(_) => libc::ETIMEDOUT,
        GaveUp::Cycle | GaveUp::InListener => libc::EDEADLK,
        GaveUp::NoMemory => libc::ENOMEM,
    }
}
