//! Which CPU a thread runs on.

use crate::error::Error;
use core::mem::{size_of, zeroed};

/// The CPUs that this process may use.
pub fn allowed() -> Result<Vec<usize>, Error> {
    // SAFETY: a set of CPUs is a bit array; all zeroes is the empty one.
    let mut set: libc::cpu_set_t = unsafe { zeroed() };
    // SAFETY: the pointer and the size belong to `set`.
    let code = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    if code != 0 {
        return Err(Error::last_os("sched_getaffinity"));
    }
    // SAFETY: the macro only looks at the bit of a CPU below the size of the set.
    let has = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &set) };
    Ok((0..libc::CPU_SETSIZE as usize).filter(has).collect())
}

/// Keep the calling thread on one CPU.
pub fn pin(cpu: usize) -> Result<(), Error> {
    // SAFETY: as in `allowed`.
    let mut set: libc::cpu_set_t = unsafe { zeroed() };
    // SAFETY: `cpu` came from `allowed`, so it is below the size of the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the pointer and the size belong to `set`.
    let code = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if code == 0 { Ok(()) } else { Err(Error::last_os("sched_setaffinity")) }
}
