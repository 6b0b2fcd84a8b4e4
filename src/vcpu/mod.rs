//! vCPUs: their accesses, and grace periods.
//!
//! | file | contents |
//! |---|---|
//! | `system` | a guest with its vCPUs, and one vCPU |
//! | `access` | an access: passed, trapped or unsupported |
//! | `running` | accesses under way, and the calls that wait for their end |
//! | `grace` | the protocol between accesses and grace periods |
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
