//! A guest: two spaces, and everything that can be asked of them. The safe API under the C
//! functions.
//!
//! | file | what it has |
//! |---|---|
//! | `state` | the guest itself: its parts, locks and simple queries |
//! | `set`, `transaction`, `change` | a set call, the changes of one call, one element |
//! | `touched`, `overlap` | the ranges that a call changes, the regions that a range meets |
//! | `listen`, `difference`, `listeners` | listeners that come and go, what a call changes, calling them |
//! | `memory`, `backing`, `mapping` | memory of the guest, the host's view of it, mappings of it |
//! | `find`, `gram`, `walk` | searches and walks |
//! | `fatal`, `policy`, `request` | the end of the process, accesses to nothing, set requests |

#![forbid(unsafe_code)]

mod backing;
mod change;
mod difference;
pub(crate) mod fatal;
mod find;
mod gram;
mod listen;
mod listeners;
mod mapping;
mod memory;
mod overlap;
mod policy;
mod request;
mod set;
mod state;
mod touched;
mod transaction;
mod walk;

pub(crate) use policy::Policy;
pub(crate) use request::{Elements, Outcome, SetOptions};
pub(crate) use state::{Guest, Locks, Options};
pub(crate) use walk::{FilteredWalk, Walk};
