//! Runs the guest on KVM.
//!
//! ```text
//! let mut machine = Machine::new(&guest, &Start::Real { segment: 0, offset: 0x1000 }, 1)?;
//! let platform: Arc<dyn Platform> = machine.platform();       // for vdevs and timers
//! let exit_code = machine.run(interruptible, |number, cpu| vdevs.set_cpu(number, cpu))?;
//! ```
//!
//! [`Machine::new`] creates the VM, its vCPUs, and memslots for the present map; from then on the
//! slots follow every change. Add memory and load it before. [`Machine::run`] starts a thread for
//! each vCPU and returns when the guest has ended. It calls its closure on each vCPU's thread
//! before the first access; the result is kept until that thread ends.
//!
//! | module | purpose |
//! |---|---|
//! | `runs` | turns regions into runs of pages that can be slots (pure) |
//! | `plan` | finds the fewest ioctls from present slots to wanted ones, and back (pure) |
//! | `memslots` | the ioctl that creates, moves and deletes slots |
//! | `listener` | keeps the slots equal to the map |
//! | `gate` | keeps vCPUs out of the guest while slots are replaced |
//! | `kick` | the signal that takes a thread out of `KVM_RUN` |
//! | `exit` | the results of `KVM_RUN` as a Rust type |
//! | `reason`, `dump` | why a vCPU cannot continue, in words |
//! | `vcpu` | the loop of a vCPU |
//! | `lines` | interrupts that wait for the guest |
//! | `open` | opens `/dev/kvm`, or says what to do |
//! | `cpuid` | what CPUID tells the guest (pure) |
//! | `hidden` | the pages that KVM itself needs |
//! | `entry` | checks that vCPUs find something to execute |
//! | `registers` | the registers of this thread's vCPU, for vdevs |
//! | `start` | registers that a vCPU starts with |
//! | `shared` | the state that the threads of a machine share |
//! | `machine` | puts it all together |
//!
//! # While the map changes
//!
//! KVM cannot resize a slot: the slot is deleted and others are created. In between, accesses of
//! the guest to that RAM exit, and instructions in it cannot be read. So vCPUs are held outside of
//! the guest while a location that has a slot before and after a change has none, and only then.
//! vCPUs that run meanwhile may see other added or removed slots a moment early: such an access
//! exits, and libgasp handles it according to the map. A change that fails half-way is undone. If
//! that fails, too, the guest ends with a message and exit code 96.
//!
//! # What KVM cannot express
//!
//! A memslot gives either all rights or all but writing. So:
//!
//! - Execute rights are not enforced: memory that the guest can read, it can execute. Code runs
//!   only where there is a slot.
//! - Locations whose reads trap and whose writes pass have no slot: both exit, and libgasp writes
//!   to the memory.
//! - `NOCACHE` changes nothing.
//! - Accesses that exit are made one by one, so a locked instruction is not atomic there.
//! - An access that fails raises exception 13 in the guest, but only after the instruction.
//! - All accesses to ports exit. Pass-through ports do not reach the host's ports: libgasp handles
//!   the access according to the region.

mod cpuid;
mod dump;
mod entry;
mod error;
mod exit;
mod gate;
mod hidden;
mod kick;
mod lines;
mod listener;
mod machine;
mod memslots;
mod open;
mod plan;
mod reason;
pub(crate) mod registers;
mod runs;
mod shared;
mod start;
#[cfg(test)]
mod tests;
mod vcpu;

pub(crate) use error::KvmError;
pub(crate) use machine::Machine;
