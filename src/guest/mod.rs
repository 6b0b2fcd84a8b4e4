//! A guest: two spaces and their operations. This is the safe API below the C functions.
//!
//! | file | contents |
//! |---|---|
//! | `state` | the guest itself: its parts, locks and simple queries |
//! | `gap` | regions backwards, and holes |
//! | `set`, `transaction`, `change` | a set call, the changes of one call, one element |
//! | `release` | all that a vdev has |
//! | `touched`, `overlap`, `owner` | the ranges that a call changes, the regions that a range overlaps, whose they are |
//! | `listen`, `listeners` | adding and removing listeners, notifying them |
//! | `difference` | the difference that a call makes |
//! | `memory`, `memories` | the memory of one call, the list of all |
//! | `backing`, `removal`, `copying` | adding and removing memory, the host's uses of it |
//! | `runs` | all runs of memory with their files |
//! | `mapping`, `mapped` | mapping the memory, the list of its mappings |
//! | `hold`, `patience` | accesses that wait until no other thread holds the lock |
//! | `find`, `claim`, `gram`, `walk` | searches and walks, places taken as they are found |
//! | `fatal`, `policy`, `request` | the end of the process, unsupported accesses, set requests |

#![forbid(unsafe_code)]

mod backing;
mod change;
mod claim;
mod copying;
mod difference;
pub(crate) mod fatal;
mod find;
mod gap;
mod gram;
mod hold;
mod listen;
pub(crate) mod listeners;
mod mapped;
mod mapping;
mod memories;
mod memory;
mod overlap;
mod owner;
mod patience;
mod policy;
mod release;
mod removal;
mod request;
mod runs;
mod set;
mod state;
mod touched;
mod transaction;
mod walk;

pub(crate) use claim::Claim;
pub(crate) use find::End;
pub(crate) use patience::Patience;
pub(crate) use policy::Policy;
pub(crate) use release::Released;
pub(crate) use request::{Elements, Outcome, SetOptions};
pub(crate) use state::{Guest, Locks, Options};
pub(crate) use walk::{FilteredWalk, Walk};
