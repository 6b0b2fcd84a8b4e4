//! The interface of vdevs to the machine that runs the guest.
//!
//! Vdevs raise interrupts and end the guest without knowing whether KVM or a script runs it.

#![forbid(unsafe_code)]

use std::sync::OnceLock;

/// The power state of a vCPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    Runs,
    /// It is halted until an interrupt comes.
    Waits,
    /// It is halted for good.
    Off,
}

/// The registers of a vCPU, in the order of Linux's `struct user_regs_struct` for x86-64.
pub(crate) type Registers = [u64; 27];

/// Is told when a vCPU, by its number, changes its state, on the thread of that.
pub(crate) type WatchPower = Box<dyn Fn(u32, Power) + Send + Sync>;

/// The machine that runs the guest, as vdevs see it.
pub(crate) trait Platform: Send + Sync {
    /// Asserts or deasserts the interrupt line of a vector. For an edge: assert, then deassert.
    fn interrupt(&self, vector: u8, asserted: bool);
    /// Ends the guest, with the exit code of the process. Only the first call has an effect. All
    /// vCPUs leave the guest. May be called from any thread, including a vCPU's.
    fn terminate(&self, exit_code: u8);
    /// Tells of the power state of vCPUs from now on. A script has no vCPU that could halt.
    fn watch_power(&self, _: WatchPower) {}
    /// The registers of all vCPUs at one moment, in the order of their numbers, or an error number.
    /// A script has no vCPUs.
    fn registers(&self) -> Result<Vec<Registers>, i32> {
        Ok(Vec::new())
    }
}

/// Whether the guest has ended, and with which exit code.
#[derive(Debug, Default)]
pub(crate) struct Ending(OnceLock<u8>);

impl Ending {
    /// Ends the guest unless it has ended already; true if this call did it.
    pub(crate) fn end(&self, exit_code: u8) -> bool {
        self.0.set(exit_code).is_ok()
    }

    /// The exit code, once the guest has ended.
    pub(crate) fn code(&self) -> Option<u8> {
        self.0.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_counts() {
        let ending = Ending::default();
        assert_eq!(ending.code(), None);
        assert!(ending.end(4));
        assert!(!ending.end(0));
        assert_eq!(ending.code(), Some(4));
    }
}
