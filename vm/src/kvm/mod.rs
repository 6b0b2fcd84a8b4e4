//! Runs the guest on KVM.
//!
//! ```text
//! let mut machine = Machine::new(&guest, &Start::Real { segment: 0, offset: 0x1000 }, 1)?;
//! let platform: Arc<dyn Platform> = machine.platform();       // for vdevs and timers
//! let exit_code = machine.run(interruptible, |number, cpu| vdevs.enter_cpu(number, cpu))?;
//! ```
//!
//! [`Machine::new`] makes the VM and its vCPUs, and turns the map as it is into memslots; from
//! then on the slots follow every change. Add memory and load it before. [`Machine::run`] starts
//! a thread for each vCPU and returns when the guest has ended. Its closure is called on each
//! vCPU's thread before the first access; what it returns is kept until that thread ends.
//!
//! | module | what it does |
//! |---|---|
//! | `runs` | from regions to runs of pages that can be slots (pure) |
//! | `plan` | from present slots and wanted ones to the fewest ioctls, and back (pure) |
//! | `memslots` | the ioctl that makes, moves and deletes slots |
//! | `listener` | has the slots follow the map |
//! | `gate` | keeps vCPUs out of the guest while slots are made anew |
//! | `kick` | the signal that takes a thread out of `KVM_RUN` |
//! | `exit` | what `KVM_RUN` returns, as Rust |
//! | `vcpu` | the loop of a vCPU |
//! | `lines` | interrupts that wait for the guest |
//! | `start` | registers that a vCPU starts with |
//! | `shared` | the state that the threads of a machine share |
//! | `machine` | puts it all together |
//!
//! # While the map changes
//!
//! KVM cannot change a slot: it deletes it and makes others, and in between the guest's accesses
//! to RAM exit, and its instructions cannot be read. So vCPUs are taken out of the guest and kept
//! out while a location that has a slot before and after a change has none, and only then. What
//! comes or goes while vCPUs run may be seen a moment early: such an access exits, and libgasp
//! does what the map says. A change that fails half-way is undone. If that fails, too, the guest
//! ends with a message and exit code 96.
//!
//! # What KVM cannot express
//!
//! A memslot gives all rights, or all but writing. So:
//!
//! - Execute rights are not enforced: what the guest can read, it can execute. Code runs only
//!   where there is a slot.
//! - Locations whose reads trap and whose writes pass have no slot: both exit, and libgasp passes
//!   the writes on.
//! - `NOCACHE` changes nothing.
//! - Accesses that exit are made one by one, so a locked instruction is not atomic there.
//! - An access that fails is exception 13 of the guest, but after the instruction.
//! - All ports exit. Pass-through ports get no access to the host's ports: libgasp does what
//!   their region says.

mod error;
mod exit;
mod gate;
mod kick;
mod lines;
mod listener;
mod machine;
mod memslots;
mod plan;
mod runs;
mod shared;
mod start;
#[cfg(test)]
mod tests;
mod vcpu;

pub(crate) use error::KvmError;
pub(crate) use machine::Machine;
pub(crate) use start::Start;
