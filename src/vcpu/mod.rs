//! vCPUs: their accesses, and grace periods.
//!
//! | file | contents |
//! |---|---|
//! | `system` | a guest with its vCPUs, and one vCPU |
//! | `access` | an access: passed, trapped or unsupported |
//! | `pieces`, `misses` | accesses over several regions, and to none |
//! | `handlers` | the trap handlers that threads and vCPUs are in |
//! | `running`, `waits`, `quiet` | accesses under way, the calls that wait for their end, what follows it |
//! | `grace` | the protocol between accesses and grace periods |
//! | `counts`, `kind` | access counts, kinds of access |

#![forbid(unsafe_code)]

mod access;
mod counts;
mod grace;
mod handlers;
mod kind;
#[cfg(all(test, loom))]
mod loom;
mod misses;
mod pieces;
mod quiet;
mod running;
mod system;
mod waits;

pub(crate) use access::Access;
pub(crate) use handlers::thread_ends;
pub(crate) use kind::AccessKind;
pub(crate) use system::{CpuSlot, GuestSlot, System, Vcpu};
