//! vCPUs: the accesses that they make, and waiting until accesses have ended.
//!
//! | file | what it has |
//! |---|---|
//! | `system` | a guest with its vCPUs, and one vCPU |
//! | `access` | an access: to memory, to a trap handler, or to nothing |
//! | `running` | accesses in progress, and waits for their end |
//! | `grace` | the protocol between accesses and waits |
//! | `counts`, `kind` | access counts, kinds of access |

#![forbid(unsafe_code)]

mod access;
mod counts;
mod grace;
mod kind;
#[cfg(all(test, loom))]
mod loom;
mod running;
mod system;

pub(crate) use access::Access;
pub(crate) use kind::AccessKind;
pub(crate) use system::{CpuSlot, GuestSlot, System, Vcpu};
